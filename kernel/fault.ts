/**
 * What a thread's touch of memory comes to: the page is there, the thread waits for it, or the access is an exception.
 */

import { raise } from './exception.ts';
import type { Thread } from './kernel.ts';
import { terminateTask, terminateThread } from './lives.ts';
import type { PageWaiter } from './memory/object.ts';
import type { Fault } from './program.ts';

/** Wakes a thread that waits for a page: it looks again. */
class ThreadWaiter implements PageWaiter {
  readonly #thread: Thread;

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  pageReady(): void {
    const thread = this.#thread;
    if (thread.run !== 'waiting' || thread.waitsFor !== 'page') return;
    thread.waitsFor = 'none';
    thread.wake();
  }
}

/** Resolves a fault. True if the handler can run again at once. */
export const resolveFault = (thread: Thread, { address, access }: Fault): boolean => {
  const outcome = thread.task.memory.resolve(address, access === 'write', new ThreadWaiter(thread));
  if (outcome === 'resident') return true;
  if (outcome === 'waiting') {
    thread.run = 'waiting';
    thread.waitsFor = 'page';
    return false;
  }
  raise(thread, { exception: 'EXC_BAD_ACCESS', code: outcome, subcode: address });
  return false;
};

/** A program threw: its thread ends, the last one with its task, and the ring of lives says why. */
export const programFailed = (thread: Thread, thrown: unknown): void => {
  const { kernel, space, name } = thread.task;
  const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  kernel.life.record(kernel.now, 'failed', space.identity.token, { name, program: thread.program.name, why });
  if (thread.task.threads.size > 1) terminateThread(thread);
  else terminateTask(thread.task);
};
