/**
 * `sys` of resumable programs, bare: one frozen object for all threads. Members that make a `KCall` are awaited; the
 * others answer at once, for the thread that runs now. `sys/` builds the typed facade over it.
 */
import type { Draft } from '../../ports/draft.ts';
import type { PortName } from '../../ports/name.ts';
import type { KernelRequest } from '../interface/calls.ts';
import type { MsgCall, ReceiveOptions, SendOptions } from '../program.ts';
import type { Range, Window, WindowMode } from '../vm/window.ts';
import { KCall } from './call.ts';
import { randomOf, timeOf } from './chance.ts';
import type { Future } from './fiber.ts';
import { runningGroup, spawn } from './future.ts';
import { runningThread } from './register.ts';

/** Calls on the task's memory. Each may wait for a page, and is then made again; the program does not notice. */
export interface BareMemory {
  getU8(address: number): KCall;
  getU32(address: number): KCall;
  getI32(address: number): KCall;
  getF64(address: number): KCall;
  setU8(address: number, value: number): KCall;
  setU32(address: number, value: number): KCall;
  setF64(address: number, value: number): KCall;
  /** `size` bytes from `address` on, as a copy. */
  read(address: number, size: number): KCall;
  /** Writes all bytes or none. */
  write(address: number, bytes: Uint8Array): KCall;
  /**
   * Shows a range to `use`, whose value is the call's. Without `use`, a copy of the range (reading only). `use` may run
   * again from its beginning, and must not keep the window.
   */
  window(range: Range, mode: WindowMode, use?: (window: Window) => unknown): KCall;
}

/** The members of `sys`. Failed calls throw a `SysError` with Mach's code. */
export interface BareSys {
  /** Receives a message (`Message`), waiting for it. */
  receive(port: PortName, options?: ReceiveOptions): KCall;
  /** Sends, waiting for room. */
  send(draft: Draft, options?: SendOptions): KCall;
  /** Sends, and receives the answer on `port`. */
  rpc(draft: Draft, port: PortName, options?: ReceiveOptions): KCall;
  /** A whole message call. */
  msg(call: MsgCall): KCall;
  /** Receives without waiting: null if nothing is queued. */
  poll(port: PortName): KCall;
  /** A kernel call on the calling task itself: its answer. */
  call(request: KernelRequest): KCall;
  /** A kernel call through a send right to a kernel port, wherever that kernel is: its answer. */
  kernelCall(port: PortName, request: KernelRequest): KCall;
  /** Waits for so many milliseconds. */
  sleep(ms: number): KCall;
  /** Waits for ever: until it is cancelled. */
  pause(): KCall;
  /** Lets others run. */
  yield(): KCall;
  /** Ends the thread, without a value; the last one ends the task. `finally` blocks do not run. */
  exit(): KCall;
  /** Milliseconds, never going back, also after a move. */
  now(): number;
  /** A number from 0 up to but not 1. Not for secrets. */
  random(): number;
  /** Starts `call(...args)` as a thread of the task, which runs when it has its turn; answers the future of its end. */
  spawn<A extends readonly unknown[]>(call: (...args: A) => unknown, ...args: A): Future;
  readonly vm: BareMemory;
}

const made = (op: string, a?: unknown, b?: unknown, c?: unknown): KCall => new KCall(op, a, b, c);

const vm: BareMemory = Object.freeze({
  getU8: (address: number) => made('getU8', address),
  getU32: (address: number) => made('getU32', address),
  getI32: (address: number) => made('getI32', address),
  getF64: (address: number) => made('getF64', address),
  setU8: (address: number, value: number) => made('setU8', address, value),
  setU32: (address: number, value: number) => made('setU32', address, value),
  setF64: (address: number, value: number) => made('setF64', address, value),
  read: (address: number, size: number) => made('read', address, size),
  write: (address: number, bytes: Uint8Array) => made('write', address, bytes),
  window: (range: Range, mode: WindowMode, use?: (window: Window) => unknown) => made('window', range, mode, use),
});

/** See the head of this file. */
export const sys: BareSys = Object.freeze({
  receive: (port: PortName, options?: ReceiveOptions) => made('receive', port, options),
  send: (draft: Draft, options?: SendOptions) => made('send', draft, options),
  rpc: (draft: Draft, port: PortName, options?: ReceiveOptions) => made('rpc', draft, port, options),
  msg: (call: MsgCall) => made('msg', call),
  poll: (port: PortName) => made('poll', port),
  call: (request: KernelRequest) => made('call', request),
  kernelCall: (port: PortName, request: KernelRequest) => made('kernelCall', port, request),
  sleep: (ms: number) => made('sleep', ms),
  pause: () => made('pause'),
  yield: () => made('yield'),
  exit: () => made('exit'),
  now: () => timeOf(runningGroup('now'), runningThread('now')),
  random: () => randomOf(runningGroup('random'), runningThread('random')),
  spawn: <A extends readonly unknown[]>(call: (...args: A) => unknown, ...args: A): Future => spawn(call, args),
  vm,
});
