/**
 * A record of the calls of one kernel: what each was, everything that it looked at before it answered, and what came of
 * it. Bounded: the oldest are forgotten.
 */
import type { Draft } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import type { Answer, KernelRequest } from '../interface/calls.ts';
import { NO_RECEIVE, type Parked, type Thread } from '../kernel.ts';
import type { ReceiveOptions, SendOptions } from '../program.ts';
import type { Labels } from './labels.ts';
import type { Look, LookKind, Observer, TrapName } from './look.ts';
import { lookText } from './look-words.ts';
import type { Watch } from './watch.ts';

/** Calls that are remembered. */
const CALLS_MAX = 1000;
/** Looks of one call that are remembered. */
const LOOKS_MAX = 2000;

/** A call as its caller wrote it. */
export type TrapCall =
  /** Parked, and not issued yet. */
  | { readonly op: 'pending' }
  | { readonly op: 'send'; readonly draft: Draft }
  | { readonly op: 'poll'; readonly name: PortName }
  | {
      readonly op: 'msg';
      readonly draft: Draft | null;
      readonly sendOptions: SendOptions | null;
      readonly receive: PortName | null;
      readonly receiveOptions: ReceiveOptions | null;
    }
  /** A kernel call: on oneself, or through the send right `port`. */
  | { readonly op: 'kernel'; readonly port: PortName | null; readonly request: KernelRequest };

/** One look of a call, in words. */
export interface SeenLook {
  readonly kind: LookKind;
  /** Whose it is: a task, a port. */
  readonly of: string;
  /** The name that was looked up, or the call of the address map. */
  readonly key: PortName | string | null;
  readonly saw: string;
}

/** A call and what came of it. */
export interface CallRecord {
  /** Counts from 1, in the order in which calls begin. */
  readonly n: number;
  readonly task: string;
  readonly thread: string;
  readonly call: TrapCall;
  readonly looks: readonly SeenLook[];
  /** Looks before the first deed: for a call that was done, its checks. */
  readonly checked: number;
  /** The code that it answered; null while it waits. */
  readonly code: string | number | null;
  /** What the body of a message was refused for. */
  readonly detail: string | null;
  /** It has waited, and number of the call (or null: time) that ended that. */
  readonly waited: { readonly endedBy: number | null } | null;
  /** The answer as its caller got it: fields of a kernel call, a message. */
  readonly answer: unknown;
}

type Open = { -readonly [K in keyof CallRecord]: CallRecord[K] } & { looks: SeenLook[] };

/** Records the calls of the kernel that `watch` watches. */
export class CallRecorder implements Observer {
  readonly #watch: Watch;
  readonly #labels: Labels;
  readonly #calls: Open[] = [];
  readonly #pending: Map<Thread, Open> = new Map();
  #current: Open | null = null;
  /** Calls that were current before a call in place began. */
  readonly #outer: (Open | null)[] = [];
  #turn: Thread | null = null;
  #count = 0;
  #isDelivering = false;

  constructor(watch: Watch, labels: Labels) {
    this.#watch = watch;
    this.#labels = labels;
    watch.tell(this);
  }

  /** Ends the record; what it has stays. */
  end(): void {
    this.#watch.untell(this);
  }

  /** The calls that are remembered, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.#calls;
  }

  /** Calls begun since the start. */
  get count(): number {
    return this.#count;
  }

  /** The call with that number; undefined if it is forgotten. */
  call(n: number): CallRecord | undefined {
    return this.#calls.find((each) => each.n === n);
  }

  /** (Stepping) What happens next belongs to the call that this thread waits in. */
  turnOf(thread: Thread): void {
    this.#current = this.#pending.get(thread) ?? null;
  }

  /** (Stepping) The turn is over; what is over of a call is known. */
  turnOver(): void {
    this.#current = null;
    this.#turn = null;
    this.#watch.quietly(() => {
      for (const [thread, open] of this.#pending) {
        if (thread.run === 'dead') this.#close(thread, open, 'TERMINATED');
        else if (thread.run === 'runnable' && thread.waitsFor === 'none') this.#outcome(thread, open);
      }
    });
  }

  calling(thread: Thread, what: TrapName, argument: unknown): void {
    const record = this.#open(thread, trapCall(what, argument));
    this.#outer.push(this.#current);
    this.#current = record;
  }

  called(_thread: Thread, what: TrapName, result: unknown): void {
    const record = this.#current;
    this.#current = this.#outer.pop() ?? null;
    if (record === null || result === undefined) return;
    record.answer = result;
    record.code = trapCode(what, result);
  }

  parked(thread: Thread, op: Parked['op']): void {
    if (op !== 'msg' && op !== 'kernel') return;
    // What is parked is written behind `op`: it is read when the call first looks at something.
    const record = this.#open(thread, { op: 'pending' });
    this.#pending.set(thread, record);
    this.#current = record;
    this.#turn = thread;
  }

  resuming(thread: Thread): void {
    const open = this.#pending.get(thread);
    if (open !== undefined) this.#outcome(thread, open);
    this.#current = null;
    this.#turn = thread;
  }

  delivering(_thread: Thread, isBeginning: boolean): void {
    this.#isDelivering = isBeginning;
  }

  looked(look: Look): void {
    const open = this.#current;
    if (open === null || this.#isDelivering) return;
    this.#read(open);
    if (open.looks.length >= LOOKS_MAX) return;
    const seen = lookText(look, this.#labels, this.#watch.kernel);
    open.looks.push(seen);
  }

  entered(): void {
    if (this.#current !== null) this.#acts(this.#current);
  }

  leaving(): void {
    if (this.#current !== null) this.#acts(this.#current);
  }

  wrote(subject: object, field: string, value: unknown, before: unknown): void {
    if (field !== 'run') {
      this.#deed(field);
      return;
    }
    const thread = subject as Thread;
    const open = this.#pending.get(thread);
    if (value === 'waiting' && open !== undefined) {
      this.#read(open);
      open.waited ??= { endedBy: null };
    }
    if (before === 'waiting' && open !== undefined && open !== this.#current) {
      open.waited = { endedBy: this.#current?.n ?? null };
    }
    if (thread === this.#turn && before === 'running') this.#current = null;
  }

  /** Something has changed. What was read to change it was no check. */
  #deed(field: string): void {
    const open = this.#current;
    if (open === null || this.#isDelivering) return;
    if (open.looks.at(-1)?.kind === KIND_OF_FIELD[field]) open.looks.pop();
    this.#acts(open);
  }

  #acts(open: Open): void {
    open.checked = Math.min(open.checked, open.looks.length);
  }

  #open(thread: Thread, call: TrapCall): Open {
    this.#count += 1;
    const record: Open = {
      n: this.#count,
      task: this.#labels.task(thread.task),
      thread: this.#labels.thread(thread),
      call,
      looks: [],
      checked: Number.POSITIVE_INFINITY,
      code: null,
      detail: null,
      waited: null,
      answer: null,
    };
    this.#calls.push(record);
    if (this.#calls.length > CALLS_MAX) this.#calls.shift();
    return record;
  }

  /** Reads the call that a thread is parked in, before any of it has been done. */
  #read(open: Open): void {
    if (open.call.op !== 'pending') return;
    for (const [thread, each] of this.#pending) if (each === open) open.call = parkedCall(thread.parked);
  }

  #outcome(thread: Thread, open: Open): void {
    const { result } = thread;
    this.#read(open);
    if (open.call.op === 'kernel') {
      open.answer = result.answer;
      return this.#close(thread, open, codeOf(result.answer));
    }
    open.detail = result.why;
    open.answer = result.message;
    this.#close(thread, open, result.kr);
  }

  #close(thread: Thread, open: Open, code: string | number): void {
    open.code = code;
    this.#pending.delete(thread);
  }
}

const KIND_OF_FIELD: Readonly<Record<string, LookKind>> = {
  type: 'right',
  urefs: 'references',
  srights: 'senders',
  mscount: 'makes',
  where: 'port',
  ports: 'ports',
  suspendCount: 'suspended',
};

const codeOf = (answer: unknown): string | number => (answer as Answer | null)?.kr ?? 'MIG_SERVER_DIED';

const trapCall = (what: TrapName, argument: unknown): TrapCall => {
  if (what === 'call') return { op: 'kernel', port: null, request: argument as KernelRequest };
  return what === 'send' ? { op: 'send', draft: argument as Draft } : { op: 'poll', name: argument as PortName };
};

const trapCode = (what: TrapName, result: unknown): string | number => {
  if (what === 'call') return codeOf(result);
  if (what === 'send') return result as string;
  return result === null ? 'nothing' : 'MACH_MSG_SUCCESS';
};

const parkedCall = (parked: Parked): TrapCall =>
  parked.op === 'kernel' && parked.request !== null
    ? { op: 'kernel', port: parked.port, request: parked.request }
    : {
        op: 'msg',
        draft: parked.draft,
        sendOptions: parked.sendOptions,
        receive: parked.receive === NO_RECEIVE ? null : parked.receive,
        receiveOptions: parked.receiveOptions,
      };
