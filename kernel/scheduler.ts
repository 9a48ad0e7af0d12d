/**
 * Who runs next: as the run queue says, one slice at a time, until the queue is empty or the step budget is spent.
 * Deterministic: the order depends on nothing but the calls made. Never called from within itself; the pump decides
 * when.
 */
import { settle } from '../ports/fate.ts';
import type { Kernel, Thread } from './kernel.ts';
import { issueKernelCall } from './kernel-call.ts';
import { terminateTask, terminateThread } from './lives.ts';
import type { Sys } from './program.ts';
import { sysOf } from './sys.ts';
import { collect, issueMsg, timeOut } from './trap.ts';
import { isFault } from './vm/access.ts';

/** Parked calls that one thread may make before the next runs. */
const SLICE = 64;
/** Slices between two looks at the clock. */
const CLOCK_EVERY = 256;

/**
 * Runs threads for at most `steps` parked calls and answers how many were used. Below `steps` nothing is left to run.
 */
export const runKernel = (kernel: Kernel, steps: number): number => {
  kernel.answered();
  expireTimers(kernel);
  let used = 0;
  let slices = 0;
  while (used < steps) {
    const thread = kernel.runQueue.shift();
    if (thread === undefined) break;
    thread.isQueued = false;
    slices += 1;
    if (slices % CLOCK_EVERY === 0) kernel.lately = kernel.now;
    if (thread.run === 'runnable' && !thread.isStopped) used += runSlice(kernel, thread, Math.min(SLICE, steps - used));
  }
  if (kernel.runQueue.length > 0) kernel.wantRun();
  return used;
};

const expireTimers = (kernel: Kernel): void => {
  const now = kernel.now;
  kernel.lately = now;
  for (let thread = kernel.timers.expire(now); thread !== undefined; thread = kernel.timers.expire(now)) {
    timeOut(kernel, thread);
  }
  settle(kernel.ipc);
};

/** Runs a thread until it waits, stops, dies or has used its slice of so many parked calls. Hot path. */
const runSlice = (kernel: Kernel, thread: Thread, slice: number): number => {
  if (thread.waitsFor !== 'none' && !collect(kernel, thread)) return 1;
  const sys = sysOf(thread);
  let used = 0;
  while (used < slice) {
    used += 1;
    thread.run = 'running';
    thread.isInterrupted = false;
    const came = step(thread, sys);
    if (came === 'stopped') return used;
    const over = issue(kernel, thread);
    if (kernel.ipc.work.length > 0) settle(kernel.ipc);
    if (!over || (thread.run as string) === 'dead') return used;
    thread.run = 'runnable';
    if (thread.isStopped) return used;
  }
  kernel.makeRunnable(thread);
  return used;
};

/** Runs the program to its next parked call. After a fault it runs again once the page is there. */
const step = (thread: Thread, sys: Sys): 'parked' | 'stopped' => {
  thread.parked.op = 'none';
  try {
    thread.program.resume(sys, thread.state, thread.result);
  } catch (thrown) {
    if (isFault(thrown)) thread.task.kernel.fault(thread, thrown);
    else thread.task.kernel.programFailed(thread, thrown);
    return 'stopped';
  }
  return thread.run === 'dead' ? 'stopped' : 'parked';
};

/** Issues the call that the program has parked. True if it is over and the thread may go on. Hot path. */
const issue = (kernel: Kernel, thread: Thread): boolean => {
  const { parked } = thread;
  switch (parked.op) {
    case 'msg':
      return issueMsg(kernel, thread);
    case 'kernel':
      return parked.request === null || issueKernelCall(thread, parked.port, parked.request);
    case 'pause':
      thread.run = 'waiting';
      thread.waitsFor = 'state';
      return false;
    case 'yield':
      kernel.makeRunnable(thread);
      return false;
    case 'exit':
    case 'none': // a handler that parks nothing has nothing more to do
      if (thread.task.threads.size > 1) terminateThread(thread);
      else terminateTask(thread.task);
      return false;
  }
};

/**
 * Issues the call that a new thread is parked in, on behalf of the thread of its task that runs now: the call is made
 * here and not when the new thread has its turn, so that calls keep the order in which a program makes them.
 */
export const issueFirst = (kernel: Kernel, thread: Thread): void => {
  thread.run = 'running';
  const over = issue(kernel, thread);
  if (kernel.ipc.work.length > 0) settle(kernel.ipc);
  if (over && (thread.run as string) !== 'dead') kernel.makeRunnable(thread);
};
