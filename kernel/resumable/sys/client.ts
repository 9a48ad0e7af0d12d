/**
 * Stubs of a subsystem: an object with a function for each routine. The functions are closures of the built-in module
 * over a right and a number, so that a client may be in a local while its program moves.
 */
import type { MachCode } from '../../../ports/kern-return.ts';
import type { PortName } from '../../../ports/name.ts';
import type { Refusal, Routine, Subsystem } from '../../interface/subsystem.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import type { Message, MessageItem } from '../ops.ts';
import { SysError } from '../sys-error.ts';
import { builtin, handWritten } from './builtin.ts';
import type { MemoryItem, Msg } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { AnyRight, Given, SendRight } from './rights.ts';
import { asking, onSelf } from './rpc.ts';
import type { Sendable } from './sendable.ts';

/** The routines of a subsystem. */
export type Routines = Readonly<Record<string, Routine<never, unknown>>>;
/** What a routine takes. */
export type InOf<R> = R extends Routine<infer In, unknown> ? In : never;
/** What a routine gives. */
export type OutOf<R> = R extends Routine<never, infer Out> ? Out : never;

/** What a port of a subsystem's server accepts. */
export type ServiceMessage<R extends Routines> = {
  readonly [K in keyof R]: Msg<{ body: InOf<R[K]>; answer: unknown }>;
}[keyof R];

/** A send right to a server of this subsystem. */
export type ServiceRight<R extends Routines> = SendRight<ServiceMessage<R>>;

/** Options of one request. */
export interface RequestOptions {
  /** Milliseconds that it waits for room in the server's queue, and again for the answer. */
  readonly timeoutMs?: number;
  /** Rights that go with the request, in the order of the routine's description. */
  readonly rights?: readonly Given<AnyRight>[];
  readonly memory?: readonly (MemoryItem & { readonly deallocate?: boolean })[];
}

/** An answer with what came along, which is the caller's from now on. */
export interface Answered<Out> {
  readonly value: Out;
  readonly rights: readonly AnyRight[];
  readonly memory: readonly MemoryItem[];
}

type Arguments<In> = [In] extends [null]
  ? [request?: null, options?: RequestOptions]
  : [request: Sendable<In>, options?: RequestOptions];

/** One function for each routine. Rights and memory in the answer are given up: who wants them uses `sys.invoke`. */
export type Client<R extends Routines> = {
  readonly [K in keyof R]: (...request: Arguments<InOf<R[K]>>) => Promised<Exclude<OutOf<R[K]>, Refusal>>;
};

/** One request to a server, up to its value. Throws a `SysError` with the code that the server refuses with. */
export class Invoking extends Frame {
  to: PortName = 0 as PortName;
  routine = '';
  id = 0;
  body: unknown = undefined;
  options: RequestOptions | undefined = undefined;
  /** With its rights, or without: then they are given up. */
  isWhole = false;
  answer: Message | undefined = undefined;
  index = 0;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) {
      this.$n = ENDED;
      throw value;
    }
    if (this.$n === 0) {
      this.$n = 1;
      return asking(this.to, this.body, { ...this.options, id: this.id });
    }
    if (this.$n === 1) this.answer = value as Message;
    const answer = this.answer as Message;
    const code = codeOf(answer, this.id);
    const next = this.isWhole && code === 'KERN_SUCCESS' ? null : this.#release(answer.items);
    if (next !== null) {
      this.$n = 2;
      return next;
    }
    this.$n = ENDED;
    if (code !== 'KERN_SUCCESS') throw new SysError(code, this.routine);
    const found = (answer.body as { value: unknown }).value;
    return this.isWhole ? { value: found, rights: answer.rights, memory: answer.memory } : found;
  }

  #release(items: readonly MessageItem[] | null): object | null {
    const item = items?.[this.index];
    if (item === undefined) return null;
    this.index += 1;
    return giveUp(item);
  }
}

handWritten(5, Invoking, {
  name: 'request',
  slots: ['to', 'routine', 'id', 'body', 'options', 'isWhole', 'answer', 'index'],
  states: 3,
});

const codeOf = ({ id, body }: Message, request: number): MachCode => {
  if (id !== request + 100) return 'MIG_REPLY_MISMATCH';
  const { retcode } = (body ?? {}) as { readonly retcode?: MachCode };
  return retcode ?? 'MIG_TYPE_ERROR';
};

/** Gives up what a message carried. */
export const giveUp = (item: MessageItem): object => {
  if (item.kind === 'ool') return onSelf({ op: 'vm_deallocate', address: item.address, size: item.size });
  const release = (name: PortName): object =>
    onSelf(
      item.type === 16 ? { op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 } : { op: 'port_deallocate', name },
    );
  if (item.kind === 'port') return release(item.name);
  const frame = new Releasing();
  frame.calls = item.names.map(release);
  return frame;
};

/** Calls on the task itself, one after the other; whatever becomes of them. */
export class Releasing extends Frame {
  calls: readonly object[] = [];
  index = 0;

  override $step(): unknown {
    const call = this.calls[this.index];
    this.index += 1;
    this.$n = call === undefined ? ENDED : 1;
    return call;
  }
}

handWritten(6, Releasing, { name: 'release', slots: ['calls', 'index'], states: 2 });

/** A request that has not been sent. */
export const invoking = (
  to: PortName,
  { routine, id, isWhole }: { readonly routine: string; readonly id: number; readonly isWhole: boolean },
  body: unknown,
  options: RequestOptions | undefined,
): Invoking => {
  const frame = new Invoking();
  frame.to = to;
  frame.routine = routine;
  frame.id = id;
  frame.isWhole = isWhole;
  frame.body = body ?? null;
  frame.options = options;
  return frame;
};

type Stub = (body: unknown, options?: RequestOptions) => Invoking;

const stub = builtin.closure(
  1,
  (to: PortName, routine: string, id: number): Stub =>
    (body, options) =>
      invoking(to, { routine, id, isWhole: false }, body, options),
  { name: 'routine', line: 1, column: 1 },
);

/** `sys.client`. */
export const client = <R extends Routines>(service: Subsystem<R>, to: SendRight<never>): Client<R> => {
  const made: Record<string, Stub> = {};
  for (const routine of service.routines) {
    made[routine] = stub(to, `${service.name}.${routine}`, service.id(routine));
  }
  return made as unknown as Client<R>;
};

/** `sys.invoke`. */
export const invoke = <R extends Routines, K extends keyof R & string>(
  service: Subsystem<R>,
  to: SendRight<never>,
  routine: K,
  ...[body, options]: Arguments<InOf<R[K]>>
): Promised<Answered<OutOf<R[K]>>> =>
  promised(
    invoking(to, { routine: `${service.name}.${routine}`, id: service.id(routine), isWhole: true }, body, options),
  );
