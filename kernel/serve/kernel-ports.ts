/**
 * Kernel ports: ports whose messages the kernel serves. A request is decoded, served by the same function that serves a
 * trap, and answered in the same step. Made when first asked for.
 */

import { destroyRight, dropSend } from '../../ports/fate.ts';
import type { Carried } from '../../ports/name-calls.ts';
import type { KernelServer, Message, Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { KernelRequest } from '../interface/calls.ts';
import { CALL_FORMS, decodeRequest } from '../interface/ids.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import { kernelPort } from '../lives.ts';
import { isFault, type PageFault } from '../vm/access.ts';
import { MapCopy } from '../vm/map-copy.ts';
import { deliverReply } from './answer.ts';
import type { Served } from './request.ts';

/** What serves the requests to a kernel port. `data`: out-of-line memory of the request, which stays the request's. */
export type ServeRequest = (request: KernelRequest, carried: readonly Carried[], data: readonly MapCopy[]) => Served;

/** Serves every message to one kernel port: decodes, has it served, answers. */
export class RequestServer implements KernelServer {
  readonly #kernel: Kernel;
  readonly #serve: ServeRequest;

  constructor(kernel: Kernel, serve: ServeRequest) {
    this.#kernel = kernel;
    this.#serve = serve;
  }

  serve(message: Message): void {
    const port = message.dest;
    const served = this.#answer(message);
    if (isFault(served)) return this.#putOff(message, served);
    message.dest = null;
    deliverReply(this.#kernel, message, served);
    if (port !== null && message.remoteType === PORT_SEND) dropSend(this.#kernel.ipc, port);
    else if (port !== null) port.sorights -= 1;
  }

  /** What the request does not say it carries is not taken out of it: it is destroyed with the message. */
  #answer(message: Message): Served | PageFault {
    const request = decodeRequest(message.id, message.body);
    if (request === null) return { kr: 'MIG_BAD_ID' };
    if (request === false || countRights(message) > rightsMax(request)) return { kr: 'MIG_BAD_ARGUMENTS' };
    try {
      const served = this.#serve(request, rightsOf(message), dataOf(message));
      giveAway(message);
      return served;
    } catch (thrown) {
      if (isFault(thrown)) return thrown; // nothing has been taken
      throw thrown;
    }
  }

  /** Memory that somebody must supply first: the message, whole as it was, comes again when that has happened. */
  #putOff(message: Message, { outcome }: PageFault): void {
    const { ipc } = this.#kernel;
    if ('wait' in outcome) {
      outcome.wait.join({ pageReady: () => deliver(ipc, message) });
      return;
    }
    const port = message.dest;
    message.dest = null;
    deliverReply(this.#kernel, message, { kr: outcome.failed });
    destroyRight(ipc, port, message.remoteType);
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

/** The port rights of a message, in order. */
const rightsOf = (message: Message): Carried[] => {
  const carried: Carried[] = [];
  for (const item of message.items ?? []) {
    if (item.kind === 'port') carried.push({ port: item.port, type: item.type });
    else if (item.kind === 'ool_ports') for (const port of item.ports) carried.push({ port, type: item.type });
  }
  return carried;
};

/** The rights of a message are somebody else's now. What else it carries goes when the reply is sent. */
const giveAway = (message: Message): void => {
  for (const item of message.items ?? []) {
    if (item.kind === 'port') item.port = null;
    else if (item.kind === 'ool_ports') item.ports = [];
  }
};

/** The out-of-line memory of a message, in order. */
const dataOf = (message: Message): MapCopy[] => {
  const data: MapCopy[] = [];
  for (const item of message.items ?? []) {
    if (item.kind === 'ool' && item.copy instanceof MapCopy) data.push(item.copy);
  }
  return data;
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
