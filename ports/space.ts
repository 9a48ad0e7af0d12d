import { NOTIFY_PORT_DELETED, notify } from './fate.ts';
import { invariant } from './invariant.ts';
import type { Ipc } from './ipc.ts';
import type { KernFailure } from './kern-return.ts';
import { NAMES_MAX } from './limits.ts';
import { isName, type PortName, portName } from './name.ts';
import { DEAD, Entry, type Holder, type Identity, type MemoryCopy, type Port } from './port.ts';
import { DEAD_NAME, RECEIVE, SEND, SEND_ONCE, SEND_RIGHTS } from './right.ts';

/** The memory that belongs to a space, as far as messages need it. */
export interface Memory {
  /** Takes a snapshot of a range; with `deallocate` the pages it touches disappear from the sender. */
  take(address: number, size: number, deallocate: boolean): MemoryCopy | KernFailure;
  /** Maps a snapshot; it is used up whatever the answer. */
  map(copy: MemoryCopy): number | KernFailure;
  /** The task is gone: everything is unmapped. */
  destroy(): void;
}

/** Slots whose names have many generations: as many as a task of ordinary size has names at a time. */
const NEAR_SLOTS = 1 << 11;
/** Adds one to the generation of a near name, in bits 14 to 30; bit 31 stays 0, which keeps it a small integer. */
const NEAR_STEP = 1 << 14;
/** Adds one to the generation of a far name, in bits 3 to 8. */
const FAR_STEP = 1 << 3;
const FAR_GENERATIONS = 0x1f8;

/** The first name of a slot of the table. Its last bits are 011 near and 111 far. */
const firstName = (slot: number): PortName => portName(slot < NEAR_SLOTS ? (slot << 3) | 3 : (slot << 9) | 7);

/** The slot that a name would have if the kernel had chosen it. */
const slotOf = (name: PortName): number => ((name & 4) === 0 ? (name >>> 3) & (NEAR_SLOTS - 1) : name >>> 9);

/** True for a name as the kernel chooses them. */
const isKernelName = (name: PortName): boolean =>
  (name & 7) === 3 ? name < 0x80000000 : (name & 7) === 7 && slotOf(name) >= NEAR_SLOTS;

/** The name of the same slot one generation on. */
const nextName = (name: PortName): PortName =>
  portName(
    (name & 4) === 0
      ? (name + NEAR_STEP) & 0x7fffffff
      : (name & ~FAR_GENERATIONS) | ((name + FAR_STEP) & FAR_GENERATIONS),
  );

/** Empty slots that a restored name may make in the table; a name farther out is kept beside it. */
const NAMES_SPARSE_MAX = 65536;

/**
 * A task's names for rights. At most one name for the send and receive rights of a port (they coalesce); a name of its
 * own for each send-once right. Names the kernel chooses are a slot of the table and a generation: a freed name comes
 * back after its slot has been used 131,072 times, or 64 times beyond the first 2,047 slots. Names that a program chose
 * live in a map beside the table. The death of a port is written into a space when its entry is next looked at
 * (mach-ipc 2.1), so that death costs nothing in spaces that never look.
 */
export class Space implements Holder {
  readonly ipc: Ipc;
  readonly memory: Memory;
  readonly identity: Identity;
  isActive = true;
  /** Names the space may yet get; Infinity without a limit of its own. */
  namesLeft: number = Number.POSITIVE_INFINITY;
  readonly #table: Entry[] = [];
  /** Free entries of the table, reused last in, first out. */
  readonly #free: Entry[] = [];
  #chosen: Map<number, Entry> | null = null;
  /** Entries that hold a send right without the receive right. */
  #sends: Map<Port, Entry> | null = null;

  constructor(ipc: Ipc, memory: Memory, identity: Identity) {
    this.ipc = ipc;
    this.memory = memory;
    this.identity = identity;
  }

  /** The entry under a name, brought up to date, or undefined. Hot path. */
  lookup(name: PortName): Entry | undefined {
    const entry = this.#table[slotOf(name)];
    const found = entry !== undefined && entry.name === name && entry.type !== 0 ? entry : this.#chosen?.get(name);
    if (found !== undefined && (found.type & SEND_RIGHTS) !== 0 && found.port !== null && found.port.where === DEAD) {
      this.#turnDead(found, found.port);
    }
    return found;
  }

  /** The entry that names the send or receive right of a port. */
  entryOf(port: Port): Entry | undefined {
    return port.space === this && port.entry !== null ? port.entry : this.#sends?.get(port);
  }

  /** True if the space may get one more name. */
  get hasRoom(): boolean {
    return this.isActive && this.namesLeft > 0 && (this.#free.length > 0 || this.#table.length < NAMES_MAX);
  }

  /** A fresh entry under a name that the kernel chooses. The caller has seen `hasRoom`. Hot path. */
  allocate(): Entry {
    this.namesLeft -= 1;
    const reused = this.#free.pop();
    if (reused !== undefined && !this.#chosen?.has(reused.name)) return reused;
    let index = this.#table.length;
    while (index === 0 || this.#chosen?.has(firstName(index))) index = this.#pad();
    const entry = new Entry(firstName(index));
    this.#table.push(entry);
    return entry;
  }

  /** Leaves a slot of the table empty: index 0, or one whose first name a program has chosen. */
  #pad(): number {
    this.#table.push(new Entry(portName(0)));
    return this.#table.length;
  }

  /** A fresh entry under a given name that is free. */
  allocateName(name: PortName): Entry {
    invariant(isName(name) && this.lookup(name) === undefined, 'a chosen name is free');
    this.namesLeft -= 1;
    const entry = new Entry(name);
    if (this.#chosen === null) this.#chosen = new Map();
    this.#chosen.set(name, entry);
    return entry;
  }

  /** Makes the entry findable by its port. Call when it gains its send or receive right. */
  index(entry: Entry, port: Port): void {
    entry.port = port;
    if ((entry.type & RECEIVE) !== 0) {
      this.#sends?.delete(port);
      port.space = this;
      port.entry = entry;
    } else if ((entry.type & SEND) !== 0) {
      if (this.#sends === null) this.#sends = new Map();
      this.#sends.set(port, entry);
    }
  }

  /** Forgets that the entry names its port. */
  unindex(entry: Entry): void {
    const port = entry.port;
    if (port === null) return;
    if (port.entry === entry) {
      port.space = null;
      port.entry = null;
    } else if ((entry.type & SEND_ONCE) === 0) this.#sends?.delete(port);
  }

  /** Frees a name. A dead-name request on it is answered by port-deleted. The rights have gone already. */
  free(entry: Entry): void {
    const name = entry.name;
    const request = entry.request;
    this.unindex(entry);
    entry.type = 0;
    entry.urefs = 0;
    if (entry.accepted !== null) entry.accepted.entry = null;
    entry.accepted = null;
    this.namesLeft += 1;
    if (request !== null) {
      entry.request = null;
      entry.port?.requests?.delete(request);
    }
    entry.port = null;
    entry.set = null;
    this.#recycle(entry);
    if (request !== null) notify(this.ipc, request.notify, NOTIFY_PORT_DELETED, { name });
  }

  #recycle(entry: Entry): void {
    if (this.#chosen?.get(entry.name) === entry) {
      this.#chosen.delete(entry.name);
      return;
    }
    entry.name = nextName(entry.name);
    if (this.#table[slotOf(entry.name)] === entry) this.#free.push(entry);
  }

  /** (Move) Forgets that a send right to `port` is here under the name that also had the receive right. */
  forgetSend(port: Port): void {
    this.#sends?.delete(port);
  }

  /** (Move) The entry under a name as it was elsewhere: the same entry if the name is there, without its rights. */
  restore(name: PortName): Entry {
    const index = slotOf(name);
    const slot = this.#table[index];
    if (slot?.name === name) return slot;
    const chosen = this.#chosen?.get(name);
    if (chosen !== undefined) return chosen;
    if (!isKernelName(name) || index > this.#table.length + NAMES_SPARSE_MAX) return this.allocateName(name);
    while (this.#table.length <= index) this.#pad();
    const entry = this.#table[index];
    if (entry === undefined || entry.type !== 0) return this.allocateName(name);
    this.namesLeft -= 1;
    entry.name = name;
    return entry;
  }

  /** (Move) Names of the table's free slots, in the order in which they would be used. */
  freeNames(): PortName[] {
    return this.#free.map((entry) => entry.name);
  }

  /** (Move) Makes the free slots of an empty table those of another. */
  restoreFree(names: readonly PortName[]): void {
    if (this.#free.length > 0) return;
    for (const name of names) {
      const index = slotOf(name);
      if (!isKernelName(name) || index > this.#table.length + NAMES_SPARSE_MAX) continue;
      while (this.#table.length <= index) this.#pad();
      const entry = this.#table[index];
      if (entry === undefined || entry.type !== 0) continue;
      entry.name = name;
      this.#free.push(entry);
    }
  }

  /** Gives an entry another name that is free. Everything else stays, pending requests too. */
  rename(entry: Entry, name: PortName): void {
    const moved = this.allocateName(name);
    this.namesLeft += 1;
    this.#chosen?.set(name, entry);
    const slot = this.#table[slotOf(entry.name)];
    if (slot === entry) {
      // The slot gets a free entry in the old one's place, one generation on.
      moved.name = entry.name;
      this.#table[slotOf(entry.name)] = moved;
      this.#recycle(moved);
    } else this.#chosen?.delete(entry.name);
    entry.name = name;
  }

  /** Every entry in use, brought up to date, by name. */
  entries(): Entry[] {
    const names = this.#table.filter((entry) => entry.type !== 0).map((entry) => entry.name);
    if (this.#chosen !== null) for (const name of this.#chosen.keys()) names.push(portName(name));
    names.sort((a, b) => a - b);
    const found: Entry[] = [];
    for (const name of names) {
      const entry = this.lookup(name);
      if (entry !== undefined) found.push(entry);
    }
    return found;
  }

  /**
   * The port behind a send or send-once entry has died: the name becomes a dead name, with one more reference if a
   * request told so.
   */
  #turnDead(entry: Entry, port: Port): void {
    this.unindex(entry);
    if (entry.accepted !== null) entry.accepted.entry = null;
    entry.accepted = null;
    entry.urefs = (entry.type & SEND) !== 0 ? entry.urefs : 1;
    if (entry.request !== null) {
      // The notification, sent when the port died, owns this reference; whoever gets it must release it.
      entry.urefs += 1;
      entry.request = null;
    }
    entry.type = DEAD_NAME;
    entry.port = null;
  }
}
