/** Paths to parts of a graph, in the words of whoever wrote the program. */
import { Frame } from '../frame.ts';
import { recordOf } from './records.ts';

/** Where each node was first met. Three lists, as there are many. */
export interface Places {
  /** The node that refers to it; -1 - r for root r. */
  readonly from: number[];
  /** Under which name or index; null for what has none. */
  readonly labels: (string | number | null)[];
  /** The values; null for nodes that stand for no value of the program. */
  readonly values: unknown[];
}

/** Steps of a path that are shown at each of its ends. */
const SHOWN = 12;

/** The path to a node, or to a part of it. */
export const pathOf = (
  places: Places,
  at: number,
  part: string | number | null = null,
): { readonly root: number; readonly path: string } => {
  const way: number[] = [];
  let node = at;
  for (; node >= 0; node = places.from[node] ?? -1) way.push(node);
  way.reverse();
  const steps: string[] = [];
  let grand: unknown = null;
  let parent: unknown = null;
  let isScope = false;
  for (const each of way) {
    const label = places.labels[each] ?? null;
    const value = places.values[each];
    const step = stepOf({ parent, grand, label, isScope });
    if (step !== null) steps.push(step);
    isScope = parent instanceof Frame && isScopeRecord(label);
    if (value instanceof Frame && value.$meta !== null) steps.push(frameText(value));
    grand = parent;
    parent = value;
  }
  if (part !== null) steps.push(stepOf({ parent, grand, label: part, isScope }) ?? String(part));
  const elided = steps.length > 2 * SHOWN ? [...steps.slice(0, SHOWN), '…', ...steps.slice(-SHOWN)] : steps;
  return { root: -1 - node, path: elided.length === 0 ? 'state' : elided.join(' > ') };
};

/** `$s1`: the variables of a scope that closures share. To the program they are its locals. */
const isScopeRecord = (label: string | number | null): boolean => typeof label === 'string' && /^\$s\d+$/.test(label);

const stepOf = ({
  parent,
  grand,
  label,
  isScope,
}: {
  readonly parent: unknown;
  readonly grand: unknown;
  readonly label: string | number | null;
  readonly isScope: boolean;
}): string | null => {
  if (label === null || isHidden(parent) || (Array.isArray(parent) && isHidden(grand))) return null;
  if (isScope) return `local ${String(label)}`;
  if (!(parent instanceof Frame)) return shortened(String(label));
  const slot = String(label);
  if (isScopeRecord(slot)) return null;
  if (/^\$t\d+$/.test(slot)) return 'a value between two steps';
  if (slot === '$this') return 'this';
  return `local ${parent.$meta?.names?.[slot] ?? slot}`;
};

/** Objects of the runtime: what is in them is the program's, how they hold it is not. */
const isHidden = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && recordOf(value) !== undefined;

const shortened = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);

const frameText = (frame: Frame): string => {
  const { $meta: meta, $n: state } = frame;
  if (meta === null) return 'frame';
  const [line, column] = meta.places[state] ?? [meta.line, meta.column];
  return `frame ${meta.name} (${meta.module.file}:${line}:${column})`;
};
