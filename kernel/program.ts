/** What a program sees of the kernel, whatever kind of program it is: the trap interface. Types only. */
import type { Body } from '../ports/body.ts';
import type { Draft } from '../ports/draft.ts';
import type { MachMsgReturn, SpecialBit } from '../ports/kern-return.ts';
import type { PortName } from '../ports/name.ts';
import type { Received } from '../ports/port.ts';
import type { Answer, KernelRequest } from './interface/calls.ts';
import type { LogicalCall } from './interface/inspect.ts';
import type { Range, Window, WindowMode } from './vm/window.ts';

/** The send half of a message call. Without `timeoutMs` it waits for room for ever. */
export interface SendOptions {
  readonly timeoutMs?: number;
  /** SEND_NOTIFY: force the message into a full queue and be told on this port when it leaves. */
  readonly notify?: PortName;
  /** SEND_CANCEL: withdraw the dead-name request of the name that the send uses up, if it would tell this port. */
  readonly cancel?: PortName;
}

/** The receive half of a message call. Without `timeoutMs` it waits for ever. */
export interface ReceiveOptions {
  readonly timeoutMs?: number;
  /** RCV_LARGE: leave a message that is larger than `limit` bytes in the queue. */
  readonly large?: boolean;
  readonly limit?: number;
  /** RCV_NOTIFY: ask for a dead-name notification on the reply right of what is received. */
  readonly notify?: PortName;
}

/** A whole message call, as data. */
export interface MsgCall {
  readonly send?: Draft;
  readonly sendOptions?: SendOptions;
  readonly receive?: PortName;
  readonly receiveOptions?: ReceiveOptions;
}

/** Outcome of the call that a thread was parked in. One per thread; valid until the thread parks again. */
export interface Result {
  /** The code. A number only where somebody wrote it there with `thread_set_state`. */
  kr: MachMsgReturn | number;
  bits: readonly SpecialBit[] | null;
  /** What was received, or (`returned`) what came back from a send that failed in delivery. */
  message: Received | null;
  returned: boolean;
  /** RCV_LARGE and too large: the size needed, and the port. */
  size: number;
  local: PortName;
  /** Why a body was refused: the path to the culprit. */
  why: string | null;
  /** Answer of a `kernelCall`. */
  answer: Answer | null;
}

/**
 * A task's memory as its program uses it. Each accessor may throw a page fault, which only the kernel catches: see
 * `kernel/README.md`, "Restartable handlers". Numbers are little-endian and may lie at any address.
 */
export interface ProgramMemory {
  getU8(address: number): number;
  getU32(address: number): number;
  getI32(address: number): number;
  getF64(address: number): number;
  setU8(address: number, value: number): void;
  /** Also for negative numbers. */
  setU32(address: number, value: number): void;
  setF64(address: number, value: number): void;
  /** Copies bytes out of memory into `target`. */
  read(address: number, target: Uint8Array): void;
  /** Copies bytes into memory, all or none. */
  write(address: number, bytes: Uint8Array): void;
  /**
   * Opens a window on a range: whatever may fault does so now, and no more until the window is used after a call that
   * changed memory. For writing the range is made private and counts as written.
   */
  window(range: Range, mode: WindowMode): Window;
}

/**
 * What a thread can ask of its kernel. The calls of the first group answer at once, those of the second park the
 * thread.
 */
export interface Sys {
  /** Virtual or real time in milliseconds. */
  now(): number;
  /** Sends without waiting: TIMED_OUT if there is no room, and then no right has been taken or made. */
  send(draft: Draft): MachMsgReturn;
  /** Receives without waiting; null if nothing is queued or the name is no receive right. */
  poll(name: PortName): Received | null;
  /** A kernel call on the calling task itself. */
  call(request: KernelRequest): Answer;
  /** The task's memory. */
  readonly vm: ProgramMemory;

  /** Parks in a receive. */
  receive(name: PortName, options?: ReceiveOptions): void;
  /** Parks in a send, then (if `name` is given) in a receive: `mach_msg` with both options. */
  rpc(draft: Draft, name: PortName, options?: ReceiveOptions): void;
  /** Parks in a message call given as data. */
  msg(call: MsgCall): void;
  /** Parks in a kernel call through a send right to a kernel port, wherever that kernel is. */
  kernelCall(port: PortName, request: KernelRequest): void;
  /** Parks until somebody sets the thread's state. */
  pause(): void;
  /** Parks only to let others run. */
  yield(): void;
  /** Ends the thread; the last one ends the task. */
  exit(): void;
}

/** States of threads as data. */
export interface FrozenStates {
  readonly kind: 'frozen';
  /** What a message body may hold. */
  readonly heap: Body;
  readonly bytes: number;
  /** The deepest part of a state that still holds half of all or more, by the state's index; null if none does. */
  readonly heaviest: { readonly index: number; readonly path: string; readonly bytes: number } | null;
}

/** Why states cannot be data: which of them, the path to the culprit, the reason and its code. */
export interface StateRefusal {
  readonly kind: 'refused';
  readonly index: number;
  readonly why: string;
}

/**
 * Makes data of states that are more than plain data. Threads of one task whose programs have the same codec are
 * encoded together: they may share objects.
 */
export interface StateCodec {
  /** Changes nothing. `programs[i]` is that of `states[i]`. */
  encode(programs: readonly Program[], states: readonly object[]): FrozenStates | StateRefusal;
  /** The states anew, or why not: then nothing has happened. Trusts nothing in `heap`. */
  decode(programs: readonly Program[], heap: unknown): readonly object[] | string;
}

/** What a thread runs. `resume` runs it from one parked call to the next, and never waits. */
export interface Program {
  readonly name: string;
  /** Names the code: two programs with the same hash are the same program. */
  readonly hash: string;
  /** SHA-256 of the text that it was compiled to, where that can be had: another node checks by it what it is sent. */
  readonly textHash?: string;
  /** Hashes of the program modules that it brings: what its threads hold of code is named by them. */
  readonly modules?: readonly string[];
  /** Makes the state that a new thread starts with. */
  start(args: unknown): object;
  resume(sys: Sys, state: object, result: Result): void;
  /** A thread has ended, by itself or not, and its task lives on. It may wake other threads of the task. */
  terminated?(state: object, thread: object): void;
  /** The calls that a thread at rest is in, innermost first. By default one: its state, named by `state.at`. */
  inspect?(state: object): readonly HeldCall[];
  /** Makes data of its states; absent if they are data. */
  readonly image?: StateCodec;
}

/** A call as a debugger sees it: where it waits, and its variables by their source names. */
export interface HeldCall extends LogicalCall {
  readonly locals: readonly (readonly [string, unknown])[];
}
