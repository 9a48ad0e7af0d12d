/** What can be seen of a thread that is not running: its logical stack, and what its calls hold. */

/** One call of a logical stack. Of a machine it is the handler that runs next, which has no place. */
export interface LogicalCall {
  readonly name: string;
  /** Where in the source it waits: lines and columns from 1; null where the program does not say. */
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** What a thread waits for, as far as it waits. */
export interface LogicalWait {
  /** In words: the kernel call that it is in, or `runnable`. */
  readonly call: string;
  /** The port of that call, a name of its task. */
  readonly port: number | null;
  /** Milliseconds until the call times out; null if it never does. */
  readonly remainingMs: number | null;
}

/** A thread's logical stack, innermost call first. */
export interface ThreadStack {
  /** Number of the thread in its kernel. */
  readonly thread: number;
  readonly program: string;
  readonly hash: string;
  readonly run: string;
  readonly suspendCount: number;
  readonly waits: LogicalWait;
  readonly calls: readonly LogicalCall[];
  /** Calls that are not told, because there are too many. */
  readonly more: number;
}

/** A local variable by its source name, in short. */
export interface LocalText {
  readonly name: string;
  /** At most `LOCAL_TEXT_MAX` characters. A number that is also a port name of the task says so. */
  readonly text: string;
}

/** What one call of a stack holds. */
export interface CallLocals {
  readonly call: LogicalCall;
  readonly locals: readonly LocalText[];
  /** Variables that are not told, because there are too many. */
  readonly more: number;
}

/** Threads of a task that are told. */
export const THREADS_TOLD_MAX = 200;
/** Calls of a stack that are told. */
export const STACK_CALLS_MAX = 64;
/** Variables of one call that are told. */
export const LOCALS_MAX = 100;
/** Characters of one value. */
export const LOCAL_TEXT_MAX = 160;

/**
 * Calls on a thread port for who debugs. KERN_INVALID_ARGUMENT of a thread on itself, or for a call that is not there.
 */
export type InspectRequest =
  /** Answers the fields of `ThreadStack`. */
  | { readonly op: 'thread_get_stack' }
  /** What the call number `frame` holds, 0 being the innermost: the fields of `CallLocals`. */
  | { readonly op: 'thread_get_locals'; readonly frame: number };
