/**
 * What a resumable program sees of its kernel: one frozen object for all threads. What answers with a promise is
 * awaited, and is a place where the program may be frozen; what answers at once does so for the thread that runs now.
 * A call that fails throws a `SysError` with Mach's code.
 */
import type { PortName } from '../../../ports/name.ts';
import type { MovedMe } from '../../interface/bootstrap.ts';
import type { Answer, KernelRequest } from '../../interface/calls.ts';
import type { Subsystem } from '../../interface/subsystem.ts';
import type { MsgCall, ReceiveOptions } from '../../program.ts';
import { KCall } from '../call.ts';
import { randomOf, timeOf } from '../chance.ts';
import { runningGroup, spawn } from '../future.ts';
import type { Message } from '../ops.ts';
import { runningThread } from '../register.ts';
import { attempt, type Client, client, invoke, type Routines } from './client.ts';
import { bootstrap, type LookUpOptions, lookUp, type MigrateOptions, migrateTo, node } from './elsewhere.ts';
import type { AnswerOf, IfSendable, Question, Received, Saying } from './message.ts';
import { type Condition, condition, type Mutex, mutex } from './mutex.ts';
import {
  close,
  closeSet,
  type DeadName,
  moveMember,
  type NoSenders,
  onDeadName,
  onNoSenders,
  onPortDestroyed,
  type PortDestroyed,
  type PortOptions,
  port,
  portSet,
  release,
  retain,
  sendOnceRight,
  sendRight,
} from './ports.ts';
import { type Promised, promised } from './promised.ts';
import type { Accepting, PortSet, ReceiveRight, SendOnceRight, SendRight } from './rights.ts';
import { rpc } from './rpc.ts';
import { type Answerable, poll, receive, reply, type SendExtra, send } from './send.ts';
import { type AsyncHandlers, type ServeOptions, serve } from './serve.ts';
import { type SysMemory, vm } from './vm.ts';

/** A thread that was started: awaited, it is joined. */
export type Spawned<T> = Promised<T> & {
  /** Throws `reason` (by default a `SysError` E_CANCELLED) where the thread waits. False if it is over. */
  cancel(reason?: unknown): boolean;
};

/** Ports and rights. None of these calls waits. */
export interface SysPorts {
  /** A new port, to which messages of type `M` are sent: its receive right. */
  port<M = unknown>(...rest: IfSendable<M, [options?: PortOptions]>): Promised<ReceiveRight<M>>;
  /** A set of ports to receive from at once; `local` of a message tells which one it is of. */
  portSet<M = unknown>(...members: readonly ReceiveRight<M>[]): Promised<PortSet<M>>;
  /** Puts a port into a set, out of the one that it is in; out of any, for null. */
  moveMember<M, N extends M>(member: ReceiveRight<N>, set: PortSet<M> | null): Promised<void>;
  /** A send right to a port of the task's own, to use itself: under the same name. `makeSend` gives one away. */
  sendRight<M>(from: ReceiveRight<M>): Promised<SendRight<M>>;
  /** A send-once right to a port of the task's own, under a name of its own. */
  sendOnceRight<M>(from: ReceiveRight<M>): Promised<SendOnceRight<M>>;
  /** One reference more: it takes one `release` more until the name is gone. */
  retain(right: SendRight<never>): Promised<void>;
  /** Gives one reference of a send right, a send-once right or a dead name up. */
  release(right: SendRight<never> | SendOnceRight<never>): Promised<void>;
  /** Destroys a port: its senders hold dead names. */
  close(right: Accepting<never>): Promised<void>;
  closeSet(set: PortSet): Promised<void>;
  /** Asks for one message to `to` when the port of a right dies. Replaces the last such request; null withdraws it. */
  onDeadName(right: SendRight<never> | SendOnceRight<never>, to: Accepting<DeadName> | null): Promised<void>;
  /** Asks for one message when no send right is left, and at least `sync` have been made. */
  onNoSenders(of: Accepting<never>, to: Accepting<NoSenders> | null, sync?: number): Promised<void>;
  /** Asks for the receive right itself to be sent to `to` in place of being destroyed. */
  onPortDestroyed<M>(of: ReceiveRight<M>, to: Accepting<PortDestroyed<M>> | null): Promised<void>;
}

/** Messages. */
export interface SysMessages {
  /** Sends, waiting for room. What the message's type says that it carries is given in the options. */
  send<M>(to: SendRight<M>, ...saying: Saying<M, SendExtra<AnswerOf<M>>>): Promised<void>;
  /** Waits for a message. MACH_RCV_TIMED_OUT past `timeoutMs`. */
  receive<M>(from: ReceiveRight<M> | PortSet<M>, options?: ReceiveOptions): Promised<Received<M>>;
  /** A message, if one is there: else null. */
  poll<M>(from: ReceiveRight<M> | PortSet<M>): Promised<Received<M> | null>;
  /** Asks, and waits for the answer. `timeoutMs` is for room in the queue, and again for the answer. */
  rpc<M>(to: SendRight<M>, ...saying: Saying<Question<M>, unknown>): Promised<Received<AnswerOf<M>>>;
  /** Answers a message, or by a send-once right, which is used up. */
  reply<R>(to: Answerable<R>, ...saying: Saying<R, SendExtra<AnswerOf<R>>>): Promised<void>;
  /** A whole message call as data, for what the calls above do not say. */
  msg(call: MsgCall): Promised<Message | undefined>;
}

/** Services. */
export interface SysServices {
  /** A function for each routine of a subsystem, whose server `to` is a right to. */
  client<R extends Routines>(service: Subsystem<R>, to: SendRight<never>): Client<R>;
  /** One request, with the rights and memory that come with its answer. */
  invoke: typeof invoke;
  /** A request whose refusal is a value, `{ retcode, why }`. Codes are the routine's own, or Mach's. */
  attempt: typeof attempt;
  /** Serves a subsystem: until its port is closed, or nothing has come for `idleMs`. */
  serve<R extends Routines>(
    service: Subsystem<R>,
    from: Accepting<never> | PortSet,
    handlers: AsyncHandlers<R>,
    options?: ServeOptions,
  ): Promised<void>;
  /** The task's bootstrap port, as a rule the name service of the node it was started on: a new reference. */
  bootstrap(): Promised<SendRight<never>>;
  /** A send right to what has this name. The type is a claim. */
  lookUp<M = unknown>(name: string, options?: LookUpOptions): Promised<SendRight<M>>;
}

/** Threads, time, chance, and where the task is. */
export interface SysThreads {
  /** Milliseconds, never going back, also after a move. */
  now(): number;
  /** A number from 0 up to but not 1, of the program's own sequence. Not for secrets. */
  random(): number;
  sleep(ms: number): Promised<void>;
  /** Lets others run. */
  yield(): Promised<void>;
  /** Ends the thread; the last one ends the task. `finally` blocks do not run. */
  exit(): Promised<never>;
  /** Starts `call(...args)` as a thread of the task, which shares its objects and moves with it. */
  spawn<A extends readonly unknown[], T>(call: (...args: A) => Promised<T>, ...args: A): Spawned<T>;
  /** Stops a thread, as `spawned.cancel(reason)` does. */
  cancel(spawned: Spawned<unknown>, reason?: unknown): boolean;
  /** A mutex that is free. */
  mutex(): Promised<Mutex>;
  condition(of: Mutex): Condition;
  /** Identity of the node that the task is on now. */
  node(): Promised<string>;
  /** Moves the task, with all its threads. Goes on there; or here, by throwing E_NOT_MOVED with the reason. */
  migrateTo(node: string, options?: MigrateOptions): Promised<MovedMe>;
  /** A kernel call on the task itself: its answer. */
  call(request: KernelRequest): Promised<Answer>;
  /** A kernel call through a send right to a kernel port, wherever that kernel is: its answer. Not to be moved in. */
  kernelCall(port: PortName, request: KernelRequest): Promised<Answer>;
  readonly vm: SysMemory;
}

/** See the head of this file. */
export interface Sys extends Readonly<SysPorts>, Readonly<SysMessages>, Readonly<SysServices>, Readonly<SysThreads> {}

const made = <T>(op: string, a?: unknown, b?: unknown): Promised<T> => promised(new KCall(op, a, b, undefined));

const cancel = (spawned: Spawned<unknown>, reason?: unknown): boolean =>
  reason === undefined ? spawned.cancel() : spawned.cancel(reason);

/** See the head of this file. */
export const sys: Sys = Object.freeze({
  port,
  portSet,
  moveMember,
  sendRight,
  sendOnceRight,
  retain,
  release,
  close,
  closeSet,
  onDeadName,
  onNoSenders,
  onPortDestroyed,
  send,
  receive,
  poll,
  rpc,
  reply,
  msg: (call: MsgCall): Promised<Message | undefined> => made('msg', call),
  client,
  invoke,
  attempt,
  serve,
  bootstrap,
  lookUp,
  now: (): number => timeOf(runningGroup('now'), runningThread('now')),
  random: (): number => randomOf(runningGroup('random'), runningThread('random')),
  sleep: (ms: number): Promised<void> => made('sleep', ms),
  yield: (): Promised<void> => made('yield'),
  exit: (): Promised<never> => made('exit'),
  spawn: <A extends readonly unknown[], T>(call: (...args: A) => Promised<T>, ...args: A): Spawned<T> =>
    spawn(call, args) as unknown as Spawned<T>,
  cancel,
  mutex,
  condition,
  node,
  migrateTo,
  call: (request: KernelRequest): Promised<Answer> => made('call', request),
  kernelCall: (to: PortName, request: KernelRequest): Promised<Answer> => made('kernelCall', to, request),
  vm,
});
