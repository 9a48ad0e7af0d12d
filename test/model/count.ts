/** What no call tells: how many rights there are to a port, and what is left of a kernel without tasks. */
import type { Kernel } from '../../kernel/kernel.ts';
import { RECEIVE } from '../../ports/right.ts';

/** For each receive right of the tasks the rights that its port counts. */
export const rightsAt = (kernel: Kernel): string[] => {
  const found: string[] = [];
  for (const task of kernel.tasks) {
    for (const { type, port, name } of task.space.entries()) {
      if ((type & RECEIVE) === 0 || port === null) continue;
      found.push(`${name}: ${port.srights} send, ${port.sorights} send-once`);
    }
  }
  return found.sort();
};

/** What there is beside the tasks. */
export const leftOver = (kernel: Kernel): object => ({
  tasks: kernel.tasks.size,
  ports: kernel.ipc.ports,
  messages: kernel.ipc.messages,
  pages: kernel.pool.resident,
  timers: kernel.timers.next === Number.POSITIVE_INFINITY ? 'none' : 'some',
});
