/**
 * Kernel ports: ports whose messages the kernel serves. A request is decoded, served by the same function that serves a
 * trap, and answered in the same step. Made when first asked for.
 */

import { dropSend } from '../../ports/fate.ts';
import type { Carried } from '../../ports/name-calls.ts';
import type { KernelServer, Message, Port } from '../../ports/port.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { KernelRequest } from '../interface/calls.ts';
import { CALL_FORMS, decodeRequest } from '../interface/ids.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { kernelPort } from '../lives.ts';
import { isFault } from '../program.ts';
import { deliverReply } from './answer.ts';
import type { Served } from './request.ts';

/** Serves every message to one kernel port: decodes, has it served, answers. */
export class RequestServer implements KernelServer {
  readonly #kernel: Kernel;
  readonly #serve: (request: KernelRequest, carried: readonly Carried[]) => Served;

  constructor(kernel: Kernel, serve: (request: KernelRequest, carried: readonly Carried[]) => Served) {
    this.#kernel = kernel;
    this.#serve = serve;
  }

  serve(message: Message): void {
    const port = message.dest;
    message.dest = null;
    deliverReply(this.#kernel, message, this.#answer(message));
    if (port !== null && message.remoteType === PORT_SEND) dropSend(this.#kernel.ipc, port);
    else if (port !== null) port.sorights -= 1;
  }

  /** What the request does not say it carries is not taken out of it: it is destroyed with the message. */
  #answer(message: Message): Served {
    const request = decodeRequest(message.id, message.body);
    if (request === null) return { kr: 'MIG_BAD_ID' };
    if (request === false || countRights(message) > rightsMax(request)) return { kr: 'MIG_BAD_ARGUMENTS' };
    try {
      return this.#serve(request, takeRights(message));
    } catch (thrown) {
      // A page of the task that somebody else must supply first: a message cannot wait for it as a thread would.
      if (isFault(thrown)) return { kr: 'KERN_MEMORY_ERROR' };
      throw thrown;
    }
  }
}

/** The server of a host port: who holds a right to it may do what concerns the whole kernel. */
export class HostServer extends RequestServer {}

/** True for a host port of this kernel or another in the process: a right to it is a privilege. */
export const isHostPort = (port: Port | null): boolean => port !== null && port.server instanceof HostServer;

const rightsMax = ({ op }: KernelRequest): number => {
  const { rights } = CALL_FORMS[op];
  return rights.at(-1)?.endsWith('[]') === true ? Number.POSITIVE_INFINITY : rights.length;
};

const countRights = (message: Message): number => {
  let count = 0;
  for (const item of message.items ?? []) {
    if (item.kind === 'port') count += 1;
    else if (item.kind === 'ool_ports') count += item.ports.length;
  }
  return count;
};

/** The server of a task's port, or of a thread's. */
export const objectServer = (task: Task, thread: Thread | null): RequestServer =>
  new RequestServer(task.kernel, (request, carried) => task.kernel.serve(task, thread, request, carried));

/** Takes the port rights out of a message, in order. What else it carries goes when the reply is sent. */
const takeRights = (message: Message): Carried[] => {
  const carried: Carried[] = [];
  for (const item of message.items ?? []) {
    if (item.kind === 'port') {
      carried.push({ port: item.port, type: item.type });
      item.port = null;
    } else if (item.kind === 'ool_ports') {
      for (const port of item.ports) carried.push({ port, type: item.type });
      item.ports = [];
    }
  }
  return carried;
};

/** The task's real kernel port. */
export const taskPort = (task: Task): Port => {
  if (task.kernelPort === null) task.kernelPort = kernelPort(task.kernel, objectServer(task, null));
  return task.kernelPort;
};

/** The thread's real kernel port. */
export const threadPort = (thread: Thread): Port => {
  if (thread.kernelPort === null) {
    thread.kernelPort = kernelPort(thread.task.kernel, objectServer(thread.task, thread));
  }
  return thread.kernelPort;
};

/** A send right to what the task calls itself: its kernel port, or what has been put in its place. */
export const taskSelf = (task: Task): Port => {
  if (task.self === null) {
    task.self = taskPort(task);
    task.self.srights += 1;
  }
  task.self.srights += 1;
  return task.self;
};

/** The same for a thread. */
export const threadSelf = (thread: Thread): Port => {
  if (thread.self === null) {
    thread.self = threadPort(thread);
    thread.self.srights += 1;
  }
  thread.self.srights += 1;
  return thread.self;
};
