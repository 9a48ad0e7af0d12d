import type { Body } from './body.ts';
import type { MachMsgReturn, SpecialBit } from './kern-return.ts';
import { QLIMIT_DEFAULT } from './limits.ts';
import { MACH_PORT_NULL, type PortName } from './name.ts';
import type { CarriedType } from './right.ts';
import { Ring } from './ring.ts';

/** What serves messages to a port whose receiver is the kernel. Owns the message and everything in it. */
export interface KernelServer {
  serve(message: Message): void;
}

/** Who can hold rights: a space, seen from a port. */
export interface Holder {
  readonly isActive: boolean;
}

/** A dead-name request: one per entry; `notify` holds a send-once right. */
export interface DeadNameRequest {
  readonly entry: Entry;
  readonly notify: Port;
}

/** What protects a receive right from its own task (mach-ipc 2.17). */
export interface Guard {
  context: number;
  /** The context is a guard: only who knows it may destroy the right. */
  isGuarded: boolean;
  isStrict: boolean;
  /** The right leaves its space by destruction alone. */
  readonly isImmovable: boolean;
}

/** Where the one receive right of a port is. */
export const IN_SPACE = 0;
/** Taken out of a space and not yet put anywhere, or kept closed by a migration: messages queue, nobody receives. */
export const IN_LIMBO = 1;
/** Inside a message queued on `carrier`. */
export const IN_TRANSIT = 2;
/** The kernel itself receives: messages are served, never queued. */
export const IN_KERNEL = 3;
export const DEAD = 4;

/**
 * A port: a queue of messages with one receiver. It knows where its receive right is, who waits, what is queued, and
 * how many rights to it exist anywhere (in spaces, in messages, held by the kernel).
 */
export class Port {
  where: 0 | 1 | 2 | 3 | 4 = IN_LIMBO;
  /** The receiver's space and entry while IN_SPACE. */
  space: Holder | null = null;
  entry: Entry | null = null;
  /** The port that carries the receive right while IN_TRANSIT. */
  carrier: Port | null = null;
  server: KernelServer | null = null;
  srights = 0;
  sorights = 0;
  mscount = 0;
  seqno = 0;
  qlimit: number = QLIMIT_DEFAULT;
  /** Ordinary senders are let in below this: the queue limit, or -1 while the port is barred (`limitTo`). */
  room: number = QLIMIT_DEFAULT;
  set: PortSet | null = null;
  queue: Ring<Message> | null = null;
  senders: Ring<SendWait> | null = null;
  /** Who waits to receive, last come; each knows the next, the last the first. */
  receivers: ReceiveWait | null = null;
  nsrequest: Port | null = null;
  pdrequest: Port | null = null;
  requests: Set<DeadNameRequest> | null = null;
  payload: number | null = null;
  /** What few ports have: a context, a guard, immovability. */
  guard: Guard | null = null;

  get msgcount(): number {
    return this.queue === null ? 0 : this.queue.length;
  }

  /** Sets the queue limit. A barred port keeps it and is full for every ordinary sender: others come first. */
  limitTo(qlimit: number, isBarred: boolean): void {
    this.qlimit = qlimit;
    this.room = isBarred ? -1 : qlimit;
  }

  /** True while ordinary senders find no room, whatever is queued. */
  get isBarred(): boolean {
    return this.room < 0;
  }

  /** Puts a message at the end of the queue, and of the queue of the set that the port is in. */
  enqueue(message: Message): void {
    if (this.queue === null) this.queue = new Ring();
    this.queue.push(message);
    if (this.set !== null) this.set.ready.push(this);
  }

  /** Takes the first message. In a set the caller has taken the port off the set's ready list. */
  dequeue(): Message | undefined {
    return this.queue === null ? undefined : this.queue.shift();
  }
}

/**
 * Several ports, one queue to wait on. `ready` names a member once for each message it has queued, in the order of
 * arrival over all members: so no member starves, and the order within each port is kept.
 */
export class PortSet {
  readonly members: Set<Port> = new Set();
  readonly ready: Ring<Port> = new Ring();
  receivers: ReceiveWait | null = null;
  entry: Entry | null = null;
  alive = true;

  /** Puts a port in; what it has queued stands behind what the set had. */
  add(port: Port): void {
    this.members.add(port);
    port.set = this;
    for (let i = port.msgcount; i > 0; i -= 1) this.ready.push(port);
  }

  /** Takes a port out, with its messages. */
  remove(port: Port): void {
    if (!this.members.delete(port)) return;
    port.set = null;
    if (port.msgcount === 0) return;
    for (let i = this.ready.length; i > 0; i -= 1) {
      const member = this.ready.shift();
      if (member !== undefined && member !== port) this.ready.push(member);
    }
  }
}

/**
 * One name of a space and what it denotes. Freed entries are kept and used again, with the next generation of the
 * name.
 */
export class Entry {
  name: PortName;
  /** SEND, RECEIVE, SEND_ONCE, PORT_SET or DEAD_NAME bits; 0 while free. */
  type = 0;
  /** User references of the send right or dead name. */
  urefs = 0;
  port: Port | null = null;
  set: PortSet | null = null;
  request: DeadNameRequest | null = null;
  accepted: Acceptance | null = null;

  constructor(name: PortName) {
    this.name = name;
  }
}

/**
 * Out-of-line memory in flight: a snapshot that the kernel's memory half made. `ports/` only carries and releases it.
 */
export interface MemoryCopy {
  readonly size: number;
  /** Gives the snapshot up without mapping it. */
  release(): void;
}

/** A right in a message: a port while the message is in the kernel, a name once it has been received. */
export interface PortItem {
  readonly kind: 'port';
  type: CarriedType;
  name: PortName;
  port: Port | null;
}

/** Out-of-line memory in a message: a copy while in the kernel, an address once received. */
export interface OolItem {
  readonly kind: 'ool';
  address: number;
  size: number;
  readonly deallocate: true;
  copy: MemoryCopy | null;
}

/** An array of rights out of line. */
export interface OolPortsItem {
  readonly kind: 'ool_ports';
  type: CarriedType;
  names: PortName[];
  ports: (Port | null)[];
}

/** One descriptor of a message. */
export type Item = PortItem | OolItem | OolPortsItem;

/** Who sent a message: stamped by the kernel, not forgeable, and the same after the task has moved. */
export class Identity {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }
}

/** A request to be told when a message that was forced into a full queue leaves it (MSG_ACCEPTED). */
export interface Acceptance {
  /** The sender's entry for the port, or null once the sender no longer holds it. */
  entry: { readonly name: PortName; accepted: Acceptance | null } | null;
  /** Holds one send-once right. */
  readonly notify: Port;
}

/**
 * A message. The one object that a send makes: in the kernel it holds ports (`dest`, `reply`, items with ports),
 * when received the same object holds names, and no port any more. Fixed shape: hot path.
 */
export class Message {
  // Declared, and given values by the constructor alone: an initializer for each would be a second function to run.
  declare id: number;
  declare body: Body;
  declare items: Item[] | null;
  /** As the sender sees it before delivery (remote = destination); swapped by the receive. */
  declare remoteType: CarriedType;
  declare localType: CarriedType;
  declare remote: PortName;
  declare local: PortName;
  declare seqno: number;
  declare sender: Identity | null;
  declare dest: Port | null;
  declare reply: Port | null;
  declare accepted: Acceptance | null;
  /** The port's receiver asked for a payload in place of the local name (`mach_port_set_protected_payload`). */
  declare payload: number | null;
  declare circular: boolean;
  /** Number of the event that it was sent by, in the ring of the kernel where it is; 0 if none is known. */
  declare cause: number;
  /** Bytes of the body as the sender was charged for them; -1 for a message of the kernel's own. */
  declare bodySize: number;

  constructor(id: number, body: Body, dest: Port | null, destType: CarriedType, sender: Identity | null) {
    this.id = id;
    this.body = body;
    this.items = null;
    this.remoteType = destType;
    this.localType = 0;
    this.remote = MACH_PORT_NULL;
    this.local = MACH_PORT_NULL;
    this.seqno = 0;
    this.sender = sender;
    this.dest = dest;
    this.reply = null;
    this.accepted = null;
    this.payload = null;
    this.circular = false;
    this.cause = 0;
    this.bodySize = -1;
  }
}

/** A message as its receiver sees it. The receiver owns it, its rights and its memory. */
export type Received = Pick<
  Message,
  'id' | 'body' | 'items' | 'remote' | 'remoteType' | 'local' | 'localType' | 'seqno' | 'payload' | 'cause'
> & { readonly sender: Identity | null };

/** Whom to tell that a wait is over: makes a thread runnable, and never runs it. */
export interface Waker {
  /** A receive gets its message: the waker copies it out into its space and ends the wait. The wait is on no queue. */
  deliver(message: Message): void;
  /** The wait has its outcome (`code`, `message`); it is on no queue any more. */
  wake(): void;
}

/** What a receive came to. Of a thread it is the very object that its program is shown. */
export interface Outcome {
  kr: MachMsgReturn | number;
  bits: readonly SpecialBit[] | null;
  message: Received | null;
  /** The message is one that came back from a send. */
  returned: boolean;
  /** With TOO_LARGE under RCV_LARGE: the size needed and the port (RCV_LARGE_IDENTITY). */
  size: number;
  local: PortName;
}

/** A receive that is under way or has just ended. One per thread, used again and again. */
export class ReceiveWait {
  readonly waker: Waker;
  readonly outcome: Outcome;
  /** (Queued) Who came next; of the last, who came first. */
  next: ReceiveWait | null = null;
  /** The port or set that it waits on; null when it is not waiting. */
  queue: Port | PortSet | null = null;
  /** Bytes the receiver has room for; Infinity if it did not say. */
  limit: number = Number.POSITIVE_INFINITY;
  /** RCV_LARGE: a message that is too large stays queued. */
  large = false;
  /** RCV_NOTIFY: the name of the notify port, or -1 without the option. */
  notify = -1;
  /** A limit or a notify port was given. */
  isSpecial = false;

  constructor(waker: Waker, outcome: Outcome) {
    this.waker = waker;
    this.outcome = outcome;
  }

  /** Takes the options of a receive, or that it has none. */
  setOptions(limit: number | undefined, isLarge: boolean, notify: number | undefined): void {
    this.limit = limit ?? Number.POSITIVE_INFINITY;
    this.large = isLarge;
    this.notify = notify ?? -1;
    this.isSpecial = limit !== undefined || isLarge || notify !== undefined;
  }

  /** Puts the wait last into the queue of a port or set. Its outcome is open from now on. Hot path. */
  joinQueue(queue: Port | PortSet): void {
    const last = queue.receivers;
    if (last === null) this.next = this;
    else {
      this.next = last.next;
      last.next = this;
    }
    queue.receivers = this;
    this.queue = queue;
    this.outcome.bits = null;
    this.outcome.message = null;
    this.outcome.returned = false;
  }

  /** Ends the wait without a message. The caller has taken it off its queue. */
  end(code: MachMsgReturn): void {
    this.outcome.kr = code;
    this.waker.wake();
  }

  /** Takes the wait off its queue (time-out, abort, freeze). O(waits) on that queue. */
  leave(): void {
    const { queue } = this;
    if (queue === null) return;
    const all = shiftAll(queue);
    for (const wait of all) if (wait !== this) wait.joinQueue(queue);
  }
}

/** Takes the receive that has waited longest off its queue. Hot path. */
export const shiftReceiver = (queue: Port | PortSet): ReceiveWait | null => {
  const last = queue.receivers;
  if (last === null) return null;
  const first = last.next as ReceiveWait;
  if (first === last) queue.receivers = null;
  else last.next = first.next;
  first.next = null;
  first.queue = null;
  return first;
};

/** Takes every waiting receive off a queue, in the order in which they came. */
export const shiftAll = (queue: Port | PortSet): ReceiveWait[] => {
  const all: ReceiveWait[] = [];
  for (let wait = shiftReceiver(queue); wait !== null; wait = shiftReceiver(queue)) all.push(wait);
  return all;
};

/** A send that waits for room: its message is whole and in kernel form. */
export class SendWait {
  readonly waker: Waker;
  readonly message: Message;
  readonly port: Port;
  isWaiting = true;
  /** Its thread is frozen: it keeps its place, and those behind it theirs, until the move is decided. */
  isHeld = false;

  constructor(waker: Waker, message: Message, port: Port) {
    this.waker = waker;
    this.message = message;
    this.port = port;
  }

  /** The message has gone: into the queue, or away with the port. The caller has taken the wait off its queue. */
  done(): void {
    this.isWaiting = false;
    this.waker.wake();
  }

  /** Takes the wait off its queue; the message is the caller's. */
  leave(): void {
    this.port.senders?.remove(this);
    this.isWaiting = false;
  }
}
