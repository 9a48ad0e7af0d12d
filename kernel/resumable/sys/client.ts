/**
 * Stubs of a subsystem: an object with a function for each routine. The functions are closures of the built-in module
 * over a right and a number, so that a client may be in a local while its program moves.
 */
import { isMachCode } from '../../../ports/kern-return.ts';
import type { PortName } from '../../../ports/name.ts';
import { COPY_SEND } from '../../../ports/right.ts';
import type { RawReply } from '../../interface/conversation.ts';
import type {
  ArrivedIn,
  CarriesOf,
  GivenFor,
  InOf,
  IsSimple,
  OutOf,
  Reply,
  ReturnsOf,
  Routines,
} from '../../interface/routine.ts';
import { Refusal, type Subsystem } from '../../interface/subsystem.ts';
import { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import type { Message, MessageItem } from '../ops.ts';
import { SysError } from '../sys-error.ts';
import { builtin, handWritten } from './builtin.ts';
import type { MemoryItem, Msg } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { AnyRight, Given, SendRight } from './rights.ts';
import { asking, onSelf } from './rpc.ts';
import type { Sendable } from './sendable.ts';

export type { InOf, OutOf, Routines } from '../../interface/routine.ts';

/** What a port of a subsystem's server accepts. */
export type ServiceMessage<R extends Routines> = {
  readonly [K in keyof R]: Msg<{ body: InOf<R[K]>; answer: unknown }>;
}[keyof R];

/** A send right to a server of this subsystem. */
export type ServiceRight<R extends Routines> = SendRight<ServiceMessage<R>>;

/** Options of one request. */
export interface RequestOptions {
  /**
   * Milliseconds that it waits for room in the server's queue, and again for the answer. A routine with a `deadline`
   * tells its server.
   */
  readonly timeoutMs?: number;
  /** Rights that go with the request, in the order of the routine's description, if it does not name them. */
  readonly rights?: readonly Given<AnyRight>[];
  readonly memory?: readonly (MemoryItem & { readonly deallocate?: boolean })[];
}

/** Options of one request to a routine that says what it carries. */
export type OptionsOf<R> =
  CarriesOf<R> extends null
    ? RequestOptions
    : Pick<RequestOptions, 'timeoutMs'> &
        (Record<never, never> extends GivenFor<CarriesOf<R>>
          ? { readonly given?: GivenFor<CarriesOf<R>> }
          : { readonly given: GivenFor<CarriesOf<R>> });

/** An answer with what came along, which is the caller's from now on. */
export interface Answered<Out, Slots = null> {
  readonly value: Out;
  readonly rights: readonly AnyRight[];
  readonly memory: readonly MemoryItem[];
  /** The same by name, if the routine names what it returns. */
  readonly carried: Slots extends null ? Record<never, never> : ArrivedIn<Slots>;
}

type Must<R> = Record<never, never> extends OptionsOf<R> ? [options?: OptionsOf<R>] : [options: OptionsOf<R>];

type Arguments<R> = [InOf<R>] extends [null]
  ? Record<never, never> extends OptionsOf<R>
    ? [request?: null, options?: OptionsOf<R>]
    : [request: null, options: OptionsOf<R>]
  : [request: Sendable<InOf<R>>, ...rest: Must<R>];

type ValueOf<R> = IsSimple<R> extends true ? undefined : Exclude<OutOf<R>, Refusal<string>>;

/** One function for each routine. Rights and memory in the answer are given up: who wants them uses `sys.invoke`. */
export type Client<R extends Routines> = {
  readonly [K in keyof R]: (...request: Arguments<R[K]>) => Promised<ValueOf<R[K]>>;
};

type Options = RequestOptions & { readonly given?: object };

/** How a request ends: with its value or a throw, with all that came along, or with the reply as it is. */
export type Ending = 'value' | 'whole' | 'reply';

/**
 * One request to a server, up to its value. Throws a `SysError` with the code that the server refuses with. Arguments
 * that do not fit are not sent: MIG_BAD_ARGUMENTS, and all that was given is still the caller's.
 */
export class Invoking extends Frame {
  to: PortName = 0 as PortName;
  /** The interface, and the routine's name in it. */
  service: Subsystem<Routines> | undefined = undefined;
  routine = '';
  /** What its errors call it. */
  call = '';
  body: unknown = undefined;
  options: Options | undefined = undefined;
  ending: Ending = 'value';
  answer: Message | undefined = undefined;
  reply: RawReply | undefined = undefined;
  index = 0;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) {
      this.$n = ENDED;
      return this.#failed(value);
    }
    if (this.$n === 0) return this.#ask();
    const service = this.service as Subsystem<Routines>;
    if (service.isSimple(this.routine)) return this.#end(undefined);
    if (this.$n === 1) {
      this.answer = value as Message;
      this.reply = service.reply(this.routine, this.answer) as RawReply;
    }
    const reply = this.reply as RawReply;
    const isKept = this.ending !== 'value' && reply.retcode === 'KERN_SUCCESS';
    const next = isKept ? null : this.#release((this.answer as Message).items);
    if (next !== null) {
      this.$n = 2;
      return next;
    }
    return this.#end(this.#outcome(reply));
  }

  #end(value: unknown): unknown {
    this.$n = ENDED;
    return value;
  }

  #ask(): unknown {
    const service = this.service as Subsystem<Routines>;
    const { given, timeoutMs, rights = [], memory = [] } = this.options ?? {};
    const composed = service.compose(this.routine, this.body, given ?? [...rights, ...memory], timeoutMs);
    if (composed instanceof Refusal) {
      this.$n = ENDED;
      if (this.ending === 'reply') return { retcode: composed.code, why: composed.why };
      throw new SysError(composed.code, this.call, composed.why);
    }
    this.$n = 1;
    const { id, body, descriptors } = composed;
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    if (!service.isSimple(this.routine)) return asking(this.to, body, { id, descriptors, ...limit });
    const draft = { remote: this.to, remoteDisposition: COPY_SEND, id, body, descriptors };
    return new KCall('send', draft, timeoutMs === undefined ? undefined : { timeoutMs }, undefined);
  }

  #outcome(reply: RawReply): unknown {
    if (this.ending === 'reply') return reply;
    if (reply.retcode !== 'KERN_SUCCESS') throw new SysError(reply.retcode, this.call, reply.why);
    if (this.ending === 'value') return reply.value;
    const { rights, memory } = this.answer as Message;
    return { value: reply.value, rights, memory, carried: reply.carried };
  }

  /** The message call failed, or the caller was told to stop, which `attempt` does not hide. */
  #failed(thrown: unknown): unknown {
    if (this.ending !== 'reply' || !(thrown instanceof SysError) || !isMachCode(String(thrown.code))) throw thrown;
    return { retcode: thrown.code, why: thrown.why };
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
  slots: ['to', 'service', 'routine', 'call', 'body', 'options', 'ending', 'answer', 'reply', 'index'],
  states: 3,
});

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

/** Which routine is asked, and how that ends. */
export interface Wanted {
  readonly service: Subsystem<Routines>;
  readonly routine: string;
  readonly ending: Ending;
  /** What its errors call it; `interface.routine`, if absent. */
  readonly call?: string;
}

/** A request that has not been sent. */
export const invoking = (
  to: PortName,
  { service, routine, ending, call = `${service.name}.${routine}` }: Wanted,
  body: unknown,
  options: Options | undefined,
): Invoking => {
  const frame = new Invoking();
  frame.to = to;
  frame.service = service;
  frame.routine = routine;
  frame.call = call;
  frame.ending = ending;
  frame.body = body ?? null;
  frame.options = options;
  return frame;
};

type Stub = (body: unknown, options?: RequestOptions) => Invoking;

const stub = builtin.closure(
  1,
  (to: PortName, service: Subsystem<Routines>, routine: string): Stub =>
    (body, options) =>
      invoking(to, { service, routine, ending: 'value' }, body, options),
  { name: 'routine', line: 1, column: 1 },
);

const asRoutines = (service: unknown): Subsystem<Routines> => service as Subsystem<Routines>;

/** `sys.client`. */
export const client = <R extends Routines>(service: Subsystem<R>, to: SendRight<never>): Client<R> => {
  const made: Record<string, Stub> = {};
  for (const routine of service.routines) made[routine] = stub(to, asRoutines(service), routine);
  return made as unknown as Client<R>;
};

/** `sys.invoke`. */
export const invoke = <R extends Routines, K extends keyof R & string>(
  service: Subsystem<R>,
  to: SendRight<never>,
  routine: K,
  ...[body, options]: Arguments<R[K]>
): Promised<Answered<OutOf<R[K]>, ReturnsOf<R[K]>>> =>
  promised(invoking(to, { service: asRoutines(service), routine, ending: 'whole' }, body, options as Options));

/** `sys.attempt`. */
export const attempt = <R extends Routines, K extends keyof R & string>(
  service: Subsystem<R>,
  to: SendRight<never>,
  routine: K,
  ...[body, options]: Arguments<R[K]>
): Promised<Reply<R[K]>> =>
  promised(invoking(to, { service: asRoutines(service), routine, ending: 'reply' }, body, options as Options));
