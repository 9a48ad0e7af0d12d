/**
 * The default pager behind a port (mach-ipc 2.21): the kernel's half of the protocol by messages. For each anonymous
 * object that is paged out there is an object port, whose receive right the pager gets, and a control port, which the
 * kernel serves. What the kernel sends is never refused for want of room: the laundry is bounded (`LAUNDRY_MAX`).
 */
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { destroyRight, dropSend, killPort } from '../../ports/fate.ts';
import type { Ipc } from '../../ports/ipc.ts';
import { MACH_PORT_NULL, portName } from '../../ports/name.ts';
import { DEAD, Entry, IN_LIMBO, IN_TRANSIT, type Item, type KernelServer, Message, Port } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { PORT_RECEIVE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import {
  MEMORY_OBJECT_CREATE,
  MEMORY_OBJECT_DATA_ERROR,
  MEMORY_OBJECT_DATA_INITIALIZE,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_RETURN,
  MEMORY_OBJECT_DATA_STORED,
  MEMORY_OBJECT_DATA_SUPPLY,
  MEMORY_OBJECT_DATA_UNAVAILABLE,
  MEMORY_OBJECT_TERMINATE,
} from '../interface/pager.ts';
import type { Kernel } from '../kernel.ts';
import { kernelPort } from '../lives.ts';
import type { DefaultPager, PagedMemory } from '../vm/default-pager.ts';
import { PAGE, PROT_READ } from '../vm/page.ts';
import type { PagePool } from '../vm/pool.ts';

/** The ports of one object. */
interface ObjectPorts {
  readonly object: Port;
  readonly control: Port;
  /** Hears of the object port's death. */
  readonly watch: Port;
}

/** A pager behind a port, for all objects of one kernel. */
export class PortDefaultPager implements DefaultPager {
  /** The pager's port; the kernel holds one send right to it. */
  readonly port: Port;
  readonly #kernel: Kernel;
  readonly #objects: Map<PagedMemory, ObjectPorts> = new Map();

  /** Takes over a send right to the pager's port. `died` is told when that port dies. */
  constructor(kernel: Kernel, port: Port, died: () => void) {
    this.#kernel = kernel;
    this.port = port;
    this.#watch(port, died);
  }

  create(memory: PagedMemory, size: number): void {
    const kernel = this.#kernel;
    const control = kernelPort(kernel, new ControlServer(kernel.ipc, memory));
    const object = new Port();
    kernel.ipc.ports += 1;
    object.srights = 1;
    const watch = this.#watch(object, () => this.#died(memory));
    this.#objects.set(memory, { object, control, watch });
    const items = [receive(object, this.port), send(control)];
    this.#send(this.port, MEMORY_OBJECT_CREATE, { size, page_size: PAGE }, items);
  }

  dataRequest(memory: PagedMemory, offset: number, length: number): void {
    this.#tell(memory, MEMORY_OBJECT_DATA_REQUEST, { offset, length, access: PROT_READ });
  }

  dataInitialize(memory: PagedMemory, offset: number, data: Uint8Array): void {
    this.#tell(memory, MEMORY_OBJECT_DATA_INITIALIZE, { offset, data: Bytes.adopt(data) });
  }

  dataReturn(memory: PagedMemory, offset: number, data: Uint8Array): void {
    const body = { offset, data: Bytes.adopt(data), dirty: true, kernel_copy: false };
    this.#tell(memory, MEMORY_OBJECT_DATA_RETURN, body);
  }

  terminate(memory: PagedMemory): void {
    const ports = this.#objects.get(memory);
    if (ports === undefined) return;
    this.#send(ports.object, MEMORY_OBJECT_TERMINATE, {}, []);
    this.#forget(memory, ports);
  }

  #tell(memory: PagedMemory, id: number, body: Body): void {
    const ports = this.#objects.get(memory);
    if (ports !== undefined) this.#send(ports.object, id, body, [send(ports.control)]);
  }

  #send(port: Port, id: number, body: Body, items: Item[]): void {
    const { ipc } = this.#kernel;
    const message = new Message(id, body, port, PORT_SEND, null);
    message.items = items;
    if (port.where !== DEAD) port.srights += 1;
    deliver(ipc, message);
  }

  /** The pager, or its port for one object, is gone. */
  #died(memory: PagedMemory): void {
    const ports = this.#objects.get(memory);
    if (ports === undefined) return;
    this.#forget(memory, ports);
    memory.pagerDied();
  }

  #forget(memory: PagedMemory, { object, control, watch }: ObjectPorts): void {
    const { ipc } = this.#kernel;
    this.#objects.delete(memory);
    for (const request of object.requests ?? []) if (request.notify === watch) object.requests?.delete(request);
    killPort(ipc, watch);
    killPort(ipc, control);
    destroyRight(ipc, object, PORT_SEND);
  }

  #watch(port: Port, died: () => void): Port {
    const notify = kernelPort(this.#kernel, { serve: () => died() });
    notify.sorights = 1;
    port.requests ??= new Set();
    port.requests.add({ entry: new Entry(portName(0)), notify });
    return notify;
  }
}

/** The control port of one object: what its pager says. */
class ControlServer implements KernelServer {
  readonly #ipc: Ipc;
  readonly #memory: PagedMemory;

  constructor(ipc: Ipc, memory: PagedMemory) {
    this.#ipc = ipc;
    this.#memory = memory;
  }

  serve(message: Message): void {
    const port = message.dest;
    message.dest = null;
    this.#hear(message.id, (message.body ?? {}) as Readonly<Record<string, unknown>>);
    this.#ipc.work.push(message);
    if (port !== null && message.remoteType === PORT_SEND) dropSend(this.#ipc, port);
    else if (port !== null && message.remoteType === PORT_SEND_ONCE) port.sorights -= 1;
  }

  /** A pager is a server like any other: what it says may be nonsense, and then nothing happens. */
  #hear(id: number, body: Readonly<Record<string, unknown>>): void {
    const { offset, size, length, data, full } = body;
    if (!isOffset(offset)) return;
    switch (id) {
      case MEMORY_OBJECT_DATA_SUPPLY:
        if (data instanceof Bytes) this.#memory.supply(offset, viewOfBytes(data));
        else if (data instanceof Uint8Array) this.#memory.supply(offset, data);
        return;
      case MEMORY_OBJECT_DATA_UNAVAILABLE: // it was given them: they are lost
      case MEMORY_OBJECT_DATA_ERROR:
        if (isOffset(size)) this.#memory.error(offset, size);
        return;
      case MEMORY_OBJECT_DATA_STORED:
        if (isOffset(length)) this.#memory.stored(length, full === true ? 'full' : 'room');
        return;
    }
  }
}

const isOffset = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const send = (port: Port): Item => {
  port.srights += 1;
  return { kind: 'port', type: PORT_SEND, name: MACH_PORT_NULL, port };
};

/** The receive right of a new port, for a message to `carrier`. */
const receive = (port: Port, carrier: Port): Item => {
  port.where = carrier.where === DEAD ? IN_LIMBO : IN_TRANSIT;
  port.carrier = carrier;
  return { kind: 'port', type: PORT_RECEIVE, name: MACH_PORT_NULL, port };
};

/**
 * `vm_set_default_memory_manager` (a host call: who calls it has shown a right to the host port). Takes over a send
 * right to the new default pager, or null for none; answers the port of the one before, whose right is then the
 * caller's, or null. What was paged out stays with the pager that has it.
 */
export const setDefaultMemoryManager = (kernel: Kernel, pool: PagePool, port: Port | null): Port | null => {
  const before = pool.backing.pager;
  const next =
    port === null || port.where === DEAD
      ? null
      : new PortDefaultPager(kernel, port, () => {
          if (pool.backing.pager === next) pool.backing.set(null);
        });
  pool.backing.set(next);
  return before instanceof PortDefaultPager ? before.port : null;
};
