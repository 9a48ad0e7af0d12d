/**
 * Interfaces for host tasks: a client whose functions answer promises, and a server loop for async handlers. The same
 * declaration as for machines and resumable programs; like `host-task.ts` it makes promises, and awaits none of the
 * kernel's own.
 */
import { MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import type { Received } from '../ports/port.ts';
import { MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND_ONCE } from '../ports/right.ts';
import { type Cancellation, type HostTask, MachError } from './host-task.ts';
import type { RawReply } from './interface/conversation.ts';
import {
  type Call,
  type InOf,
  type IsSimple,
  type Outcome,
  type OutOf,
  Refusal,
  type Reply,
  type Routines,
  type SeenOf,
} from './interface/routine.ts';
import { type DraftOptions, isWanted, releaseItems, type Subsystem } from './interface/subsystem.ts';

/** Options of a request of host code. */
export type HostOptions<R> = DraftOptions<R> & Cancellation;

type HostRest<R> = Record<never, never> extends HostOptions<R> ? [options?: HostOptions<R>] : [options: HostOptions<R>];
type HostArguments<R> = [InOf<R>] extends [null]
  ? Record<never, never> extends HostOptions<R>
    ? [request?: null, options?: HostOptions<R>]
    : [request: null, options: HostOptions<R>]
  : [request: InOf<R>, ...rest: HostRest<R>];

/** One function for each routine. It rejects with a `MachError` if the server refuses or the call fails. */
export type HostClient<R extends Routines> = {
  readonly [K in keyof R]: (
    ...request: HostArguments<R[K]>
  ) => Promise<IsSimple<R[K]> extends true ? undefined : OutOf<R[K]>>;
};

/** A client of a server. `to` is a send right of the host task's. */
export const hostClient = <R extends Routines>(host: HostTask, service: Subsystem<R>, to: PortName): HostClient<R> => {
  const made: Record<string, unknown> = {};
  for (const key of service.routines) {
    made[key] = async (request: unknown, options?: Loose): Promise<unknown> => {
      const { reply, message } = await ask(host, service as never, to, [key, request, options]);
      if (message !== null) releaseItems(host.sys, message.items);
      if (reply.retcode !== 'KERN_SUCCESS') throw new MachError(reply.retcode, `${service.name}.${key}`, reply.why);
      return reply.value;
    };
  }
  return made as HostClient<R>;
};

/**
 * One request, up to its reply as it is: a refusal, or a value with what came along, which is the host task's. It
 * rejects only if the signal is aborted.
 */
export const hostAttempt = async <R extends Routines, K extends keyof R & string>(
  host: HostTask,
  service: Subsystem<R>,
  to: PortName,
  ...[key, request, options]: [routine: K, ...HostArguments<R[K]>]
): Promise<Reply<R[K]>> => {
  const { reply, message } = await ask(host, service as never, to, [key, request, options as Loose | undefined]);
  if (reply.retcode !== 'KERN_SUCCESS' && message !== null) releaseItems(host.sys, message.items);
  return reply as Reply<R[K]>;
};

type Loose = { readonly given?: object; readonly timeoutMs?: number } & Cancellation;
type LooseReply = RawReply;

/** The reply, and the message that it came in, whose items are still to be taken or given up. */
interface Asked {
  readonly reply: LooseReply;
  readonly message: Received | null;
}

/** The reply port lives as long as the call: who gives up lets the server see a dead name. */
const ask = async (
  host: HostTask,
  service: Subsystem<Routines>,
  to: PortName,
  [key, request, options = {}]: readonly [string, unknown, Loose | undefined],
): Promise<Asked> => {
  const { timeoutMs, signal } = options;
  const port = service.isSimple(key) ? MACH_PORT_NULL : host.allocate();
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  try {
    const send = service.draft(to, port, key, (request ?? null) as never, options as never);
    if (send instanceof Refusal) return { reply: { retcode: send.code as never, why: send.why }, message: null };
    const wait = port === MACH_PORT_NULL ? {} : { receive: port, receiveOptions: limit };
    const { message } = await host.msg({ send, sendOptions: limit, ...wait }, signal);
    if (port === MACH_PORT_NULL) return { reply: DONE, message: null };
    return { reply: service.reply(key, message) as RawReply, message };
  } catch (thrown) {
    if (!(thrown instanceof MachError) || typeof thrown.code !== 'string') throw thrown;
    return { reply: { retcode: thrown.code as never, why: thrown.why }, message: null };
  } finally {
    if (port !== MACH_PORT_NULL) host.sys.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
  }
};

const DONE: LooseReply = Object.freeze({ retcode: 'KERN_SUCCESS', value: undefined, carried: {} });

/** A handler for each routine; async or not. One that throws is answered MIG_EXCEPTION, and ends the loop. */
export type HostHandlers<R extends Routines> = {
  readonly [K in keyof R]: (
    request: SeenOf<R[K]>,
    message: Received,
    call: Call<R[K]>,
  ) => Outcome<R[K]> | Promise<Outcome<R[K]>>;
};

/** How a server loop of host code runs. */
export interface HostServeOptions extends Cancellation {
  /** Milliseconds without a request after which the loop ends; never, if absent. */
  readonly idleMs?: number;
}

/**
 * Serves an interface at a port of the host task's, one request after the other. Ends when the port is gone, when
 * `idleMs` have passed, or by the signal, whose reason it rejects with.
 */
export const hostServe = async <R extends Routines>(
  host: HostTask,
  service: Subsystem<R>,
  from: PortName,
  handlers: HostHandlers<R>,
  { idleMs, signal }: HostServeOptions = {},
): Promise<void> => {
  const options = {
    ...(idleMs === undefined ? {} : { timeoutMs: idleMs }),
    ...(signal === undefined ? {} : { signal }),
  };
  for (;;) {
    const message = await host.receive(from, options).catch((thrown: unknown) => {
      if (thrown instanceof MachError && OVER.has(String(thrown.code))) return null;
      throw thrown;
    });
    if (message === null) return;
    await serveOne(host, service as never, message, handlers as never);
  }
};

const OVER: ReadonlySet<string> = new Set(['MACH_RCV_TIMED_OUT', 'MACH_RCV_INVALID_NAME', 'MACH_RCV_PORT_DIED']);

type LooseHandlers = Readonly<Record<string, (request: unknown, message: Received, call: unknown) => unknown>>;

const serveOne = async (
  host: HostTask,
  service: Subsystem<Routines>,
  message: Received,
  handlers: LooseHandlers,
): Promise<void> => {
  const key = service.routineOf(message.id);
  const handler = key !== undefined && Object.hasOwn(handlers, key) ? handlers[key] : undefined;
  if (key === undefined || handler === undefined) return answer(host, service, message, new Refusal('MIG_BAD_ID'));
  if (service.hasDeadline(key) && !isWanted(host.sys, message)) {
    return answer(host, service, message, new Refusal('KERN_OPERATION_TIMED_OUT'));
  }
  const read = service.read(key, message, host.sys.now());
  if (read instanceof Refusal) return answer(host, service, message, read);
  let outcome: unknown;
  try {
    outcome = await handler(read.args, message, read.call);
  } catch (thrown) {
    answer(host, service, message, new Refusal('MIG_EXCEPTION'));
    throw thrown;
  }
  answer(host, service, message, outcome);
};

/** Answers without waiting. A refused request's rights are nobody's, and go. Throws for an answer that is none. */
const answer = ({ sys }: HostTask, service: Subsystem<Routines>, message: Received, outcome: unknown): void => {
  const isRefused = outcome instanceof Refusal;
  if (isRefused && outcome.code === 'MIG_NO_REPLY') return;
  if (isRefused) releaseItems(sys, message.items);
  if (message.remote === MACH_PORT_NULL) return;
  const key = service.routineOf(message.id);
  const { fault, ...composed } = service.answer(key, message.id, outcome);
  const remoteDisposition = message.remoteType === PORT_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND;
  const isOwed = key === undefined || !service.isSimple(key);
  const kr = isOwed ? sys.send({ ...composed, remote: message.remote, remoteDisposition }) : null;
  if (kr !== 'MACH_MSG_SUCCESS') sys.call({ op: 'port_deallocate', name: message.remote });
  if (fault !== null) throw new MachError(fault.code, `${service.name}.${key}`, fault.why);
};
