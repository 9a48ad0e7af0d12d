/**
 * Memory objects as `vm_map` gets them: by the port of their pager, or by a proxy, a port of the kernel's that stands
 * for a part of an object with less protection (mach-ipc 2.21).
 */
import { destroyRight, killPort } from '../../ports/fate.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import { type Carried, discard } from '../../ports/name-calls.ts';
import { DEAD, IN_KERNEL, type KernelServer, type Message, type Port } from '../../ports/port.ts';
import { PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import type { MemoryRequest } from '../interface/calls.ts';
import type { Kernel, Task } from '../kernel.ts';
import { kernelPort } from '../lives.ts';
import { MAP_END, PROT_ALL } from '../vm/page.ts';
import { deliverReply } from './answer.ts';
import { only, type Served } from './request.ts';

/** Bytes of an object, by its port, and how they may be used at most. */
export interface Mappable {
  readonly port: Port;
  readonly protection: number;
  readonly start: number;
  readonly length: number;
}

/** What a right to `port` lets its holder map. */
export const mappableOf = (port: Port): Mappable | KernFailure => {
  if (port.server instanceof ProxyServer) return port.server.part;
  // A dead port has no pager, and the kernel pages for nobody.
  if (port.where === DEAD || port.where === IN_KERNEL) return 'KERN_INVALID_ARGUMENT';
  return { port, protection: PROT_ALL, start: 0, length: MAP_END };
};

/** Behind the port of a proxy. It has a send right to the object, until nobody has one to the proxy. */
class ProxyServer implements KernelServer {
  readonly part: Mappable;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, part: Mappable) {
    this.#kernel = kernel;
    this.part = part;
  }

  serve(message: Message): void {
    const { ipc } = this.#kernel;
    const port = message.dest;
    message.dest = null;
    if (message.sender === null && message.remoteType === PORT_SEND_ONCE) {
      // No senders: the proxy had asked to be told.
      if (port !== null) killPort(ipc, port);
      destroyRight(ipc, this.part.port, PORT_SEND);
      return;
    }
    deliverReply(this.#kernel, message, { kr: 'MIG_BAD_ID' });
    destroyRight(ipc, port, message.remoteType);
  }
}

/** `memory_object_create_proxy`. A proxy of a proxy is one of the object, and allows no more than the first. */
export const createProxy = (
  task: Task,
  request: Extract<MemoryRequest, { op: 'memory_object_create_proxy' }>,
  right: Carried | undefined,
): Served => {
  const { kernel } = task;
  const part = partOf(request, right);
  if (typeof part === 'string') {
    if (right !== undefined) discard(task.space, right);
    return only(part);
  }
  part.port.srights += 1;
  if (right !== undefined) discard(task.space, right);
  const port = kernelPort(kernel, new ProxyServer(kernel, part));
  port.srights = 1;
  port.sorights = 1;
  port.nsrequest = port;
  return { kr: 'KERN_SUCCESS', rights: [{ field: 'name', list: false, right: { port, type: PORT_SEND } }] };
};

const partOf = (
  { protection, offset, start, length }: Extract<MemoryRequest, { op: 'memory_object_create_proxy' }>,
  right: Carried | undefined,
): Mappable | KernFailure => {
  if (right === undefined || right.port === null || right.type !== PORT_SEND) return 'KERN_INVALID_NAME';
  const whole = mappableOf(right.port);
  if (typeof whole === 'string') return whole;
  const isWithin = start >= 0 && length >= 0 && start + length <= whole.length;
  if (offset !== 0 || !isWithin || (protection & ~PROT_ALL) !== 0) return 'KERN_INVALID_ARGUMENT';
  return { port: whole.port, protection: protection & whole.protection, start: whole.start + start, length };
};
