/**
 * External pagers by messages (mach-ipc 2.21): the kernel's half. For each object that somebody else pages there is a
 * control port that the kernel serves; what the pager sends there becomes pages. Until `memory_object_ready` requests
 * wait. If the pager dies, absent pages are errors, never zeros.
 */

import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { destroyRight, dropSend, killPort } from '../../ports/fate.ts';
import { MACH_PORT_NULL, portName } from '../../ports/name.ts';
import { DEAD, Entry, type Item, type KernelServer, Message, type Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { EVENT_FAULT, EVENT_SUPPLY } from '../events.ts';
import {
  type DataAbsent,
  type DataSupply,
  MEMORY_OBJECT_COMPLETE,
  MEMORY_OBJECT_DATA_ERROR,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_SUPPLY,
  MEMORY_OBJECT_DATA_UNAVAILABLE,
  MEMORY_OBJECT_DESTROY,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_READY,
  MEMORY_OBJECT_TERMINATE,
} from '../interface/pager.ts';
import type { Kernel } from '../kernel.ts';
import { kernelPort } from '../lives.ts';
import { type MemoryObject, PAGE_SIZE, type Pager } from './object.ts';

/** READ, for requests: a fault for writing asks for the page as well. */
const ACCESS_READ = 1;

/** One object's pager behind a port. */
export class PortPager implements Pager, KernelServer {
  readonly #kernel: Kernel;
  readonly #object: MemoryObject;
  readonly #port: Port;
  readonly #control: Port;
  readonly #name: Port;
  #isReady = false;
  readonly #early: { readonly page: number; readonly count: number }[] = [];

  /** Takes a send right to the object's port, and introduces the kernel to the pager. */
  constructor(kernel: Kernel, port: Port, object: MemoryObject) {
    this.#kernel = kernel;
    this.#port = port;
    this.#object = object;
    this.#control = kernelPort(kernel, this);
    this.#name = kernelPort(kernel, { serve: (message) => void kernel.ipc.work.push(message) });
    this.#watch();
    this.#send(MEMORY_OBJECT_INIT, { page_size: PAGE_SIZE }, [this.#control, this.#name]);
  }

  /** Asks to be told when the pager's port dies. */
  #watch(): void {
    const obituary = kernelPort(this.#kernel, { serve: (message) => this.#pagerDied(message) });
    obituary.sorights = 1;
    if (this.#port.where === DEAD) return this.#object.back({ kind: 'failed', reason: 'KERN_MEMORY_ERROR' });
    this.#port.requests ??= new Set();
    this.#port.requests.add({ entry: new Entry(portName(0)), notify: obituary });
  }

  #pagerDied(message: Message): void {
    if (message.dest !== null) killPort(this.#kernel.ipc, message.dest);
    if (this.#object.backing.kind !== 'pager') return;
    this.#object.back({ kind: 'failed', reason: 'KERN_MEMORY_ERROR' });
    this.#close();
  }

  #send(id: number, body: Body, rights: readonly Port[], cause = 0): void {
    if (this.#port.where === DEAD) return;
    const message = new Message(id, body, this.#port, PORT_SEND, null);
    message.cause = cause;
    this.#port.srights += 1;
    message.items = rights.map((port): Item => {
      port.srights += 1;
      return { kind: 'port', type: PORT_SEND, name: MACH_PORT_NULL, port };
    });
    deliver(this.#kernel.ipc, message);
  }

  request(_object: MemoryObject, page: number, count: number): void {
    if (!this.#isReady) {
      this.#early.push({ page, count });
      return;
    }
    const { events, now } = this.#kernel;
    const cause = events?.record(EVENT_FAULT, now, this.#object.id, page, 0);
    const body = { offset: page * PAGE_SIZE, length: count * PAGE_SIZE, access: ACCESS_READ };
    this.#send(MEMORY_OBJECT_DATA_REQUEST, body, [this.#control], cause);
  }

  terminate(): void {
    this.#send(MEMORY_OBJECT_TERMINATE, {}, []);
    this.#close();
  }

  #close(): void {
    const { ipc } = this.#kernel;
    killPort(ipc, this.#control);
    killPort(ipc, this.#name);
    destroyRight(ipc, this.#port, PORT_SEND);
  }

  /** (KernelServer) The pager speaks to the control port. */
  serve(message: Message): void {
    const { ipc } = this.#kernel;
    const port = message.dest;
    message.dest = null;
    this.#hear(message);
    ipc.work.push(message);
    if (port !== null && message.remoteType === PORT_SEND) dropSend(ipc, port);
    else if (port !== null && message.remoteType === PORT_SEND_ONCE) port.sorights -= 1;
  }

  #hear(message: Message): void {
    const object = this.#object;
    const body = (message.body ?? {}) as unknown;
    switch (message.id) {
      case MEMORY_OBJECT_READY: {
        const { cluster } = body as { cluster?: number };
        if (typeof cluster === 'number') object.cluster = Math.max(1, Math.min(16, cluster));
        this.#isReady = true;
        for (const { page, count } of this.#early.splice(0)) this.request(object, page, count);
        return;
      }
      case MEMORY_OBJECT_DATA_SUPPLY:
        return this.#supplied(body as DataSupply, message.cause);
      case MEMORY_OBJECT_DATA_UNAVAILABLE:
        return eachPage(body as DataAbsent, (page) => object.unavailable(page));
      case MEMORY_OBJECT_DATA_ERROR:
        return eachPage(body as DataAbsent, (page) => object.error(page));
      case MEMORY_OBJECT_COMPLETE:
        object.back({ kind: 'zero' });
        // The pager hears that it is not needed any more by the rights coming back.
        return this.terminate();
      case MEMORY_OBJECT_DESTROY:
        object.back({ kind: 'failed', reason: 'KERN_MEMORY_FAILURE' });
        return this.#close();
    }
  }

  #supplied({ offset, bytes }: DataSupply, cause: number): void {
    const view = bytes instanceof Bytes ? viewOfBytes(bytes) : bytes;
    if (!(view instanceof Uint8Array) || view.length % PAGE_SIZE !== 0 || offset % PAGE_SIZE !== 0) return;
    this.#kernel.events?.record(EVENT_SUPPLY, this.#kernel.now, this.#object.id, offset / PAGE_SIZE, cause);
    for (let at = 0; at < view.length; at += PAGE_SIZE) {
      const page = (offset + at) / PAGE_SIZE;
      if (page < this.#object.pages) this.#object.supply(page, view.subarray(at, at + PAGE_SIZE));
    }
  }
}

const eachPage = ({ offset, size }: DataAbsent, act: (page: number) => void): void => {
  if (!Number.isSafeInteger(offset) || !(size <= 1 << 26)) return;
  for (let at = offset; at < offset + size; at += PAGE_SIZE) act(at / PAGE_SIZE);
};
