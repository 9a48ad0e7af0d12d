/** The servers of calls about frozen tasks: nobody runs in them, and their own ports answer nobody. */
import { match } from 'ts-pattern';
import { localsOfThread, stackOfThread } from '../inspect.ts';
import { THREADS_TOLD_MAX } from '../interface/inspect.ts';
import type { FrozenFacts, FrozenRequest } from '../interface/move.ts';
import type { Kernel, Task } from '../kernel.ts';
import { figures } from '../vm/describe.ts';
import { only, type Served, success } from './request.ts';

/** Serves a call about frozen tasks of a kernel. Changes nothing. */
export const serveFrozen = (kernel: Kernel, request: FrozenRequest): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'host_frozen' }, () => success({ tasks: [...kernel.tasks].filter(isHeld).map(factsOf) }))
    .with({ op: 'host_stacks' }, ({ task: identity }) => {
      const task = frozenTask(kernel, identity);
      if (task === undefined) return only('KERN_INVALID_ARGUMENT');
      const stacks = [...task.threads].slice(0, THREADS_TOLD_MAX).map(stackOfThread);
      return success({ stacks, more: task.threads.size - stacks.length });
    })
    .with({ op: 'host_locals' }, ({ task: identity, thread: serial, frame }) => {
      const task = frozenTask(kernel, identity);
      const thread = [...(task?.threads ?? [])].find((each) => each.serial === serial);
      const locals = thread === undefined ? null : localsOfThread(thread, frame);
      return locals === null ? only('KERN_INVALID_ARGUMENT') : success({ ...locals });
    })
    .exhaustive();

const isHeld = (task: Task): boolean => task.isFrozen && task.isAlive;

const frozenTask = ({ tasks }: Kernel, identity: string): Task | undefined =>
  [...tasks].find((task) => isHeld(task) && task.space.identity.token === identity);

const factsOf = (task: Task): FrozenFacts => {
  const { pages, bytes } = figures(task.memory);
  return {
    name: task.name,
    identity: task.space.identity.token,
    program: [...task.threads][0]?.program.name ?? '',
    threads: task.threads.size,
    pages,
    bytes,
    isHusk: task.husk !== null,
  };
};
