/** The server of calls on a task, its special ports and its threads. */
import { match } from 'ts-pattern';
import type { KernFailure } from '../../ports/kern-return.ts';
import { REGISTERED_PORTS_MAX } from '../../ports/limits.ts';
import { type Carried, discard } from '../../ports/name-calls.ts';
import type { Port } from '../../ports/port.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { KernelRequest, SpecialPort, TaskRequest } from '../interface/calls.ts';
import type { Task, Thread } from '../kernel.ts';
import { copySend, createTask, resume, startThread, suspend, terminateTask } from '../lives.ts';
import { AddressMap } from '../vm/address-map.ts';
import { taskSelf, threadSelf } from './kernel-ports.ts';
import { type GivenRight, only, type Served, settled, success } from './request.ts';

const TASK_OPS: ReadonlySet<KernelRequest['op']> = new Set<TaskRequest['op']>([
  'task_terminate',
  'task_suspend',
  'task_resume',
  'task_info',
  'task_threads',
  'task_self',
  'task_token',
  'task_create',
  'thread_create',
  'thread_self',
  'get_special_port',
  'set_special_port',
  'ports_register',
  'ports_lookup',
]);

/** True for the calls that `serveTask` serves. */
export const isTaskRequest = (request: KernelRequest): request is TaskRequest => TASK_OPS.has(request.op);

/** Serves a call on `task`. `thread` is the one that special ports of threads mean: the caller, or none. */
export const serveTask = (
  task: Task,
  thread: Thread | null,
  request: TaskRequest,
  carried: readonly Carried[],
): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'task_terminate' }, () => only(terminateTask(task)))
    .with({ op: 'task_suspend' }, () => only(suspend(task)))
    .with({ op: 'task_resume' }, () => only(resume(task)))
    .with({ op: 'task_info' }, () =>
      success({ suspend_count: task.suspendCount, name: task.name, node: task.kernel.node }),
    )
    .with({ op: 'task_threads' }, () => ({
      kr: 'KERN_SUCCESS' as const,
      rights: [...task.threads].map((each) => send('threads', threadSelf(each), true)),
      fields: { threads: [] },
    }))
    .with({ op: 'task_self' }, () =>
      task.isAlive ? { kr: 'KERN_SUCCESS' as const, rights: [send('name', taskSelf(task))] } : only('KERN_FAILURE'),
    )
    .with({ op: 'task_token' }, () => {
      const { token } = task.space.identity;
      return success({ sender: token, audit: token });
    })
    .with({ op: 'task_create' }, ({ name, inherit }) => childTask(task, name ?? `${task.name}-child`, inherit))
    .with({ op: 'thread_create' }, ({ program, args }) => childThread(task, program, args))
    .with({ op: 'thread_self' }, () =>
      thread === null || thread.run === 'dead'
        ? only('KERN_INVALID_ARGUMENT')
        : { kr: 'KERN_SUCCESS' as const, rights: [send('name', threadSelf(thread))] },
    )
    .with({ op: 'get_special_port' }, ({ which }) => getSpecial(task, thread, which))
    .with({ op: 'set_special_port' }, ({ which }) => setSpecial(task, thread, which, carried[0]))
    .with({ op: 'ports_register' }, () => register(task, carried))
    .with({ op: 'ports_lookup' }, () => ({
      kr: 'KERN_SUCCESS' as const,
      fields: { ports: [] },
      rights: Array.from({ length: REGISTERED_PORTS_MAX }, (_, i) =>
        send('ports', copySend(task.registered[i] ?? null), true),
      ),
    }))
    .exhaustive();

/** A send right as the answer gives it. The caller has made it. */
const send = (field: string, port: Port | null, list = false): GivenRight => ({
  field,
  list,
  right: { port, type: PORT_SEND },
});

const childTask = (parent: Task, name: string, inherit: boolean): Served => {
  if (!parent.isAlive) return only('KERN_FAILURE');
  const memory = inherit ? settled(parent.memory.fork(), 0) : new AddressMap(parent.kernel.pool);
  if (typeof memory === 'string') return only(memory);
  const child = createTask(parent.kernel, name, { memory });
  child.exceptionPort = copySend(parent.exceptionPort);
  child.bootstrapPort = copySend(parent.bootstrapPort);
  child.registered = parent.registered.map(copySend);
  return { kr: 'KERN_SUCCESS', rights: [send('name', taskSelf(child))] };
};

const childThread = (task: Task, name: string | undefined, args: unknown): Served => {
  const program = name === undefined ? [...task.threads][0]?.program : task.kernel.programs.get(name);
  if (!task.isAlive) return only('KERN_FAILURE');
  if (program === undefined) return only('KERN_INVALID_ARGUMENT');
  const thread = startThread(task, program, args, true);
  if (thread === null) return only('KERN_INVALID_ARGUMENT');
  return { kr: 'KERN_SUCCESS', rights: [send('name', threadSelf(thread))] };
};

const getSpecial = (task: Task, thread: Thread | null, which: SpecialPort): Served => {
  if (!task.isAlive) return only('KERN_FAILURE');
  const port = special(task, thread, which);
  return port === undefined ? only('KERN_INVALID_ARGUMENT') : { kr: 'KERN_SUCCESS', rights: [send('name', port)] };
};

const special = (task: Task, thread: Thread | null, which: SpecialPort): Port | null | undefined => {
  switch (which) {
    case 'TASK_KERNEL':
      return taskSelf(task);
    case 'TASK_EXCEPTION':
      return copySend(task.exceptionPort);
    case 'TASK_BOOTSTRAP':
      return copySend(task.bootstrapPort);
    case 'THREAD_KERNEL':
      return thread === null ? undefined : threadSelf(thread);
    case 'THREAD_EXCEPTION':
      return thread === null ? undefined : copySend(thread.exceptionPort);
    default:
      return undefined;
  }
};

const setSpecial = (task: Task, thread: Thread | null, which: SpecialPort, right: Carried | undefined): Served => {
  const port = right?.port ?? null;
  const refuse = (kr: KernFailure): Served => {
    if (right !== undefined) discard(task.space, right);
    return only(kr);
  };
  if (!task.isAlive) return refuse('KERN_FAILURE');
  if (port !== null && right?.type !== PORT_SEND) return refuse('KERN_INVALID_CAPABILITY');
  const replace = (old: Port | null): Port | null => {
    discard(task.space, { port: old, type: PORT_SEND });
    return port;
  };
  if (which === 'TASK_KERNEL') task.self = replace(task.self);
  else if (which === 'TASK_EXCEPTION') task.exceptionPort = replace(task.exceptionPort);
  else if (which === 'TASK_BOOTSTRAP') task.bootstrapPort = replace(task.bootstrapPort);
  else if (which === 'THREAD_KERNEL' && thread !== null) thread.self = replace(thread.self);
  else if (which === 'THREAD_EXCEPTION' && thread !== null) thread.exceptionPort = replace(thread.exceptionPort);
  else return refuse('KERN_INVALID_ARGUMENT');
  return only('KERN_SUCCESS');
};

const register = (task: Task, carried: readonly Carried[]): Served => {
  const isSend = carried.every(({ port, type }) => port === null || type === PORT_SEND);
  if (carried.length > REGISTERED_PORTS_MAX || !isSend) {
    for (const right of carried) discard(task.space, right);
    return only(isSend ? 'KERN_INVALID_ARGUMENT' : 'KERN_INVALID_CAPABILITY');
  }
  for (const port of task.registered) discard(task.space, { port, type: PORT_SEND });
  task.registered = carried.map((right) => right.port);
  return only('KERN_SUCCESS');
};
