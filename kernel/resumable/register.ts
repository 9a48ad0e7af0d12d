/**
 * The one register: which fiber runs now, on which thread. Steps are called without a handle on the thread they run
 * for, because `sys` is one object for all of them; what they do at once (`sys.now`, `Join.all`) finds its thread here.
 * Set while a step runs and null in between. The only variables at module level in the sources, and the law that
 * forbids them names this file (`test/support/source-purity.ts`).
 */
import type { Thread } from '../kernel.ts';
import { E_BUDGET, E_NOT_RUNNING, SysError } from './sys-error.ts';

let thread: Thread | null = null;
let state: object | null = null;
let chunksLeft = 0;

/** Loop edges that compiled code makes between two calls of `spend`. */
export const EDGES_PER_SPEND = 4096;

/** A turn of a thread begins: its steps may use so many chunks of loop edges until the next turn. */
export const enter = (current: Thread, fiber: object, chunks: number): void => {
  thread = current;
  state = fiber;
  chunksLeft = chunks;
};

/** The turn is over. */
export const leave = (): void => {
  thread = null;
  state = null;
};

/** Does something for a fiber from outside of its turn: in that of another, or in none. */
export const within = (current: Thread, fiber: object, act: () => void): void => {
  const isTurn = thread !== null;
  if (!isTurn) enter(current, fiber, 0);
  try {
    act();
  } finally {
    if (!isTurn) leave();
  }
};

/** A fiber of the same turn runs from now on; answers who ran before. */
export const turnTo = (fiber: object): object | null => {
  const before = state;
  state = fiber;
  return before;
};

/** Chunks of loop edges that the turn may still use. */
export const chunksOf = (): number => chunksLeft;

/** The thread whose step runs now. Throws E_NOT_RUNNING if none does. */
export const runningThread = (what: string): Thread => {
  if (thread === null) throw new SysError(E_NOT_RUNNING, what, 'only a running program may ask for it');
  return thread;
};

/** The fiber whose step runs now, null if none does. */
export const runningFiber = (): object | null => state;

/**
 * (Compiled code) `EDGES_PER_SPEND` loop edges have been made. Answers 0; throws E_BUDGET if the turn has used all it
 * may, and from then on at every call until the turn ends. Functions called from outside of any turn go on for ever.
 */
export const spend = (): number => {
  if (thread === null) return 0;
  chunksLeft -= 1;
  if (chunksLeft >= 0) return 0;
  throw new SysError(E_BUDGET, 'loop', 'a loop went on for too long: await something in it, such as sys.yield()');
};
