/**
 * Spaces without tasks: what the tests of `ports/` act with. Each call ends as a trap does, with nothing left to
 * destroy.
 */
import type { Draft, DraftItem } from '../../ports/draft.ts';
import { settle } from '../../ports/fate.ts';
import { Ipc } from '../../ports/ipc.ts';
import type { KernReturn, MachMsgReturn } from '../../ports/kern-return.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { allocate, carry, entryFor, insertRight } from '../../ports/name-calls.ts';
import { Identity, Message, Port, type Received, ReceiveWait, SendWait } from '../../ports/port.ts';
import { deliver, hasRoom } from '../../ports/queue.ts';
import { pseudoReceive, receivable, takeMessage } from '../../ports/receive.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import { Ring } from '../../ports/ring.ts';
import { compose } from '../../ports/send.ts';
import { type Memory, Space } from '../../ports/space.ts';

const noMemory: Memory = { take: () => 'KERN_INVALID_ADDRESS', map: () => 'KERN_NO_SPACE', destroy: () => undefined };

/** One holder of rights. */
export class Party {
  readonly ipc: Ipc;
  readonly space: Space;
  #next = 0x1001;

  constructor(ipc: Ipc = new Ipc(), name = 'party') {
    this.ipc = ipc;
    this.space = new Space(ipc, noMemory, new Identity(name));
  }

  /** Another space of the same kernel. */
  peer(name: string): Party {
    return new Party(this.ipc, name);
  }

  /** A new receive right, or what else can be allocated. */
  port(kind: 'RECEIVE' | 'PORT_SET' | 'DEAD_NAME' = 'RECEIVE'): PortName {
    return allocate(this.space, kind) as PortName;
  }

  /** Gives `to` a right to this party's port, under a name of its choosing. */
  give(to: Party, name: PortName, disposition: number = MAKE_SEND): PortName {
    const right = carry(this.space, name, disposition);
    if (typeof right === 'string') throw new Error(right);
    const known = disposition === MAKE_SEND_ONCE || right.port === null ? undefined : to.space.entryOf(right.port);
    const as = known?.name ?? to.#name();
    this.done(insertRight(to.space, as, right));
    return as;
  }

  #name(): PortName {
    this.#next += 4;
    return portName(this.#next);
  }

  /** Sends without waiting. What cannot be delivered comes back. */
  send(remote: PortName, id: number, more: Partial<Draft> = {}): MachMsgReturn | 'refused body' {
    const message = compose(this.space, { remote, remoteDisposition: COPY_SEND, id, ...more });
    const kr =
      message instanceof Message ? this.#place(message) : typeof message === 'string' ? message : 'refused body';
    settle(this.ipc);
    return kr;
  }

  #place(message: Message): MachMsgReturn {
    if (message.dest !== null && !message.circular && !hasRoom(message.dest, message)) {
      pseudoReceive(this.space, message);
      return 'MACH_SEND_TIMED_OUT';
    }
    deliver(this.ipc, message);
    return 'MACH_MSG_SUCCESS';
  }

  /** Sends, and waits if there is no room. */
  block(remote: PortName, id: number): SendWait {
    const message = compose(this.space, { remote, remoteDisposition: COPY_SEND, id });
    if (!(message instanceof Message) || message.dest === null) throw new Error('not sent');
    const wait = new SendWait({ deliver: () => undefined, wake: () => undefined }, message, message.dest);
    message.dest.senders ??= new Ring();
    message.dest.senders.push(wait);
    this.ipc.messages += 1;
    return wait;
  }

  /** Receives without waiting; the code if nothing came. */
  take(name: PortName, limit: number = Number.POSITIVE_INFINITY, large = false): Received | MachMsgReturn {
    const target = receivable(this.space, name);
    if (typeof target === 'string') return target;
    const wait = new ReceiveWait(
      { deliver: () => undefined, wake: () => undefined },
      {
        kr: 'MACH_MSG_SUCCESS',
        bits: null,
        message: null,
        returned: false,
        size: 0,
        local: MACH_PORT_NULL,
      },
    );
    wait.setOptions(limit === Number.POSITIVE_INFINITY ? undefined : limit, large, undefined);
    const port = target instanceof Port ? target : null;
    const took = takeMessage(this.space, wait, port, target instanceof Port ? null : target);
    settle(this.ipc);
    if (!took) return 'MACH_RCV_TIMED_OUT';
    const { kr, message } = wait.outcome;
    return kr === 'MACH_MSG_SUCCESS' && message !== null ? message : (kr as MachMsgReturn);
  }

  /** The id of what comes next, or the code. */
  next(name: PortName): number | string {
    const got = this.take(name);
    return typeof got === 'string' ? got : got.id;
  }

  /** Everything that is queued: the ids, in order. */
  drain(name: PortName): (number | string)[] {
    const ids: (number | string)[] = [];
    for (let id = this.next(name); typeof id === 'number'; id = this.next(name)) ids.push(id);
    return ids;
  }

  /** The bits of a name's type, or the code. */
  type(name: PortName): number | string {
    const entry = entryFor(this.space, name);
    return typeof entry === 'string' ? entry : entry.type;
  }

  /** Lets everything happen that a call has begun. */
  done(kr: KernReturn): void {
    settle(this.ipc);
    if (kr !== 'KERN_SUCCESS') throw new Error(kr);
  }
}

/** A descriptor of a right. */
export const right = (name: PortName, disposition: number): DraftItem => ({ kind: 'port', name, disposition });
