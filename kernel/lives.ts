/** How tasks and threads begin and end, stop and go on (mach-ipc 2.15, 2.19). */
import { destroyRight, killPort } from '../ports/fate.ts';
import type { KernReturn } from '../ports/kern-return.ts';
import { destroySpace } from '../ports/name-calls.ts';
import { DEAD, Identity, IN_KERNEL, type KernelServer, Port } from '../ports/port.ts';
import { PORT_SEND } from '../ports/right.ts';
import { Space } from '../ports/space.ts';
import { type Kernel, Task, Thread } from './kernel.ts';
import { TaskMemory } from './out-of-line.ts';
import type { Program } from './program.ts';
import { abandon, interrupt } from './trap.ts';
import type { AddressMap } from './vm/address-map.ts';
import { release } from './vm/shadow.ts';

/** What a new task may bring with it. */
export interface TaskOrigin {
  /** Of a task that arrives. */
  readonly identity?: string;
  /** What it inherits of its parent. */
  readonly memory?: AddressMap;
}

/** A new task with an empty space and no thread; without a `memory` nothing is mapped. */
export const createTask = (kernel: Kernel, name: string, { identity, memory }: TaskOrigin = {}): Task => {
  const map = new TaskMemory(kernel.pool, memory);
  const who = identity === undefined ? kernel.identity() : new Identity(identity);
  const task = new Task(kernel, name, new Space(kernel.ipc, map, who), map);
  kernel.tasks.add(task);
  kernel.life.record(kernel.now, 'created', task.space.identity.token, { name });
  return task;
};

/** A new thread, running unless `suspended`. */
export const createThread = (task: Task, program: Program, state: object, suspended = false): Thread => {
  const thread = new Thread(task, program, state);
  task.threads.add(thread);
  if (suspended) thread.suspendCount = 1;
  task.kernel.makeRunnable(thread);
  return thread;
};

/** A new thread of a program, started with arguments that came from outside; null if the program does not take them. */
export const startThread = (task: Task, program: Program, args: unknown, suspended: boolean): Thread | null => {
  try {
    return createThread(task, program, program.start(args), suspended);
  } catch {
    return null;
  }
};

/** A port whose messages the kernel serves. */
export const kernelPort = (kernel: Kernel, server: KernelServer): Port => {
  const port = new Port();
  kernel.ipc.ports += 1;
  port.where = IN_KERNEL;
  port.server = server;
  return port;
};

const dropSpecial = (kernel: Kernel, port: Port | null): null => {
  destroyRight(kernel.ipc, port, PORT_SEND);
  return null;
};

/** `task_terminate`. A second one is KERN_FAILURE. */
export const terminateTask = (task: Task): KernReturn => {
  if (!task.isAlive) return 'KERN_FAILURE';
  const { kernel } = task;
  task.isAlive = false;
  if (task.kernelPort !== null) killPort(kernel.ipc, task.kernelPort);
  for (const thread of task.threads) terminateThread(thread);
  destroySpace(task.space);
  task.self = dropSpecial(kernel, task.self);
  task.exceptionPort = dropSpecial(kernel, task.exceptionPort);
  task.bootstrapPort = dropSpecial(kernel, task.bootstrapPort);
  for (const port of task.registered) dropSpecial(kernel, port);
  task.registered = [];
  for (const object of task.awaitedObjects ?? []) release(object);
  task.awaitedObjects = null;
  task.space.memory.destroy();
  forgetDescribed(task);
  kernel.tasks.delete(task);
  kernel.life.record(kernel.now, 'terminated', task.space.identity.token, { name: task.name });
  return 'KERN_SUCCESS';
};

/** The task's objects may change again: it is whole, or gone. */
export const forgetDescribed = (task: Task): void => {
  for (const object of task.described?.values() ?? []) release(object);
  task.described = null;
};

/** `thread_terminate`. */
export const terminateThread = (thread: Thread): KernReturn => {
  if (thread.run === 'dead') return 'KERN_FAILURE';
  const { kernel } = thread.task;
  abandon(kernel, thread);
  thread.run = 'dead';
  thread.task.threads.delete(thread);
  if (thread.kernelPort !== null) killPort(kernel.ipc, thread.kernelPort);
  thread.self = dropSpecial(kernel, thread.self);
  thread.exceptionPort = dropSpecial(kernel, thread.exceptionPort);
  return 'KERN_SUCCESS';
};

/** `task_suspend`, `thread_suspend`: counts nest. */
export const suspend = (owner: Task | Thread): KernReturn => {
  if (!isAlive(owner)) return 'KERN_FAILURE';
  owner.suspendCount += 1;
  return 'KERN_SUCCESS';
};

/** `task_resume`, `thread_resume`: KERN_FAILURE at a count of 0. */
export const resume = (owner: Task | Thread): KernReturn => {
  if (!isAlive(owner) || owner.suspendCount === 0) return 'KERN_FAILURE';
  owner.suspendCount -= 1;
  if (owner instanceof Thread) wakeIfReady(owner);
  else for (const thread of owner.threads) wakeIfReady(thread);
  return 'KERN_SUCCESS';
};

/** Queues a runnable thread that nothing stops any more. */
export const wakeIfReady = (thread: Thread): void => {
  if (thread.run === 'runnable' && !thread.isStopped) thread.task.kernel.makeRunnable(thread);
};

const isAlive = (owner: Task | Thread): boolean => (owner instanceof Task ? owner.isAlive : owner.run !== 'dead');

/** `thread_abort`: ends a message call or an exception that the thread waits in. Aborting oneself is refused. */
export const abort = (thread: Thread): KernReturn => {
  if (thread.run === 'dead') return 'KERN_FAILURE';
  if (thread.run === 'running') return 'KERN_INVALID_ARGUMENT';
  interrupt(thread.task.kernel, thread);
  return 'KERN_SUCCESS';
};

/** One more send right to a port that the kernel keeps, for an answer; null stays null. */
export const copySend = (port: Port | null): Port | null => {
  if (port !== null && port.where !== DEAD) port.srights += 1;
  return port;
};
