/** What a case does to a task that no call can do: it takes its pages, or the room that it has left. */
import type { Task } from '../../kernel/kernel.ts';
import { evict } from '../../kernel/vm/describe.ts';
import type { Answer, Args } from './driver.ts';

/** Pages a range of the task's memory out. */
export const evictFrom = (task: Task, { address, size }: Args): Answer => {
  evict(task.memory, Number(address), Number(size));
  return { kr: 'KERN_SUCCESS' };
};

/** Leaves the task room for so many names, and so many bytes of memory more; null lifts the limit. */
export const limitTask = (task: Task, { names, memory }: Args): Answer => {
  if (names !== undefined) task.space.namesLeft = names === null ? Number.POSITIVE_INFINITY : Number(names);
  const { max } = task.memory.sizeLimit;
  if (memory !== undefined) {
    const current = memory === null ? max : task.memory.regions.counted + Number(memory);
    task.memory.setSizeLimit(current, max, 'privileged');
  }
  return { kr: 'KERN_SUCCESS' };
};
