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

const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, at) => isSame(each, b[at]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
};

/** Makes a draft of `before` like `later`. Only what differs is touched, so that the rest need not be drafted. */
const become = (draft: Plain, before: Readonly<Plain>, later: Readonly<Plain>): void => {
  for (const key of Object.keys(before)) if (!Object.hasOwn(later, key)) delete draft[key];
  for (const [key, value] of Object.entries(later)) {
    const held = before[key];
    if (isSame(held, value)) continue;
    if (isPlain(held) && isPlain(value)) become(draft[key] as Plain, held, value);
    else draft[key] = value;
  }
};

/** The change from `before` to a state that was taken later. `after` is frozen, and shares what is equal. */
export const changeOf = (before: KernelState, later: KernelState): StateChange => {
  enablePatches();
  const [after, patches] = produceWithPatches(before, (draft) =>
    become(draft as unknown as Plain, before as unknown as Plain, later as unknown as Plain),
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
