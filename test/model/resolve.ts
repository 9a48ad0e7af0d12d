/** From random numbers to names: what an operation means for the task that does it, at that moment. */
import type { ModelKernel } from './kernel.ts';
import type { DraftPart, ModelDraft } from './messages.ts';
import type { DraftRef, PartRef, Ref, RightRef } from './operations.ts';
import { DEAD, type ModelEntry, type ModelPort, type ModelSpace, NULL } from './records.ts';
import { type Given, offered } from './rights.ts';

/** A name that nobody has. */
const UNKNOWN = 0x7f01;

const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)];

const isOf = (entry: ModelEntry, want: Ref['want']): boolean => {
  switch (want) {
    case 'send':
      return entry.send > 0;
    case 'receive':
      return entry.receive;
    case 'once':
      return entry.once;
    case 'set':
      return entry.set !== null;
    case 'dead':
      return entry.dead > 0;
    default:
      return true;
  }
};

/** The name that is meant. Task ports are meant once in sixteen times. */
export const nameOf = (space: ModelSpace, { want, n }: Ref): number => {
  if (want === 'null') return NULL;
  if (want === 'dead value') return DEAD;
  if (want === 'unknown') return UNKNOWN;
  const ordinary = n === 15 ? space.entries : space.entries.filter(({ port }) => port?.kernelOf == null);
  const fitting = ordinary.filter((entry) => isOf(entry, want));
  return (pick(fitting, n) ?? pick(ordinary, n))?.name ?? UNKNOWN;
};

/** A name that a program chooses, or one that it has. The last four look as if the kernel had chosen them. */
export const chosen = (space: ModelSpace, name: Ref | number): number => {
  if (typeof name !== 'number') return nameOf(space, name);
  return name < 4 ? 0x1001 + 16 * name : 11 + 8 * name;
};

/** A right that is given. `except`: a disposition that would be refused where it is used. */
export const rightOf = (k: ModelKernel, space: ModelSpace, right: RightRef, except = 0): Given => {
  const name = nameOf(space, right.ref);
  const entry = k.find(space, name);
  const fitting = [20, 19, 17, 21, 18, 16].filter(
    (disposition) => disposition !== except && entry !== undefined && offered(entry, disposition) !== 'nothing',
  );
  if (!right.fits || fitting.length === 0 || fitting.includes(right.disposition)) {
    return { name, disposition: right.disposition };
  }
  return { name, disposition: pick(fitting, right.ref.n) as number };
};

/** An address in memory that the task has, or (n 15) has not. */
export const addressOf = (space: ModelSpace, page: number, skip: number): number => {
  const pages = [...space.pages.keys()].sort((a, b) => a - b);
  return ((page === 15 ? undefined : pick(pages, page)) ?? 0x7000_0000) + skip;
};

const partOf = (k: ModelKernel, space: ModelSpace, part: PartRef): DraftPart => {
  if (part.kind === 'port') return { kind: 'port', right: rightOf(k, space, part.right) };
  if (part.kind === 'ool') {
    const { size, deallocate } = part;
    return { kind: 'ool', address: addressOf(space, part.page, part.skip), size, deallocate };
  }
  const { name, disposition } = rightOf(k, space, part.right);
  return { kind: 'ool_ports', names: [name, ...part.also.map((ref) => nameOf(space, ref))], disposition };
};

/** A message with names in it. */
export const draftOf = (k: ModelKernel, space: ModelSpace, { remote, local, items }: DraftRef, id: number): ModelDraft => ({
  remote: rightOf(k, space, remote, 16),
  local: local === null ? { name: NULL, disposition: 0 } : rightOf(k, space, local, 16),
  id,
  items: items.map((part) => partOf(k, space, part)),
});

/** What a call is made through: nothing (a trap on oneself), the port of a task, or a name of a dead one. */
export type Door =
  | { readonly kind: 'self' }
  | { readonly kind: 'task'; readonly name: number; readonly space: ModelSpace }
  | { readonly kind: 'dead'; readonly name: number };

/** The door that an operation means. */
export const doorOf = (space: ModelSpace, via: number): Door => {
  const isDoor = ({ port, dead, send }: ModelEntry): boolean => dead > 0 || (send > 0 && port?.kernelOf != null);
  const entry = via === 0 ? undefined : pick(space.entries.filter(isDoor), via - 1);
  if (entry?.name == null) return { kind: 'self' };
  const target: ModelPort | null = entry.port;
  if (target?.kernelOf == null) return { kind: 'dead', name: entry.name };
  return { kind: 'task', name: entry.name, space: target.kernelOf };
};
