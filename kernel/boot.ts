/** The table of contents: builds a kernel by naming each part once. Only composition roots import this. */

import type { Port } from '../ports/port.ts';
import type { Environment } from './environment.ts';
import { programFailed, resolveFault } from './fault.ts';
import type { KernelRequest, MemoryRequest, PortRequest, ThreadRequest } from './interface/calls.ts';
import type { FreezeRequest } from './interface/move.ts';
import { Kernel, type Serve } from './kernel.ts';
import { AddressSpace } from './memory/address-space.ts';
import { MemoryObject, PagePool } from './memory/object.ts';
import { PortPager } from './memory/pager-port.ts';
import { serveMemory } from './serve/memory.ts';
import { serveFreeze } from './serve/move.ts';
import { servePort } from './serve/port.ts';
import { foreign, only } from './serve/request.ts';
import { isTaskRequest, serveTask } from './serve/task.ts';
import { serveThread } from './serve/thread.ts';

/** Pages that may be resident in one kernel, unless it is told otherwise: 4 GiB. */
const PAGES_MAX = 1 << 20;

const serve: Serve = (task, thread, request, carried) => {
  if (isPortRequest(request)) return servePort(task.space, request, carried);
  if (isThreadRequest(request)) {
    if (thread === null) return only('KERN_INVALID_ARGUMENT');
    // Only the thread that makes this very call is running now.
    return serveThread(thread, thread.run === 'running' ? thread : null, request);
  }
  if (isFreezeRequest(request)) return serveFreeze(task, request);
  if (isMemoryRequest(request)) return serveMemory(task, request, carried);
  if (isTaskRequest(request)) return serveTask(task, thread, request, carried);
  return foreign(task.kernel.ipc, carried); // of another kind of kernel port: a husk's, the host's
};

const isPortRequest = (request: KernelRequest): request is PortRequest =>
  request.op === 'reply_port' || /^port_/.test(request.op);

const isThreadRequest = (request: KernelRequest): request is ThreadRequest =>
  /^thread_/.test(request.op) && request.op !== 'thread_create' && request.op !== 'thread_self';

const isFreezeRequest = (request: KernelRequest): request is FreezeRequest =>
  /^task_(freeze|thaw|describe|supply|detach)$/.test(request.op);

const isMemoryRequest = (request: KernelRequest): request is MemoryRequest => /^vm_/.test(request.op);

/** The memory objects of one kernel: the pages they may have, and which port stands for which. */
class Memory {
  readonly pool: PagePool;
  readonly #objects: Map<Port, MemoryObject> = new Map();
  #id = 0;

  constructor(pagesMax: number) {
    this.pool = new PagePool(pagesMax);
  }

  space(kernel: Kernel): AddressSpace {
    return new AddressSpace({
      pool: this.pool,
      nextId: () => this.#nextId(),
      pagerOf: (port, object) => new PortPager(kernel, port, object),
    });
  }

  #nextId(): number {
    this.#id += 1;
    return this.#id;
  }

  objectOf(kernel: Kernel, port: Port, pages: number): MemoryObject {
    const known = this.#objects.get(port);
    if (known !== undefined && known.references > 0) {
      known.grow(pages);
      return known;
    }
    const object = new MemoryObject(this.#nextId(), pages, this.pool);
    this.#objects.set(port, object);
    port.srights += 1;
    const pager = new PortPager(kernel, port, object);
    const forget = { request: pager.request.bind(pager), terminate: () => this.#forget(port, pager) };
    object.backing = { kind: 'pager', pager: forget };
    return object;
  }

  #forget(port: Port, pager: PortPager): void {
    this.#objects.delete(port);
    pager.terminate();
  }
}

/** A new kernel. It runs when its pump calls `runKernel`. */
export const bootKernel = (environment: Environment): Kernel => {
  const memory = new Memory(environment.pagesMax ?? PAGES_MAX);
  return new Kernel(environment, {
    memoryOf: (kernel) => memory.space(kernel),
    objectOf: (kernel, port, pages) => memory.objectOf(kernel, port, pages),
    serve,
    fault: resolveFault,
    programFailed,
  });
};
