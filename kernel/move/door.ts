/**
 * What netmsg needs of its kernel beyond the traps, on names of its own space only: to send in another's name, and to
 * take the inside out of a port or put it in. The composition root gives it to netmsg as an argument.
 */

import { dropSend, settle } from '../../ports/fate.ts';
import type { KernFailure, KernReturn, MachMsgReturn } from '../../ports/kern-return.ts';
import { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { type Carried, carry, deallocate, discard, receivePort } from '../../ports/name-calls.ts';
import { DEAD, Identity, Message, type Port } from '../../ports/port.ts';
import { admitBlocked, deliver, hasRoom } from '../../ports/queue.ts';
import { pseudoReceive } from '../../ports/receive.ts';
import { MAKE_SEND, MAKE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE, SEND_ONCE, SEND_RIGHTS } from '../../ports/right.ts';
import { Ring } from '../../ports/ring.ts';
import { compose } from '../../ports/send.ts';
import type { Space } from '../../ports/space.ts';
import { copyInRight, copyOutRight, offers } from '../../ports/transfer.ts';
import { EVENT_ARRIVE, EVENT_FORWARD } from '../events.ts';
import type { RightArgument } from '../interface/calls.ts';
import {
  type Delivery,
  type Door,
  PAGE_READY,
  type Parcel,
  type PortCapsule,
  type PortState,
  type RemoteCause,
} from '../interface/door.ts';
import type { Task } from '../kernel.ts';
import { resolveFault } from '../vm/fault.ts';
import { PAGE, pageFloor } from '../vm/page.ts';
import type { PageWaiter } from '../vm/wait.ts';

/** The door of one task. What each call means stands at the interface. */
export class NetDoor implements Door {
  readonly #task: Task;
  readonly #space: Space;
  /** Addresses of pages that are asked for: each has one waiter. */
  readonly #asked: Set<number> = new Set();
  #hasTold = false;

  constructor(task: Task) {
    this.#task = task;
    this.#space = task.space;
  }

  readMemory(address: number, target: Uint8Array, notify: PortName | null): 'read' | 'waiting' | 'failed' {
    const { memory } = this.#task;
    let outcome: 'read' | 'waiting' = 'read';
    this.#hasTold = false;
    for (let at = pageFloor(address); at < address + target.length; at += PAGE) {
      const found = resolveFault(memory, at, 'read');
      if (found === 'resident') continue;
      if ('failed' in found) return 'failed';
      outcome = 'waiting';
      if (notify === null || this.#asked.has(at)) continue;
      this.#asked.add(at);
      found.wait.join(this.#waiterFor(at, notify));
    }
    if (outcome === 'read') memory.access.read(address, target);
    return outcome;
  }

  #waiterFor(address: number, notify: PortName): PageWaiter {
    return {
      pageReady: () => {
        this.#asked.delete(address);
        this.#tell(notify);
      },
    };
  }

  /** One word is enough for all pages that come before the next look. */
  #tell(notify: PortName): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    const port = receivePort(this.#space, notify);
    if (typeof port === 'string') return;
    port.sorights += 1;
    deliver(this.#space.ipc, new Message(PAGE_READY, undefined, port, PORT_SEND_ONCE, null));
  }

  notePassed(id: number, { node, n }: RemoteCause): number {
    const { kernel, serial } = this.#task;
    return kernel.events?.recordFrom(node, EVENT_FORWARD, kernel.lately, serial, id, n) ?? 0;
  }

  forward(delivery: Delivery, notify: PortName): MachMsgReturn {
    const { ipc } = this.#space;
    const message = compose(this.#space, delivery.draft, notify);
    if (!(message instanceof Message)) return typeof message === 'string' ? message : 'MACH_SEND_INVALID_DATA';
    this.#stamp(message, delivery);
    const port = message.dest;
    if (port === null || message.circular || hasRoom(port, message) || port.msgcount < port.qlimit) {
      deliver(ipc, message);
      settle(ipc);
      return 'MACH_MSG_SUCCESS';
    }
    return this.#force(port, message, notify);
  }

  #stamp(message: Message, { sender, once, cause }: Delivery): void {
    const { kernel, serial } = this.#task;
    message.sender = sender === null ? null : new Identity(sender);
    if (typeof cause === 'number') message.cause = cause;
    else if (kernel.events !== null)
      message.cause = kernel.events.recordFrom(cause.node, EVENT_ARRIVE, kernel.lately, serial, message.id, cause.n);
    const port = message.dest;
    if (!once || port === null || message.remoteType === PORT_SEND_ONCE) return;
    port.sorights += 1;
    message.remoteType = PORT_SEND_ONCE;
    dropSend(this.#space.ipc, port);
  }

  #force(port: Port, message: Message, notify: PortName): MachMsgReturn {
    const space = this.#space;
    const entry = space.entryOf(port);
    const told = space.lookup(notify);
    if (told === undefined || offers(told, MAKE_SEND_ONCE) !== 'right' || entry?.accepted != null) {
      pseudoReceive(space, message);
      return entry?.accepted == null ? 'MACH_SEND_INVALID_NOTIFY' : 'MACH_SEND_NOTIFY_IN_PROGRESS';
    }
    const record = { entry: entry ?? null, notify: copyInRight(space, told, MAKE_SEND_ONCE) };
    if (entry !== undefined) entry.accepted = record;
    message.accepted = record;
    deliver(space.ipc, message);
    settle(space.ipc);
    return 'MACH_SEND_WILL_NOTIFY';
  }

  bar(name: PortName, isBarred: boolean): void {
    const port = this.#space.lookup(name)?.port ?? null;
    if (port === null) return;
    port.limitTo(port.qlimit, isBarred);
    admitBlocked(this.#space.ipc, port);
    settle(this.#space.ipc);
  }

  detach(name: PortName): PortCapsule | KernFailure {
    const space = this.#space;
    const port = receivePort(space, name);
    if (typeof port === 'string') return port;
    const { seqno, mscount, qlimit, set } = port;
    const state = {
      seqno,
      mscount,
      qlimit,
      nsrequest: this.#land({ port: port.nsrequest, type: PORT_SEND_ONCE }),
      pdrequest: this.#land({ port: port.pdrequest, type: PORT_SEND_ONCE }),
    };
    port.nsrequest = null;
    port.pdrequest = null;
    set?.remove(port);
    const messages: Parcel[] = [];
    for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) {
      space.ipc.messages -= 1;
      withdrawAcceptance(message);
      messages.push(this.#parcel(port, message));
    }
    set?.add(port);
    settle(space.ipc);
    return { ...state, messages };
  }

  #land(right: Carried): PortName {
    return copyOutRight(this.#space, right.port, right.type) ?? MACH_PORT_NULL;
  }

  #parcel(port: Port, message: Message): Parcel {
    const destType = message.remoteType;
    const replyType = message.localType;
    message.dest = null;
    pseudoReceive(this.#space, message);
    if (destType === PORT_SEND) dropSend(this.#space.ipc, port);
    else port.sorights -= 1;
    const { id, body, items, sender, cause } = message;
    return { id, body, reply: message.local, replyType, destType, items, sender: sender?.token ?? null, cause };
  }

  attach(name: PortName, state: PortState<RightArgument | null>, messages: readonly Delivery[]): KernReturn {
    const space = this.#space;
    const port = receivePort(space, name);
    if (typeof port === 'string') return port;
    const { set } = port;
    set?.remove(port);
    const made = messages.map((delivery) => this.#make(name, delivery)).filter((message) => message !== null);
    const later: Message[] = [];
    for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) later.push(message);
    port.queue ??= new Ring();
    space.ipc.messages += made.length;
    for (const message of [...made, ...later]) port.queue.push(message);
    set?.add(port);
    port.seqno = state.seqno;
    port.mscount = state.mscount;
    port.limitTo(state.qlimit, port.isBarred);
    port.nsrequest = this.#take(state.nsrequest) ?? port.nsrequest;
    port.pdrequest = this.#take(state.pdrequest) ?? port.pdrequest;
    settle(space.ipc);
    return 'KERN_SUCCESS';
  }

  #make(name: PortName, delivery: Delivery): Message | null {
    const draft = { ...delivery.draft, remote: name, remoteDisposition: MAKE_SEND };
    const message = compose(this.#space, draft);
    if (!(message instanceof Message)) return null;
    this.#stamp(message, delivery);
    return message;
  }

  #take(argument: RightArgument | null): Port | null {
    if (argument === null || !isName(argument.name)) return null;
    const right = carry(this.#space, argument.name, argument.disposition);
    if (typeof right === 'string') return null;
    if (right.type === PORT_SEND_ONCE) return right.port;
    discard(this.#space, right);
    return null;
  }

  makeOnce(name: PortName): PortName {
    const port = this.#space.lookup(name)?.port ?? null;
    if (port === null) return MACH_PORT_DEAD;
    port.sorights += 1;
    return copyOutRight(this.#space, port, PORT_SEND_ONCE) ?? MACH_PORT_DEAD;
  }

  /**
   * Gives up one user reference of a send right; the last right in the world fires no-senders only if the make-send
   * count has grown beyond `mscount`.
   */
  forgetSend(name: PortName, mscount: number): void {
    const port = this.#space.lookup(name)?.port ?? null;
    if (port === null || port.mscount !== mscount || port.srights > 1) {
      deallocate(this.#space, name);
      return settle(this.#space.ipc);
    }
    const waiting = port.nsrequest;
    port.nsrequest = null;
    deallocate(this.#space, name);
    if (port.where !== DEAD) port.nsrequest = waiting;
    settle(this.#space.ipc);
  }

  /** Gives a send-once right up in silence: its use has been reported by other means. */
  forgetOnce(name: PortName): void {
    const entry = this.#space.lookup(name);
    if (entry === undefined) return;
    if (entry.type === SEND_ONCE && entry.port !== null) entry.port.sorights -= 1;
    this.#space.free(entry);
    settle(this.#space.ipc);
  }

  receiverOf(name: PortName): PortName {
    const entry = isName(name) ? this.#space.lookup(name) : undefined;
    const port = entry === undefined || (entry.type & SEND_RIGHTS) === 0 ? null : entry.port;
    return port !== null && port.space === this.#space && port.entry !== null ? port.entry.name : MACH_PORT_NULL;
  }
}

/** A message that had been forced in is taken out again: nobody needs to be told that it has left. */
const withdrawAcceptance = (message: Message): void => {
  const record = message.accepted;
  if (record === null) return;
  message.accepted = null;
  if (record.entry !== null) record.entry.accepted = null;
  record.notify.sorights -= 1;
};
