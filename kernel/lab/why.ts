/**
 * Why a call answered its code: the checks that led to it, in order, as data. What was looked at is what the kernel
 * itself looked at (`calls.ts`); what a check is called, and its rule, stands in tables (`refusal.ts`).
 */
import { match } from 'ts-pattern';
import type { PortName } from '../../ports/name.ts';
import type { CallRecord, SeenLook, TrapCall } from './calls.ts';
import type { LookKind } from './look.ts';
import { MESSAGE_ROWS } from './message-refusals.ts';
import { OBJECT_ROWS } from './object-refusals.ts';
import { PORT_ROWS } from './port-refusals.ts';
import type { Decider, RefusalRow } from './refusal.ts';

/** One check. */
export interface Check {
  readonly check: string;
  /** What was looked at: `name 27 (remote) of A`, `port3`, an argument. */
  readonly lookedAt: string;
  readonly saw: string;
  readonly verdict: 'passed' | 'refused';
  /** The section of the specification, or the limit, that the check keeps. */
  readonly rule: string;
}

/** Why a call answered what it did. */
export interface Why {
  /** Number of the call in its kernel. */
  readonly n: number;
  readonly who: string;
  readonly call: string;
  readonly code: string;
  readonly checks: readonly Check[];
  /** What to do about it; null for a call that was done. */
  readonly next: string | null;
  /** For a call that waited: what ended that. */
  readonly ended: string | null;
  /** The kernel has a code that no row of the tables knows for this call: the last look is told as it is. */
  readonly isUnknown: boolean;
}

const PASSED: Readonly<Record<LookKind, readonly [check: string, rule: string]>> = {
  task: ['the task is alive', '2.15'],
  name: ['what the name denotes', '2.2'],
  right: ['which rights the name has', '2.3'],
  references: ['how many references it has', '2.2 rule 4'],
  request: ['a dead-name request', '2.13'],
  accepted: ['a msg-accepted request', '2.13'],
  known: ['the name that the space has for the port', '2.2 rule 1'],
  room: ['room for a name', 'ports/limits.ts NAMES_MAX'],
  ports: ['room for a port', 'ports/limits.ts PORTS_MAX'],
  port: ['where the receive right is', '2.1'],
  set: ['the set that the port is in', '2.14'],
  limit: ['the queue limit', '2.7'],
  count: ['messages queued', '2.7'],
  queue: ['the queue', '2.9'],
  senders: ['send rights to the port', '2.13'],
  makes: ['the make-send count', '2.13'],
  memory: ['what the address map says', '2.21'],
  thread: ['what the thread does', '2.19'],
  suspended: ['the suspend count', '2.19'],
  frozen: ['frozen to move', '2.23'],
};

/** The scheduler looks at these for every call: they say something only of calls that are about them. */
const ABOUT_THREADS: readonly LookKind[] = ['thread', 'suspended', 'frozen'];

const SUCCESS: readonly string[] = ['KERN_SUCCESS', 'MACH_MSG_SUCCESS', 'nothing'];

const ROWS: readonly RefusalRow[] = [...PORT_ROWS, ...MESSAGE_ROWS, ...OBJECT_ROWS];

/** Explains a call. Null while it waits. */
export const why = (record: CallRecord): Why | null => {
  if (record.code === null) return null;
  const code = String(record.code);
  const half = halfOf(record.call, code);
  const isDone = SUCCESS.includes(code);
  const looks = (isDone ? record.looks.slice(0, record.checked) : record.looks).filter(
    (look, index, all) =>
      (/^(task|thread)_/.test(half) || !ABOUT_THREADS.includes(look.kind)) && !isAgain(look, all[index - 1]),
  );
  const checks = (until: number): Check[] => looks.slice(0, until).map((look) => checkOf(look, record.call));
  const base = { n: record.n, who: record.thread, call: callText(record.call), code, ended: endedText(record) };
  if (isDone) return { ...base, checks: checks(looks.length), next: null, isUnknown: false };
  const found = decider(half, code, looks);
  if (found === null) {
    const last = checks(looks.length).at(-1);
    const refused: Check = { ...(last ?? argumentsCheck(record)), verdict: 'refused' };
    return { ...base, checks: [...checks(looks.length - 1), refused], next: 'see the specification', isUnknown: true };
  }
  const { row, at } = found;
  const [, , , check = '', rule = '', next = ''] = row;
  const look = looks[at];
  const looked = look === undefined ? argumentsCheck(record) : checkOf(look, record.call);
  const seen = look?.kind === 'limit' || look?.kind === 'port' ? { saw: queueSaw(looks, at) } : {};
  // What only an argument decided comes behind what had been looked at before the arguments.
  const before = checks(look === undefined ? Number.POSITIVE_INFINITY : at);
  return {
    ...base,
    checks: [...before, { ...looked, ...seen, check, rule, verdict: 'refused' }],
    next,
    isUnknown: false,
  };
};

/** The same look once more. */
const isAgain = (look: SeenLook, before: SeenLook | undefined): boolean =>
  before !== undefined &&
  look.kind === before.kind &&
  look.of === before.of &&
  look.key === before.key &&
  look.saw === before.saw;

/** The row of the tables that has a call's code, and the look that decided: the last of those that could have. */
const decider = (call: string, code: string, looks: readonly SeenLook[]): { row: RefusalRow; at: number } | null => {
  let best: { row: RefusalRow; at: number } | null = null;
  for (const row of ROWS) {
    const [calls, rowCode, by] = row;
    if (rowCode !== code || !calls.test(call)) continue;
    const at = lastOf(looks, by);
    if (at === null || (best !== null && best.at >= at)) continue;
    best = { row, at };
  }
  return best;
};

/** An argument decides if nothing else has: it stands before every look. */
const lastOf = (looks: readonly SeenLook[], by: Decider): number | null => {
  if (by === 'argument') return -1;
  const at = looks.findLastIndex(({ kind }) => kind === by);
  return at < 0 ? null : at;
};

/** Which half of a message call answered, or which kernel call. */
const halfOf = (call: TrapCall, code: string): string => {
  if (call.op === 'kernel') return call.request.op;
  if (call.op === 'send' || code.startsWith('MACH_SEND_')) return 'send';
  return 'receive';
};

const checkOf = (look: SeenLook, call: TrapCall): Check => {
  const [check, rule] = PASSED[look.kind];
  return { check, lookedAt: lookedAt(look, call), saw: look.saw, verdict: 'passed', rule };
};

const lookedAt = ({ kind, of, key }: SeenLook, call: TrapCall): string => {
  if (kind === 'name') {
    const argument = argumentNamed(call, key as PortName);
    return `name ${key}${argument === null ? '' : ` (${argument})`} of ${of}`;
  }
  if (kind === 'memory') return `memory of ${of} (${key})`;
  return of;
};

const argumentsCheck = ({ call }: CallRecord): Pick<Check, 'check' | 'lookedAt' | 'saw' | 'verdict' | 'rule'> => ({
  check: 'the arguments',
  lookedAt: 'the arguments',
  saw: argumentsText(call),
  verdict: 'refused',
  rule: '2.16',
});

/** Room is judged by two numbers. */
const queueSaw = (looks: readonly SeenLook[], at: number): string => {
  const last = (kind: LookKind): string | null =>
    looks.slice(0, at + 1).findLast((look) => look.kind === kind)?.saw ?? null;
  const [count, limit] = [last('count'), last('limit')];
  if (count === null || limit === null) return looks[at]?.saw ?? '';
  return Number(limit) < 0 ? `${count} queued, and no room for ordinary senders` : `${count} queued, limit ${limit}`;
};

/** Which argument of a call has that value: `remote`, `descriptors[1]`. */
const argumentNamed = (call: TrapCall, name: PortName): string | null => {
  const search = (value: unknown, path: string): string | null => {
    if (value === name) return path;
    if (typeof value !== 'object' || value === null) return null;
    for (const [key, each] of Object.entries(value)) {
      if (key === 'body' || key === 'id') continue;
      const step = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      const found = search(each, step);
      if (found !== null) return found;
    }
    return null;
  };
  const path = search(argumentsOf(call), '');
  return path === null ? null : path.replace(/^(draft|request)\./, '').replace(/\.name$/, '');
};

const argumentsOf = (call: TrapCall): object =>
  match(call)
    .returnType<object>()
    .with({ op: 'pending' }, () => ({}))
    .with({ op: 'send' }, ({ draft }) => ({ draft }))
    .with({ op: 'poll' }, ({ name }) => ({ name }))
    .with({ op: 'kernel' }, ({ port, request: { op: _, ...request } }) => ({
      request,
      ...(port === null ? {} : { port }),
    }))
    .with({ op: 'msg' }, ({ draft, sendOptions, receive, receiveOptions }) => ({
      ...(draft === null ? {} : { draft }),
      ...(sendOptions === null ? {} : { sendOptions }),
      ...(receive === null ? {} : { receive }),
      ...(receiveOptions === null ? {} : { receiveOptions }),
    }))
    .exhaustive();

const ARGUMENTS_TEXT_MAX = 200;

const plain = (value: unknown, depth = 0): string => {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value : String(value);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (depth > 3) return '…';
  if (Array.isArray(value))
    return `[${value
      .slice(0, 8)
      .map((each) => plain(each, depth + 1))
      .join(', ')}]`;
  const fields = Object.keys(value)
    .slice(0, 12)
    .map((key) => {
      const held = Object.getOwnPropertyDescriptor(value, key);
      return `${key}=${held !== undefined && 'value' in held ? plain(held.value, depth + 1) : 'an accessor'}`;
    });
  return depth === 0 ? fields.join(' ') : `{${fields.join(' ')}}`;
};

const argumentsText = (call: TrapCall): string => {
  const given = argumentsOf(call);
  const flat = 'request' in given ? { ...(given.request as object), ...given, request: undefined } : given;
  const text = plain(Object.fromEntries(Object.entries(flat).filter(([, value]) => value !== undefined)));
  return text.length > ARGUMENTS_TEXT_MAX ? `${text.slice(0, ARGUMENTS_TEXT_MAX)}…` : text;
};

/** A call in one line. */
export const callText = (call: TrapCall): string => {
  const op = call.op === 'kernel' ? call.request.op : call.op;
  const text = argumentsText(call);
  return text === '' ? op : `${op} ${text}`;
};

const endedText = ({ waited }: CallRecord): string | null => {
  if (waited === null) return null;
  return waited.endedBy === null
    ? 'it waited, until time ended that'
    : `it waited, until call ${waited.endedBy} ended that`;
};
