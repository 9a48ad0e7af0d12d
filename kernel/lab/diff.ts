/** What has changed from one state of a kernel to the next: patches, and the same in words. */
import { enablePatches, type Patch, produceWithPatches } from 'immer';
import type { KernelState } from './snapshot.ts';

/** A change from one state to the next. What did not change is shared by both. */
export interface StateChange {
  readonly before: KernelState;
  readonly after: KernelState;
  readonly patches: readonly Patch[];
}

type Plain = { [key: string]: unknown };

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSame = (a: unknown, b: unknown): boolean =>
  a === b ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, at) => isSame(each, b[at])));

/** Makes `target` like `source`, touching only what differs. */
const become = (target: Plain, source: Readonly<Plain>): void => {
  for (const key of Object.keys(target)) if (!Object.hasOwn(source, key)) delete target[key];
  for (const [key, value] of Object.entries(source)) {
    const held = target[key];
    if (isPlain(held) && isPlain(value)) become(held, value);
    else if (!isSame(held, value)) target[key] = value;
  }
};

/** The change from `before` to a state that was taken later. `after` is frozen, and shares with `before` what is equal. */
export const changeOf = (before: KernelState, later: KernelState): StateChange => {
  enablePatches();
  const [after, patches] = produceWithPatches(before, (draft) =>
    become(draft as unknown as Plain, later as unknown as Plain),
  );
  return { before, after, patches };
};

const KEYED: Readonly<Record<string, string>> = {
  names: 'name',
  threads: 'thread',
  memory: 'memory at',
  queue: 'queue,',
  blocked: 'blocked,',
};

const at = (state: unknown, path: readonly (string | number)[]): unknown => {
  let value = state;
  for (const step of path) value = (value as Plain | undefined)?.[step];
  return value;
};

const valueText = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(' and ');
  if (!isPlain(value)) return String(value);
  const parts = Object.entries(value)
    .filter(([, each]) => !isEmpty(each))
    .map(([key, each]) => (isPlain(each) ? `${key} ${Object.keys(each).join(', ')}` : `${key} ${valueText(each)}`));
  return parts.join(', ');
};

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) && value.length === 0) ||
  (isPlain(value) && Object.keys(value).length === 0);

const whereText = (path: readonly (string | number)[]): string => {
  const [kind, label, part, key, ...rest] = path;
  if (kind === 'now') return 'time';
  if (kind === 'totals') return `kernel: ${String(label)}`;
  if (part === undefined) return kind === 'tasks' ? `task ${String(label)}` : String(label);
  const inner = key === undefined ? String(part) : `${KEYED[String(part)] ?? String(part)} ${String(key)}`;
  return `${String(label)}: ${[inner, ...rest.map(String)].join(' ')}`;
};

/** One line for each change: `+` for what is new, `-` for what is gone, `→` for a value. Totals are left out. */
export const changeLines = ({ before, patches }: StateChange): string[] =>
  patches
    .filter(({ path }) => path[0] !== 'totals')
    .map(({ op, path, value }) => {
      const where = whereText(path);
      const was = at(before, path);
      if (op === 'add') return `+ ${where}: ${valueText(value)}`;
      if (op === 'remove') return `- ${where}: ${valueText(was)}`;
      return `  ${where}: ${valueText(was)} → ${valueText(value)}`;
    });
