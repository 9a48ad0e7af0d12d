/**
 * What is said between a client and a server of an interface, as data and without a kernel: every kind of task says it
 * in these words. Both ends check: arguments that do not fit are MIG_BAD_ARGUMENTS, an answer that does not is
 * MIG_TYPE_ERROR, each with the path to the place.
 */
import type { Body } from '../../ports/body.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { isMachCode, type MachCode } from '../../ports/kern-return.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import {
  AnswerWith,
  type Call,
  type Extras,
  type Given,
  type GivenAll,
  type GivenMemory,
  Refusal,
  type Routine,
  type Schema,
  type Slot,
  type Slots,
} from './routine.ts';

type Any = Routine<never, unknown, Extras>;

/** A message without its destination. */
export interface Composed {
  readonly id: number;
  readonly body: Body;
  readonly descriptors: readonly DraftItem[];
}

/** What of a received message is looked at here: both forms of a message have it. */
export interface Heard {
  readonly id: number;
  readonly body: unknown;
  readonly items: readonly HeardItem[] | null;
}

type HeardItem =
  | { readonly kind: 'port'; readonly name: PortName; readonly type: number }
  | { readonly kind: 'ool'; readonly address: number; readonly size: number }
  | { readonly kind: 'ool_ports'; readonly names: readonly PortName[]; readonly type: number };

/** The number of a reply, less that of its request. */
export const REPLY = 100;
/** Number of a send-once notification: the reply right is gone, unused. */
const SEND_ONCE_GONE = 71;
/** Characters of a reason; the rest is cut off. */
const WHY_MAX = 400;

/** The value as the schema has it, or a refusal with the path to the first thing that is wrong. */
const checked = (schema: Schema | null, value: unknown, code: MachCode, what: string): unknown => {
  if (schema === null) return value;
  const result = schema['~standard'].validate(value) as { readonly value?: unknown; readonly issues?: unknown };
  if (Array.isArray(result.issues) && result.issues.length > 0) return new Refusal(code, whyOf(result.issues[0], what));
  if ('value' in result) return result.value;
  return new Refusal(code, `${what}: its schema does not answer at once`);
};

const whyOf = (issue: unknown, what: string): string => {
  const { path, message } = (issue ?? {}) as { readonly path?: unknown; readonly message?: unknown };
  const steps = Array.isArray(path) ? path.map(stepOf).join('') : '';
  return `${what}${steps}: ${typeof message === 'string' ? message : 'refused'}`.slice(0, WHY_MAX);
};

/** A step is a key, or an object that holds one. */
const stepOf = (step: unknown): string => {
  const key = typeof step === 'object' && step !== null && 'key' in step ? step.key : step;
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
};

/** A request. `given` is by the names of `carries`, or in order; `ms` is how long its caller waits. */
export const composeRequest = (
  routine: Any,
  id: number,
  { args, given, ms }: { readonly args: unknown; readonly given: object; readonly ms: number | undefined },
): Composed | Refusal => {
  const fit = checked(routine.takes, args, 'MIG_BAD_ARGUMENTS', 'request');
  if (fit instanceof Refusal) return fit;
  const descriptors = itemsFor(routine.carries, given, 'request');
  if (descriptors instanceof Refusal) return descriptors;
  // What is sent is what was given: the server makes its own of it.
  return { id, body: (routine.deadline ? { args, ms: ms ?? null } : args) as Body, descriptors };
};

/** Things that go with a message, in the order of their declaration. */
const itemsFor = (slots: Slots | null, given: object, what: string): readonly DraftItem[] | Refusal => {
  if (slots === null) return Object.values(given).map(itemOf);
  const items: DraftItem[] = [];
  for (const [name, slot] of Object.entries(slots)) {
    const each = (given as Readonly<Record<string, unknown>>)[name];
    if (!fitsGiven(slot, each)) return new Refusal('MIG_BAD_ARGUMENTS', `${what}: ${name} is no ${slot.kind}`);
    items.push(itemOf(each));
  }
  const stranger = Object.keys(given).find((name) => !Object.hasOwn(slots, name));
  return stranger === undefined ? items : new Refusal('MIG_BAD_ARGUMENTS', `${what}: ${stranger} is not declared`);
};

type AnyGiven = Given<unknown> | GivenAll<unknown> | GivenMemory;

const itemOf = (given: AnyGiven): DraftItem => ('address' in given ? { kind: 'ool', ...given } : given);

const fitsGiven = (slot: Slot, given: unknown): given is AnyGiven => {
  if (typeof given !== 'object' || given === null) return false;
  if (slot.kind === 'memory') return 'address' in given && 'size' in given;
  return (given as { kind?: unknown }).kind === (slot.kind === 'right' ? 'port' : 'ool_ports');
};

/** A request as its handler gets it, or the refusal that answers it. */
export const readRequest = (
  routine: Any,
  message: Heard,
  now: number,
): { readonly args: unknown; readonly call: Call<never> } | Refusal => {
  const { args, ms } = routine.deadline ? envelope(message.body) : { args: message.body, ms: null };
  if (ms !== null && !(ms > 0)) return new Refusal('KERN_OPERATION_TIMED_OUT', 'the caller has no time left');
  const fit = checked(routine.takes, args, 'MIG_BAD_ARGUMENTS', 'request');
  if (fit instanceof Refusal) return fit;
  const carried = arrivedIn(routine.carries, message.items);
  if (typeof carried === 'string') return new Refusal('MIG_BAD_ARGUMENTS', `request: ${carried}`);
  return { args: fit, call: { carried, deadline: ms === null ? null : now + ms } as Call<never> };
};

const envelope = (body: unknown): { readonly args: unknown; readonly ms: number | null } => {
  const { args, ms } = (body ?? {}) as { readonly args?: unknown; readonly ms?: unknown };
  return { args, ms: typeof ms === 'number' ? ms : null };
};

/** What arrived, by name; or what is wrong with it. */
const arrivedIn = (slots: Slots | null, items: Heard['items']): object | string => {
  if (slots === null) return {};
  const names = Object.keys(slots);
  if (names.length !== (items?.length ?? 0)) return `${items?.length ?? 0} descriptors, not ${names.length}`;
  const arrived: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    const item = items?.[index] as HeardItem;
    const slot = slots[name] as Slot;
    if (!fitsArrived(slot, item)) return `${name} is no ${slot.kind} of its kind`;
    arrived[name] = valueOf(item);
  }
  return arrived;
};

const fitsArrived = (slot: Slot, item: HeardItem): boolean => {
  switch (item.kind) {
    case 'ool':
      return slot.kind === 'memory';
    case 'ool_ports':
      return slot.kind === 'rights' && slot.type === item.type;
    case 'port':
      if (slot.kind !== 'right') return false;
      return slot.type === item.type || item.name === MACH_PORT_NULL || item.name === MACH_PORT_DEAD;
  }
};

const valueOf = (item: HeardItem): unknown => {
  if (item.kind === 'port') return item.name;
  return item.kind === 'ool_ports' ? item.names : { address: item.address, size: item.size };
};

/** The answer to a request, whatever its handler came to; `fault` if the handler's answer is not the interface's. */
export const composeAnswer = (
  routine: Any | undefined,
  id: number,
  outcome: unknown,
): Composed & { readonly fault: Refusal | null } => {
  if (outcome instanceof Refusal) return { ...refused(id, outcome), fault: null };
  const whole = outcome instanceof AnswerWith ? outcome : new AnswerWith(outcome, []);
  const fit = checked(routine?.gives ?? null, whole.value, 'MIG_TYPE_ERROR', 'answer');
  const items = fit instanceof Refusal ? fit : itemsFor(routine?.returns ?? null, whole.rights, 'answer');
  if (items instanceof Refusal) {
    const fault = new Refusal('MIG_TYPE_ERROR', items.why);
    return { ...refused(id, fault), fault };
  }
  const body = { retcode: 'KERN_SUCCESS', value: whole.value as Body };
  return { id: id + REPLY, body, descriptors: items, fault: null };
};

const refused = (id: number, { code, why }: Refusal<string>): Composed => ({
  id: id + REPLY,
  body: why === null ? { retcode: code } : { retcode: code, why },
  descriptors: [],
});

/** A reply as it is read, before it has types. */
export type RawReply =
  | { readonly retcode: 'KERN_SUCCESS'; readonly value: unknown; readonly carried: object }
  | { readonly retcode: Exclude<MachCode, 'KERN_SUCCESS'>; readonly why: string | null };

const failure = (retcode: Exclude<MachCode, 'KERN_SUCCESS'>, why: string | null = null): RawReply => ({ retcode, why });

/** What a reply says. Only codes that are Mach's or the routine's are believed. */
export const readAnswer = (routine: Any, id: number, message: Heard | null): RawReply => {
  if (message === null || message.id === SEND_ONCE_GONE) return failure('MIG_SERVER_DIED');
  if (message.id !== id + REPLY) return failure('MIG_REPLY_MISMATCH');
  const { retcode, value, why } = (message.body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof retcode !== 'string') return failure('MIG_TYPE_ERROR', 'answer: no retcode');
  if (retcode !== 'KERN_SUCCESS') {
    // A routine that is declared by two types says nothing about its errors.
    const isKnown = isMachCode(retcode) || routine.carries === null || routine.errors.includes(retcode);
    if (!isKnown) return failure('MIG_TYPE_ERROR', `answer: ${retcode.slice(0, 64)} is not declared`);
    return failure(retcode as Exclude<MachCode, 'KERN_SUCCESS'>, typeof why === 'string' ? why : null);
  }
  const fit = checked(routine.gives, value, 'MIG_TYPE_ERROR', 'answer');
  if (fit instanceof Refusal) return failure('MIG_TYPE_ERROR', fit.why);
  const carried = arrivedIn(routine.returns, message.items);
  if (typeof carried === 'string') return failure('MIG_TYPE_ERROR', `answer: ${carried}`);
  return { retcode: 'KERN_SUCCESS', value: fit, carried };
};
