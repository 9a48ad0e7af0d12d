/** Stops a task for a move and lets it go on: nothing it or anybody else can see tells that it was stopped. */

import { Port, type SendWait } from '../../ports/port.ts';
import { admitBlocked } from '../../ports/queue.ts';
import { receivable } from '../../ports/receive.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { wakeIfReady } from '../lives.ts';
import { collect } from '../trap.ts';
import { figures } from '../vm/describe.ts';

/** Why a thread cannot be frozen now, by name; null if it can. Such a wait ends by itself, so the mover asks again. */
export const blockerOf = (thread: Thread): string | null => {
  switch (thread.waitsFor) {
    case 'answer':
      return thread.run === 'waiting' ? `thread ${thread.serial} waits for the answer of a kernel call` : null;
    case 'memory':
      return `thread ${thread.serial} waits for a pager, to send its memory`;
    case 'exception':
      return `thread ${thread.serial} waits for an exception handler`;
    default:
      return thread.run === 'on-processor' ? `thread ${thread.serial} is on a processor` : null;
  }
};

/** Everything that keeps a task from moving now. Empty if nothing does. */
export const blockersOf = (task: Task): string[] => {
  const blockers = task.pinned === null ? [] : [`task ${task.name} is pinned: ${task.pinned}`];
  for (const thread of task.threads) {
    const blocker = blockerOf(thread);
    if (blocker !== null) blockers.push(blocker);
  }
  const { awaited, paged, shared } = figures(task.memory);
  if (awaited > 0) {
    blockers.push(
      `${awaited} memory objects of ${task.name} are still paged from elsewhere; drain the last move first`,
    );
  }
  if (paged > 0) blockers.push(`${paged} memory objects of ${task.name} belong to external pagers; unmap them first`);
  if (shared > 0) blockers.push(`${shared} memory objects of ${task.name} are shared with other tasks`);
  return blockers;
};

/** Freezes a task that has no blockers. Receives leave their queues; sends keep their places, held. */
export const freezeTask = (kernel: Kernel, task: Task): void => {
  for (const thread of task.threads) {
    if (thread.run === 'runnable' && thread.waitsFor !== 'none') settleWait(kernel, thread);
  }
  task.isFrozen = true;
  for (const thread of task.threads) {
    if (thread.timer !== null) thread.timer.live = false;
    thread.timer = null;
    if (thread.waitsFor === 'receive') thread.receiver.leave();
    if (thread.waitsFor === 'page') thread.leavePage();
    if (thread.sending !== null) thread.sending.isHeld = true;
  }
  kernel.life.record(kernel.now, 'frozen', task.space.identity.token, { name: task.name });
};

/**
 * A thread whose wait has ended takes its outcome now, so that no image has to tell an ended wait from a running one.
 */
const settleWait = (kernel: Kernel, thread: Thread): void => {
  if (collect(kernel, thread)) thread.run = 'runnable';
};

/** Milliseconds left of a thread's wait; null without a deadline. */
export const remainingMs = (kernel: Kernel, thread: Thread): number | null =>
  thread.run === 'waiting' && thread.deadline !== Number.POSITIVE_INFINITY
    ? Math.max(0, thread.deadline - kernel.now)
    : null;

/** Lets a frozen task go on. A blocked call goes on waiting with the time it had left. */
export const thawTask = (kernel: Kernel, task: Task): void => {
  task.isFrozen = false;
  for (const thread of task.threads) {
    if (thread.run === 'waiting') rearm(kernel, thread);
    else wakeIfReady(thread);
  }
  kernel.life.record(kernel.now, 'running', task.space.identity.token, { name: task.name });
};

const rearm = (kernel: Kernel, thread: Thread): void => {
  if (thread.waitsFor === 'page') {
    thread.waitsFor = 'none';
    thread.run = 'runnable';
    wakeIfReady(thread);
    return;
  }
  if (thread.waitsFor === 'receive') requeueReceive(thread);
  const held = thread.sending;
  if (held !== null) release(kernel, held);
  if (thread.run === 'waiting' && thread.deadline !== Number.POSITIVE_INFINITY) {
    thread.timer = kernel.timers.add(thread.deadline, thread);
    kernel.environment.pump.deadline(kernel.timers.next);
  }
};

/** Issues the receive again: what came meanwhile is there, in order. */
const requeueReceive = (thread: Thread): void => {
  const { space } = thread.task;
  const target = receivable(space, thread.parked.receive);
  const wait = thread.receiver;
  if (typeof target === 'string') {
    wait.outcome.kr = target === 'MACH_RCV_IN_SET' ? 'MACH_RCV_PORT_CHANGED' : space.ipc.profile.receiverGone;
    thread.wake();
    return;
  }
  wait.joinQueue(target);
  const port = target instanceof Port ? target : target.ready.at(0);
  const message = port?.queue?.at(0);
  if (port === undefined || message === undefined) return;
  wait.leave();
  if (!(target instanceof Port)) target.ready.shift();
  port.dequeue();
  space.ipc.messages -= 1;
  thread.deliver(message);
  admitBlocked(space.ipc, port);
};

const release = (kernel: Kernel, wait: SendWait): void => {
  wait.isHeld = false;
  admitBlocked(kernel.ipc, wait.port);
};
