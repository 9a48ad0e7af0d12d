/** What a thread's touch of memory comes to: it waits for the page and tries again, or the access is an exception. */

import { raise } from './exception.ts';
import type { Thread } from './kernel.ts';
import { terminateTask, terminateThread } from './lives.ts';
import { tellThrown } from './tell-thrown.ts';
import type { PageFault } from './vm/access.ts';

/** Settles a fault that the program's memory could not settle by itself. */
export const settleFault = (thread: Thread, { address, outcome }: PageFault): void => {
  if ('wait' in outcome) thread.awaitPage(outcome.wait, 'page');
  else raise(thread, { exception: 'EXC_BAD_ACCESS', code: outcome.failed, subcode: address });
};

/** A program threw: its thread ends, the last one with its task, and the ring of lives says why. */
export const programFailed = (thread: Thread, thrown: unknown): void => {
  const { kernel, space, name } = thread.task;
  const why = tellThrown(thrown);
  kernel.life.record(kernel.now, 'failed', space.identity.token, { name, program: thread.program.name, why });
  if (thread.task.threads.size > 1) terminateThread(thread);
  else terminateTask(thread.task);
};
