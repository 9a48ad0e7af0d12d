/**
 * The driver: runs the steps of fibers, carries out the kernel calls they await, and parks the ones that wait. No
 * promise and no closure is made on the way. A fiber gives way at every await while its task has other threads, so that
 * fibers of one task take turns as functions of one JavaScript program do.
 */
import { Thread } from '../kernel.ts';
import type { Result } from '../program.ts';
import { issueFirst } from '../scheduler.ts';
import { sysOf } from '../sys.ts';
import { isFault } from '../vm/access.ts';
import { KCall } from './call.ts';
import { type Fiber, Future, PHASE_CALL, PHASE_PARKED, PHASE_PAUSED, PHASE_READY, settleEnd } from './fiber.ts';
import {
  Awaitable,
  Delegate,
  ENDED,
  Enter,
  Frame,
  MODE_DELEGATED,
  MODE_NEXT,
  MODE_THROW,
  MODE_YIELDED,
  type Mode,
  Yielded,
} from './frame.ts';
import { outcome, park, perform } from './ops.ts';
import { chunksOf, enter, leave, turnTo } from './register.ts';
import { E_EXITED, E_NOT_AWAITABLE, E_STALE_WINDOW, SysError } from './sys-error.ts';
import { traceCall, traceThrown } from './trace.ts';

/** Awaits that a fiber may have answered in one turn before others run. */
const AWAITS_PER_TURN = 64;
/** Steps of nested calls in a row, without an await of anything else, before others run. */
const STEPS_PER_AWAIT = 1024;
/** Calls one inside the other. */
const DEPTH_MAX = 10_000;

/** What `advance` answers when the fiber is over; its outcome is in `mode` and `value`. */
const OVER: unique symbol = Symbol('over');
/** The fiber has made many steps, and goes on later with `mode` and `value`. */
const BREATHE: unique symbol = Symbol('breathe');

/** Runs steps until something other than a call of the program's own is awaited, and answers that. Hot path. */
const advance = (fiber: Fiber, firstMode: Mode, firstValue: unknown): unknown => {
  const { stack } = fiber;
  let mode = firstMode;
  let value = firstValue;
  let steps = STEPS_PER_AWAIT;
  for (let depth = stack.length; depth > 0; depth = stack.length) {
    steps -= 1;
    if (steps === 0) return breathe(fiber, mode, value);
    const frame = stack[depth - 1] as Frame;
    let out: unknown;
    try {
      out = frame.$step(mode, value);
    } catch (thrown) {
      value = thrownBy(fiber, thrown);
      mode = MODE_THROW;
      frame.$n = ENDED;
      stack.pop();
      continue;
    }
    if (frame.$n === ENDED) stack.pop();
    if (out instanceof KCall) return out;
    if (!(out instanceof Awaitable)) {
      if (frame.$n !== ENDED) return out;
      mode = MODE_NEXT;
      value = out;
      continue;
    }
    if (out instanceof Future) return out;
    mode = MODE_NEXT;
    value = undefined;
    if (out instanceof Frame) {
      const refusal = push(stack, out);
      if (refusal === null) continue;
      mode = MODE_THROW;
      value = refusal;
    } else if (out instanceof Enter) {
      stack.push(out.frame);
      mode = out.mode;
      value = out.value;
    } else if (out instanceof Yielded || out instanceof Delegate) {
      stack.pop();
      mode = out instanceof Yielded ? MODE_YIELDED : MODE_DELEGATED;
      value = out instanceof Yielded ? out.value : out.target;
    }
  }
  fiber.mode = mode;
  fiber.value = value;
  return OVER;
};

const breathe = (fiber: Fiber, mode: Mode, value: unknown): typeof BREATHE => {
  fiber.mode = mode;
  fiber.value = value;
  return BREATHE;
};

/** The error that a step has thrown, with the logical stack. A page fault cannot be repeated there, and is an error. */
const thrownBy = (fiber: Fiber, thrown: unknown): unknown => {
  const error = isFault(thrown)
    ? new SysError(E_STALE_WINDOW, 'window', 'memory is used inside a kernel call only')
    : thrown;
  traceThrown(fiber, error);
  return error;
};

const push = (stack: Frame[], frame: Frame): Error | null => {
  if (frame.$n !== 0) return new SysError(E_NOT_AWAITABLE, 'await', 'this call has been awaited already');
  if (stack.length >= DEPTH_MAX) return new RangeError('Maximum call stack size exceeded');
  stack.push(frame);
  return null;
};

/**
 * Waits for what `advance` has answered. True if there is nothing to wait for: the fiber goes on with `mode` and
 * `value`. False if the thread is parked. Throws only page faults, and may then be called again (`PHASE_CALL`).
 */
const settle = (fiber: Fiber, thread: Thread, out: unknown): boolean => {
  if (out instanceof KCall) return carryOut(fiber, thread, out);
  if (out instanceof Future && out.settled === 0) {
    if (fiber.isCancelled) return cancelled(fiber);
    fiber.phase = PHASE_PAUSED;
    fiber.wait = out;
    out.waiting?.push(fiber);
    thread.parked.op = 'pause';
    return false;
  }
  fiber.phase = PHASE_READY;
  if (out === BREATHE) return true;
  if (out instanceof Future) {
    fiber.mode = out.settled === 2 ? MODE_THROW : MODE_NEXT;
    fiber.value = out.value;
  } else takeValue(fiber, out);
  return true;
};

/** A value is awaited. It is the program's own: looking at its `then` may throw, as `await` does in that case. */
const takeValue = (fiber: Fiber, value: unknown): void => {
  fiber.mode = MODE_NEXT;
  fiber.value = value;
  try {
    if (!isThenable(value)) return;
    fiber.value = new SysError(E_NOT_AWAITABLE, 'await', 'a promise of the host cannot move: ask through a port');
    traceCall(fiber, fiber.value);
  } catch (thrown) {
    fiber.value = thrown;
  }
  fiber.mode = MODE_THROW;
};

const isThenable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

const cancelled = (fiber: Fiber): true => {
  fiber.phase = PHASE_READY;
  fiber.wait = null;
  fiber.mode = MODE_THROW;
  fiber.value = fiber.reason;
  fiber.isCancelled = false;
  fiber.reason = undefined;
  return true;
};

const carryOut = (fiber: Fiber, thread: Thread, call: KCall): boolean => {
  if (fiber.isCancelled) return cancelled(fiber);
  const sys = sysOf(thread);
  fiber.wait = call;
  fiber.phase = PHASE_CALL;
  try {
    if (park(thread, sys, call, fiber.group)) {
      fiber.phase = PHASE_PARKED;
      if (call.op === 'exit') exited(fiber);
      return false;
    }
    fiber.value = perform(sys, call);
    fiber.mode = MODE_NEXT;
  } catch (thrown) {
    if (isFault(thrown)) throw thrown;
    fiber.mode = MODE_THROW;
    fiber.value = thrown;
    traceCall(fiber, thrown);
  }
  fiber.wait = null;
  fiber.phase = PHASE_READY;
  return true;
};

const exited = ({ end }: Fiber): void => {
  if (end !== null) settleEnd(end, MODE_THROW, new SysError(E_EXITED, 'exit', 'the thread has ended itself'));
};

/** Brings the outcome of the parked call into the fiber. */
const collect = (fiber: Fiber, call: KCall, result: Result): void => {
  fiber.wait = null;
  fiber.phase = PHASE_READY;
  try {
    fiber.value = outcome(call, result);
    fiber.mode = MODE_NEXT;
  } catch (thrown) {
    if (fiber.isCancelled) {
      cancelled(fiber);
      return;
    }
    fiber.mode = MODE_THROW;
    fiber.value = thrown;
    traceCall(fiber, thrown);
  }
};

/**
 * One turn of the thread whose state is `fiber`: from the outcome of its parked call to the next. Ends by parking a
 * call; by throwing a page fault, after which it is called again; or by throwing what ends the thread. Hot path.
 */
export const resumeFiber = (fiber: Fiber, thread: Thread, result: Result, chunks: number): void => {
  enter(thread, fiber, chunks);
  fiber.thread = thread;
  try {
    const { wait } = fiber;
    let ready = true;
    if (fiber.phase === PHASE_PARKED) collect(fiber, wait as KCall, result);
    else if (fiber.phase === PHASE_CALL) ready = settle(fiber, thread, wait);
    else if (fiber.phase === PHASE_PAUSED) {
      thread.parked.op = 'pause'; // woken by somebody who is not waited for
      return;
    }
    if (ready) run(fiber, thread, chunks - (chunks >> 3));
  } finally {
    leave();
  }
};

const run = (fiber: Fiber, thread: Thread, chunksKept: number): void => {
  for (let awaits = AWAITS_PER_TURN; ; awaits -= 1) {
    const out = advance(fiber, fiber.mode, fiber.value);
    if (out === OVER) return end(fiber, thread);
    if (!settle(fiber, thread, out)) return;
    if (thread.run === 'dead') return; // by the call that it has just made
    if (!givesWay(thread) && awaits > 0 && chunksOf() >= chunksKept && out !== BREATHE) continue;
    thread.parked.op = 'yield';
    return;
  }
};

const givesWay = (thread: Thread): boolean => thread.task.threads.size > 1 || thread.isStopped;

/** A fiber is over: who waits for it is told, and its thread ends. */
const end = (fiber: Fiber, thread: Thread): void => {
  const { end: told, mode, value } = fiber;
  const isHeard = told !== null && (!(told instanceof Future) || (told.waiting?.length ?? 0) > 0);
  if (told !== null) settleEnd(told, mode, value);
  if (mode === MODE_THROW && !isHeard) throw value;
  thread.parked.op = 'exit';
};

/**
 * Starts a fiber inside a step: it runs to its first await of anything but its own calls, and becomes a thread of the
 * task there. Its first call is made at once. One that does not wait needs no thread.
 */
export const beginFiber = (fiber: Fiber, near: Thread): void => {
  const before = turnTo(fiber);
  try {
    const out = fiber.phase === PHASE_CALL ? fiber.wait : advance(fiber, fiber.mode, fiber.value);
    if (out !== OVER) becomeThread(fiber, near, out);
    else if (fiber.end !== null) settleEnd(fiber.end, fiber.mode, fiber.value);
  } finally {
    if (before !== null) turnTo(before);
  }
};

const becomeThread = (fiber: Fiber, near: Thread, out: unknown): void => {
  const { task, program } = near;
  const { kernel } = task;
  const thread = new Thread(task, program, fiber);
  task.threads.add(thread);
  fiber.thread = thread;
  try {
    if (settle(fiber, thread, out)) kernel.makeRunnable(thread);
    else issueFirst(kernel, thread);
  } catch (thrown) {
    if (!isFault(thrown)) throw thrown;
    kernel.fault(thread, thrown);
  }
};
