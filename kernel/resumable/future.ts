/** Calls that are not awaited at once: `start` makes a fiber of each, and a future for its end. */
import type { Thread } from '../kernel.ts';
import { createThread } from '../lives.ts';
import { KCall } from './call.ts';
import { beginFiber } from './driver.ts';
import { Fiber, Future, type Group, type JoinSlot, PHASE_CALL, settleFuture } from './fiber.ts';
import { Frame, MODE_NEXT, MODE_THROW } from './frame.ts';
import { runningFiber, runningThread } from './register.ts';
import { SysError } from './sys-error.ts';

/** Threads, and so waiting fibers, of one task. */
export const THREADS_MAX = 16_384;

/** A frame or kernel call that has not begun. */
export type Unstarted = Frame | KCall;

/** True for a call that has been made and not begun. */
export const isUnstarted = (value: unknown): value is Unstarted =>
  value instanceof KCall || (value instanceof Frame && value.$n === 0);

/** The group of the fiber that runs now. Throws E_NOT_RUNNING outside of any. */
export const runningGroup = (what: string): Group => {
  runningThread(what);
  return (runningFiber() as Fiber).group;
};

/** A fiber for a call, which `end` hears of. It has not begun. */
export const fiberFor = (call: Unstarted, group: Group, end: Future | JoinSlot | null): Fiber => {
  const fiber = new Fiber(group, end);
  if (call instanceof Frame) fiber.stack.push(call);
  else {
    fiber.phase = PHASE_CALL;
    fiber.wait = call;
  }
  return fiber;
};

/** Starts a fiber for a call. Throws KERN_RESOURCE_SHORTAGE beyond `THREADS_MAX`. */
export const startFor = (call: Unstarted, end: Future | JoinSlot): Fiber => {
  const near = runningThread('start');
  checkRoom(near);
  const fiber = fiberFor(call, runningGroup('start'), end);
  if (end instanceof Future) end.fiber = fiber;
  beginFiber(fiber, near);
  return fiber;
};

const checkRoom = ({ task }: Thread): void => {
  if (task.threads.size < THREADS_MAX) return;
  throw new SysError('KERN_RESOURCE_SHORTAGE', 'start', `a task has at most ${THREADS_MAX} threads`);
};

/**
 * (Compiled code) A call whose value is kept, not awaited: it begins now, and runs on beside its caller. Answers the
 * future of its end; whatever is no unstarted call passes through.
 */
export const start = (value: unknown): unknown => {
  if (!isUnstarted(value)) return value;
  const future = new Future();
  startFor(value, future);
  return future;
};

/** A future that has its value already. */
export const settledFuture = (isThrown: boolean, value: unknown): Future => {
  const future = new Future();
  settleFuture(future, isThrown ? MODE_THROW : MODE_NEXT, value);
  return future;
};

/**
 * Makes a thread of the task for `call(...args)`, which begins when it has its turn. Answers the future of its end.
 * Throws a TypeError if that is no resumable function.
 */
export const spawn = <A extends readonly unknown[]>(call: (...args: A) => unknown, args: A): Future => {
  const near = runningThread('spawn');
  const made = call(...args);
  if (!isUnstarted(made)) throw new TypeError('spawn: an async function of a program is wanted');
  const future = new Future();
  checkRoom(near);
  future.fiber = fiberFor(made, runningGroup('spawn'), future);
  future.fiber.thread = createThread(near.task, near.program, future.fiber);
  return future;
};
