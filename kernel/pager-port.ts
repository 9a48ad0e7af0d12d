/**
 * External pagers by messages (mach-ipc 2.21): the kernel's half. Each object that somebody else pages has a control
 * port, which the kernel serves, and a name port. The pager hears of its object by messages to the object's port, and
 * answers by calls on the control port. If it dies, absent pages are errors, never zeros.
 */
import type { Body } from '../ports/body.ts';
import { Bytes } from '../ports/bytes.ts';
import { destroyRight, killPort } from '../ports/fate.ts';
import { MACH_PORT_NULL, portName } from '../ports/name.ts';
import {
  DEAD,
  type DeadNameRequest,
  Entry,
  IN_LIMBO,
  IN_TRANSIT,
  type Item,
  Message,
  type Port,
} from '../ports/port.ts';
import { deliver } from '../ports/queue.ts';
import { PORT_RECEIVE, PORT_SEND } from '../ports/right.ts';
import { EVENT_FAULT } from './events.ts';
import {
  MEMORY_OBJECT_COPY,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_RETURN,
  MEMORY_OBJECT_DATA_UNLOCK,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_TERMINATE,
} from './interface/pager.ts';
import type { Kernel } from './kernel.ts';
import { kernelPort } from './lives.ts';
import { RequestServer } from './serve/kernel-ports.ts';
import { servePager } from './serve/pager.ts';
import { controlOf, createPagedObject, type PagerControl, pageObject } from './vm/control.ts';
import type { MapCopy } from './vm/map-copy.ts';
import type { MemoryObject, SourceRole } from './vm/object.ts';
import { PAGE } from './vm/page.ts';
import type { Pager } from './vm/pager.ts';

/** The pager of one object, behind the object's port. */
export class PortPager implements Pager {
  readonly #kernel: Kernel;
  readonly #port: Port;
  readonly #role: SourceRole;
  readonly #held = { count: 0 };
  #control: Port | null = null;
  #name: Port | null = null;
  /** Tells of the pager's death. */
  #watch: DeadNameRequest | null = null;

  /** Takes over a send right to the object's port. */
  constructor(kernel: Kernel, port: Port, role: SourceRole) {
    this.#kernel = kernel;
    this.#port = port;
    this.#role = role;
  }

  init(object: MemoryObject): void {
    const kernel = this.#kernel;
    this.#control = kernelPort(
      kernel,
      new RequestServer(kernel, (request, carried, data) =>
        servePager({ kernel, object, control: this.#control, held: this.#held }, request, carried, data),
      ),
    );
    this.#name = kernelPort(kernel, { serve: (message) => void kernel.ipc.work.push(message) });
    if (this.#port.where === DEAD) return this.#died(object);
    const notify = kernelPort(kernel, { serve: () => this.#died(object) });
    notify.sorights = 1;
    this.#watch = { entry: new Entry(portName(0)), notify };
    this.#port.requests ??= new Set();
    this.#port.requests.add(this.#watch);
    this.#send(MEMORY_OBJECT_INIT, { page_size: PAGE }, [send(this.#control), send(this.#name)]);
  }

  dataRequest(object: MemoryObject, offset: number, length: number, access: number): void {
    const { events, now } = this.#kernel;
    events?.record(EVENT_FAULT, now, object.id, offset / PAGE, 0);
    this.#send(MEMORY_OBJECT_DATA_REQUEST, { offset, length, access }, [send(this.#control)]);
  }

  dataUnlock(_object: MemoryObject, offset: number, length: number, access: number): void {
    this.#send(MEMORY_OBJECT_DATA_UNLOCK, { offset, length, access }, [send(this.#control)]);
  }

  dataReturn(_object: MemoryObject, offset: number, data: MapCopy, dirty: boolean, kernelCopy: boolean): void {
    // In the body, since pages are returned when frames are scarce: out-of-line memory would need some to arrive in.
    const bytes = new Uint8Array(data.size);
    data.readInto(bytes);
    data.release();
    const body = { offset, data: Bytes.adopt(bytes), dirty, kernel_copy: kernelCopy };
    this.#send(MEMORY_OBJECT_DATA_RETURN, body, [send(this.#control)]);
  }

  /** The copy is an object of its own, whose receive right goes to the pager of the original. */
  copy(_object: MemoryObject, offset: number, length: number, copy: MemoryObject): void {
    const kernel = this.#kernel;
    const port = kernelPort(kernel, { serve: (message) => void kernel.ipc.work.push(message) });
    port.srights += 1;
    this.#send(MEMORY_OBJECT_COPY, { offset, length }, [send(this.#control), receive(port, this.#port)]);
    kernel.pagers.set(port, pageObject(copy, new PortPager(kernel, port, 'named')));
  }

  terminate(object: MemoryObject): void {
    const [control, name] = [this.#control, this.#name];
    this.#control = null;
    this.#name = null;
    if (this.#role === 'named' && this.#port.where !== DEAD && control !== null && name !== null) {
      this.#send(MEMORY_OBJECT_TERMINATE, {}, [receive(control, this.#port), receive(name, this.#port)]);
    } else {
      this.#send(MEMORY_OBJECT_TERMINATE, {}, []);
      if (control !== null) killPort(this.#kernel.ipc, control);
      if (name !== null) killPort(this.#kernel.ipc, name);
    }
    this.#forget(object);
  }

  #died(object: MemoryObject): void {
    const { ipc } = this.#kernel;
    controlOf(object)?.pagerDied();
    if (this.#control !== null) killPort(ipc, this.#control);
    if (this.#name !== null) killPort(ipc, this.#name);
    this.#control = null;
    this.#name = null;
    this.#forget(object);
  }

  /** The object has nothing to do with the port any more. */
  #forget(object: MemoryObject): void {
    const { ipc, pagers } = this.#kernel;
    if (pagers.get(this.#port)?.object === object) pagers.delete(this.#port);
    const watch = this.#watch;
    this.#watch = null;
    if (watch !== null) {
      this.#port.requests?.delete(watch);
      killPort(ipc, watch.notify);
    }
    destroyRight(ipc, this.#port, PORT_SEND);
  }

  /** The kernel never waits for room: what it asks of a pager is bounded by the pages of the object. */
  #send(id: number, body: Body, items: Item[]): void {
    const { ipc } = this.#kernel;
    const message = new Message(id, body, this.#port, PORT_SEND, null);
    message.items = items;
    if (this.#port.where !== DEAD) this.#port.srights += 1;
    deliver(ipc, message);
  }
}

/** One more send right to a port of the kernel's, for a message. */
const send = (port: Port | null): Item => {
  if (port !== null) port.srights += 1;
  return { kind: 'port', type: PORT_SEND, name: MACH_PORT_NULL, port };
};

/** The receive right of a port of the kernel's, for a message to `carrier`. */
const receive = (port: Port, carrier: Port): Item => {
  port.server = null;
  port.where = carrier.where === DEAD ? IN_LIMBO : IN_TRANSIT;
  port.carrier = carrier;
  return { kind: 'port', type: PORT_RECEIVE, name: MACH_PORT_NULL, port };
};

/** The object that a port stands for in this kernel, made when it is first mapped. The right stays the caller's. */
export const objectFor = (kernel: Kernel, port: Port): MemoryObject => {
  const known = kernel.pagers.get(port);
  if (known !== undefined) return known.object;
  port.srights += 1;
  const control = createPagedObject(kernel.pool, 0, new PortPager(kernel, port, 'named'));
  kernel.pagers.set(port, control);
  return control.object;
};

/** An object of a task that has moved, whose pages are asked of a port: takes over a send right to it. */
export const movedObject = (kernel: Kernel, port: Port, pages: number): PagerControl =>
  createPagedObject(kernel.pool, pages, new PortPager(kernel, port, 'moved'), { role: 'moved' });
