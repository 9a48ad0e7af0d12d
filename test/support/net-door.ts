/**
 * netmsg's door into its kernel, on the functions of `ports/`: what the kernel is to offer it as calls. It acts on the names of one
 * space, netmsg's.
 */

import type { RightArgument } from '../../kernel/interface/calls.ts';
import type { Draft } from '../../ports/draft.ts';
import { destroyRight, fireAccepted, settle } from '../../ports/fate.ts';
import type { Ipc } from '../../ports/ipc.ts';
import type { KernFailure, KernReturn, MachMsgReturn } from '../../ports/kern-return.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { carry, receivePort } from '../../ports/name-calls.ts';
import { DEAD, Identity, type Item, Message, type Port } from '../../ports/port.ts';
import { deliver, hasRoom } from '../../ports/queue.ts';
import { MAKE_SEND, MAKE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { Ring } from '../../ports/ring.ts';
import { compose } from '../../ports/send.ts';
import type { Space } from '../../ports/space.ts';
import { copyInRight, copyOutRight } from '../../ports/transfer.ts';
import type { Delivery, Door, Parcel, PortCapsule, PortState } from '../../servers/net/protocol.ts';

/** `Door` over the space of one task. */
export class NetDoor implements Door {
  readonly #space: Space;

  constructor(space: Space) {
    this.#space = space;
  }

  get #ipc(): Ipc {
    return this.#space.ipc;
  }

  forward({ draft, sender, once }: Delivery, notify: PortName): MachMsgReturn {
    const message = compose(this.#space, draft, notify);
    if (!(message instanceof Message)) {
      settle(this.#ipc);
      return typeof message === 'string' ? message : 'MACH_SEND_INVALID_DATA';
    }
    message.sender = sender === null ? null : new Identity(sender);
    const port = message.dest;
    if (port !== null && once && message.remoteType === PORT_SEND) {
      port.srights -= 1;
      port.sorights += 1;
      message.remoteType = PORT_SEND_ONCE;
    }
    const isFull = port !== null && !message.circular && port.where !== DEAD && !hasRoom(port, message);
    const code = isFull ? this.#force(message, port, notify) : 'MACH_MSG_SUCCESS';
    deliver(this.#ipc, message);
    settle(this.#ipc);
    return code;
  }

  /** Asks to be told when a message that is forced into a full queue leaves it. */
  #force(message: Message, port: Port, notify: PortName): MachMsgReturn {
    const entry = this.#space.entryOf(port) ?? null;
    const notifyEntry = this.#space.lookup(notify);
    if (notifyEntry === undefined) return 'MACH_MSG_SUCCESS';
    const record = { entry, notify: copyInRight(this.#space, notifyEntry, MAKE_SEND_ONCE) };
    if (entry !== null) entry.accepted = record;
    message.accepted = record;
    return 'MACH_SEND_WILL_NOTIFY';
  }

  detach(name: PortName): PortCapsule | KernFailure {
    const port = receivePort(this.#space, name);
    if (typeof port === 'string') return port;
    port.set?.remove(port);
    const messages: Parcel[] = [];
    for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) {
      this.#ipc.messages -= 1;
      if (message.accepted !== null) fireAccepted(this.#ipc, message);
      messages.push(this.#open(message, port));
    }
    const { seqno, mscount, qlimit, nsrequest, pdrequest } = port;
    port.nsrequest = null;
    port.pdrequest = null;
    settle(this.#ipc);
    return { seqno, mscount, qlimit, nsrequest: this.#name(nsrequest), pdrequest: this.#name(pdrequest), messages };
  }

  #name(right: Port | null, type: number = PORT_SEND_ONCE): PortName {
    return copyOutRight(this.#space, right, type) ?? MACH_PORT_DEAD;
  }

  /** Takes a queued message apart into names. The right by which it came goes without a word. */
  #open(message: Message, port: Port): Parcel {
    if (message.remoteType === PORT_SEND_ONCE) port.sorights -= 1;
    else port.srights -= 1;
    const reply = this.#name(message.reply, message.localType);
    const items = (message.items ?? []).map((item): Item => {
      switch (item.kind) {
        case 'port':
          return { ...item, name: this.#name(item.port, item.type), port: null };
        case 'ool_ports':
          return { ...item, names: item.ports.map((each) => this.#name(each, item.type)), ports: [] };
        case 'ool': {
          const address = item.copy === null ? 0 : this.#space.memory.map(item.copy);
          return typeof address === 'string' ? { ...item, size: 0, copy: null } : { ...item, address, copy: null };
        }
      }
    });
    return {
      id: message.id,
      body: message.body,
      reply,
      replyType: message.localType,
      destType: message.remoteType,
      items: items.length === 0 ? null : items,
      sender: message.sender?.token ?? null,
    };
  }

  attach(name: PortName, state: PortState<RightArgument | null>, messages: readonly Delivery[]): KernReturn {
    const port = receivePort(this.#space, name);
    if (typeof port === 'string') return port;
    const set = port.set;
    set?.remove(port);
    const later = port.queue;
    port.queue = new Ring();
    for (const delivery of messages) this.#put(port, name, delivery);
    for (let message = later?.shift(); message !== undefined; message = later?.shift()) port.queue.push(message);
    set?.add(port);
    port.seqno = state.seqno;
    port.mscount = state.mscount;
    port.qlimit = state.qlimit;
    if (state.nsrequest !== null) port.nsrequest = this.#take(port.nsrequest, state.nsrequest);
    if (state.pdrequest !== null) port.pdrequest = this.#take(port.pdrequest, state.pdrequest);
    settle(this.#ipc);
    return 'KERN_SUCCESS';
  }

  #put(port: Port, name: PortName, { draft, sender, once }: Delivery): void {
    const made: Draft = { ...draft, remote: name, remoteDisposition: once ? MAKE_SEND_ONCE : MAKE_SEND };
    const message = compose(this.#space, made);
    if (!(message instanceof Message)) return;
    message.sender = sender === null ? null : new Identity(sender);
    this.#ipc.messages += 1;
    port.queue?.push(message);
  }

  #take(before: Port | null, right: RightArgument): Port | null {
    destroyRight(this.#ipc, before, PORT_SEND_ONCE);
    const carried = carry(this.#space, right.name, right.disposition);
    return typeof carried === 'string' ? null : carried.port;
  }

  receiverOf(name: PortName): PortName {
    const port = this.#space.lookup(name)?.port ?? null;
    return port !== null && port.space === this.#space && port.entry !== null ? port.entry.name : MACH_PORT_NULL;
  }
}
