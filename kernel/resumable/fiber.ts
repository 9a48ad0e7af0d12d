/**
 * Fibers and what they wait for. A fiber is a stack of frames; one that waits is the state of a kernel thread. Records
 * and their settling stand in one file, as they refer to each other. All of it is data that moves with the task, but
 * for the fields marked "not moved".
 */
import type { Thread } from '../kernel.ts';
import { interrupt } from '../trap.ts';
import type { KCall } from './call.ts';
import { Awaitable, type Frame, MODE_NEXT, MODE_THROW, type Mode } from './frame.ts';
import { runningThread } from './register.ts';
import { E_CANCELLED, SysError } from './sys-error.ts';

/** What the fibers of one program share: one to each thread that the kernel started, and passed on to all it starts. */
export class Group {
  /** What `sys` calls answered last as the time, and what is added to the kernel's clock, in milliseconds. */
  lastTime = 0;
  offset = 0;
  /** The four words of the random generator; null until it is first used. */
  random: [number, number, number, number] | null = null;
  /** Name of the port that sleepers wait at, to which nobody sends; 0 until somebody sleeps. */
  sleepPort = 0;
  /** Names of reply ports that nobody waits at: as many as were in use at one time (`sys/rpc.ts`). */
  readonly replyPorts: number[] = [];
}

/** Its call (`wait`) is to be carried out: not yet done, or to be done again after a page fault. */
export const PHASE_CALL = 0;
/** Its call is parked in the kernel: the thread's result is its outcome. */
export const PHASE_PARKED = 1;
/** It is paused until a future (`wait`) is settled. */
export const PHASE_PAUSED = 2;
/** It goes on with `mode` and `value`. */
export const PHASE_READY = 3;

/** One line of calls. */
export class Fiber {
  readonly group: Group;
  /** Outermost first. Empty: a kernel call by itself, whose outcome is the fiber's. */
  readonly stack: Frame[] = [];
  phase: 0 | 1 | 2 | 3 = PHASE_READY;
  wait: KCall | Future | null = null;
  mode: Mode = MODE_NEXT;
  value: unknown = undefined;
  /** Who is told how it ends; null for the fiber that the thread was started with. */
  readonly end: Future | JoinSlot | null;
  /** It was told to stop, and throws `reason` at its next wait. */
  isCancelled = false;
  reason: unknown = undefined;
  /** The thread whose state it is. Not moved: null after a move, and found again (`threadOf`). */
  thread: Thread | null = null;

  constructor(group: Group, end: Future | JoinSlot | null) {
    this.group = group;
    this.end = end;
  }
}

/** A value that comes later. May be awaited any number of times, by any fiber of the task. */
export class Future extends Awaitable {
  /** 0 until it is settled, then 1 with a value, 2 with what was thrown. */
  settled: 0 | 1 | 2 = 0;
  value: unknown = undefined;
  /** In the order in which they began to wait. Null once it is settled. */
  waiting: (Fiber | JoinSlot)[] | null = [];
  /** Whose end it is; null once that is over, and of futures that are no fiber's end. */
  fiber: Fiber | null = null;

  /**
   * Stops the fiber: `reason` (by default a `SysError` E_CANCELLED) is thrown where it waits, or at its next wait. A
   * message that it was sending comes back to the task; one that it has received already, it gets. False if it is over.
   */
  cancel(reason: unknown = new SysError(E_CANCELLED, 'cancel')): boolean {
    const { fiber } = this;
    if (fiber === null || this.settled !== 0) return false;
    cancelFiber(fiber, reason);
    return true;
  }
}

/** How a join is settled. */
export type JoinKind = 'all' | 'allSettled' | 'race' | 'any';

/** Several items awaited as one. */
export class Join extends Future {
  readonly kind: JoinKind;
  /** Items whose outcome it still needs. */
  left = 0;
  /** Outcomes so far, by item: values (`all`), records (`allSettled`), errors (`any`). */
  readonly outcomes: unknown[] = [];

  constructor(kind: JoinKind) {
    super();
    this.kind = kind;
  }
}

/** The place of one item in a join. */
export class JoinSlot {
  readonly join: Join;
  readonly index: number;

  constructor(join: Join, index: number) {
    this.join = join;
    this.index = index;
  }
}

/** Settles a future; a second time changes nothing. Fibers that wait for it become runnable, in order. */
export const settleFuture = (future: Future, mode: Mode, value: unknown): void => {
  if (future.settled !== 0) return;
  future.settled = mode === MODE_THROW ? 2 : 1;
  future.value = value;
  future.fiber = null;
  const { waiting } = future;
  future.waiting = null;
  for (const each of waiting ?? []) {
    if (each instanceof JoinSlot) settleSlot(each, mode, value);
    else wakeFiber(each, mode, value);
  }
};

/** Whoever is told of an end. */
export const settleEnd = (end: Future | JoinSlot, mode: Mode, value: unknown): void => {
  if (end instanceof JoinSlot) settleSlot(end, mode, value);
  else settleFuture(end, mode, value);
};

/** One item of a join has its outcome. */
export const settleSlot = ({ join, index }: JoinSlot, mode: Mode, value: unknown): void => {
  if (join.settled !== 0) return;
  const isThrown = mode === MODE_THROW;
  if (join.kind === 'race' || (join.kind === 'all' && isThrown) || (join.kind === 'any' && !isThrown)) {
    settleFuture(join, mode, value);
    return;
  }
  join.outcomes[index] = join.kind === 'allSettled' ? settlement(isThrown, value) : value;
  join.left -= 1;
  completeJoin(join);
};

const settlement = (isThrown: boolean, value: unknown): object =>
  isThrown ? { status: 'rejected', reason: value } : { status: 'fulfilled', value };

/** Settles a join that waits for no item any more. */
export const completeJoin = (join: Join): void => {
  if (join.left > 0 || join.settled !== 0 || join.kind === 'race') return;
  if (join.kind !== 'any') settleFuture(join, MODE_NEXT, join.outcomes);
  else settleFuture(join, MODE_THROW, new AggregateError(join.outcomes, 'All promises were rejected'));
};

/** The kernel thread that a fiber is the state of; null before it has waited for anything, and once it is over. */
export const threadOf = (fiber: Fiber, near: Thread): Thread | null => {
  if (fiber.thread !== null) return fiber.thread;
  for (const thread of near.task.threads) {
    if (thread.state !== fiber) continue;
    fiber.thread = thread;
    return thread;
  }
  return null;
};

const wakeFiber = (fiber: Fiber, mode: Mode, value: unknown): void => {
  if (fiber.phase !== PHASE_PAUSED) return;
  fiber.phase = PHASE_READY;
  fiber.wait = null;
  fiber.mode = mode;
  fiber.value = value;
  const thread = threadOf(fiber, runningThread('wake'));
  if (thread?.run === 'waiting' && thread.waitsFor === 'state') thread.wake();
};

const cancelFiber = (fiber: Fiber, reason: unknown): void => {
  const near = runningThread('cancel');
  fiber.isCancelled = true;
  fiber.reason = reason;
  if (fiber.phase !== PHASE_PAUSED) {
    const thread = threadOf(fiber, near);
    if (thread !== null && thread !== near) interruptThread(fiber, thread);
    return;
  }
  const { wait } = fiber;
  if (wait !== null && 'waiting' in wait) wait.waiting = wait.waiting?.filter((each) => each !== fiber) ?? null;
  fiber.isCancelled = false;
  fiber.reason = undefined;
  wakeFiber(fiber, MODE_THROW, reason);
};

const interruptThread = (fiber: Fiber, thread: Thread): void => {
  if (thread.run === 'waiting' && thread.waitsFor === 'state') {
    fiber.phase = PHASE_CALL; // `sys.pause()`: made again, it finds that it is cancelled
    thread.wake();
  } else interrupt(thread.task.kernel, thread);
};
