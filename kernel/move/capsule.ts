/**
 * The state of one port as its receive right moves to another kernel: what is queued, the requests, the limit. Taking it out closes the
 * port: what is sent from now on waits in limbo behind it, blocked senders stay blocked (DESIGN: port_detach, port_attach).
 */
import type { Body } from '../../ports/body.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import type { Carried } from '../../ports/name-calls.ts';
import { Identity, type Item, Message, type Port } from '../../ports/port.ts';
import { PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { Ring } from '../../ports/ring.ts';
import type { Ipc } from '../../ports/ipc.ts';
import { dropSend } from '../../ports/fate.ts';
import type { RightIndex } from './image.ts';
import { type RightsIn, RightsOut } from './rights.ts';

/** One queued message. `memory` items are out-of-line memory: they travel as descriptors beside the rights. */
export interface QueuedImage {
  readonly id: number;
  readonly body: Body;
  readonly type: number;
  readonly reply: RightIndex;
  readonly replyType: number;
  readonly sender: string | null;
  readonly items: readonly QueuedItem[];
}

/** One descriptor of a queued message. */
export type QueuedItem =
  | { readonly kind: 'port'; readonly type: number; readonly right: RightIndex }
  | { readonly kind: 'ool_ports'; readonly type: number; readonly rights: readonly RightIndex[] }
  | { readonly kind: 'ool'; readonly size: number; readonly memory: number };

/** A port's state as data. */
export interface PortCapsule {
  readonly seqno: number;
  readonly mscount: number;
  readonly qlimit: number;
  readonly messages: readonly QueuedImage[];
  readonly nsrequest: RightIndex;
  readonly pdrequest: RightIndex;
}

/** Memory that queued messages carry, in the order of the `memory` numbers. */
export type CarriedMemory = Extract<Item, { kind: 'ool' }>[];

/** Empties a port whose receive right the caller holds. */
export const detachPort = (
  ipc: Ipc,
  port: Port,
): { capsule: PortCapsule; rights: readonly Carried[]; memory: CarriedMemory } => {
  const out = new RightsOut();
  const memory: CarriedMemory = [];
  const nsrequest = out.sendOnce(port.nsrequest);
  const pdrequest = out.sendOnce(port.pdrequest);
  port.nsrequest = null;
  port.pdrequest = null;
  const set = port.set;
  set?.remove(port);
  const messages: QueuedImage[] = [];
  for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) {
    ipc.messages -= 1;
    messages.push(imageOf(message, out, memory));
    if (message.remoteType === PORT_SEND) dropSend(ipc, port);
    else port.sorights -= 1;
  }
  set?.add(port);
  const capsule = { seqno: port.seqno, mscount: port.mscount, qlimit: port.qlimit, messages, nsrequest, pdrequest };
  return { capsule, rights: out.rights, memory };
};

const imageOf = (message: Message, out: RightsOut, memory: CarriedMemory): QueuedImage => ({
  id: message.id,
  body: message.body,
  type: message.remoteType,
  reply: out.any(message.reply, message.localType),
  replyType: message.localType,
  sender: message.sender?.token ?? null,
  items: (message.items ?? []).map((item): QueuedItem => {
    if (item.kind === 'port') return { kind: 'port', type: item.type, right: out.any(item.port, item.type) };
    if (item.kind === 'ool_ports') {
      return { kind: 'ool_ports', type: item.type, rights: item.ports.map((port) => out.any(port, item.type)) };
    }
    memory.push(item);
    return { kind: 'ool', size: item.size, memory: memory.length - 1 };
  }),
});

/** Gives a port its state: its messages stand before whatever it has queued meanwhile. */
export const attachPort = (
  ipc: Ipc,
  port: Port,
  capsule: PortCapsule,
  carried: { readonly rights: RightsIn; readonly memory: CarriedMemory },
): void => {
  const later: Message[] = [];
  const set = port.set;
  set?.remove(port);
  for (let message = port.dequeue(); message !== undefined; message = port.dequeue()) later.push(message);
  if (port.queue === null) port.queue = new Ring();
  for (const image of capsule.messages) {
    ipc.messages += 1;
    port.queue.push(messageOf(port, image, carried));
  }
  for (const message of later) port.queue.push(message);
  set?.add(port);
  port.seqno = capsule.seqno;
  port.mscount = capsule.mscount;
  port.qlimit = capsule.qlimit;
  port.nsrequest = carried.rights.take(capsule.nsrequest) ?? port.nsrequest;
  port.pdrequest = carried.rights.take(capsule.pdrequest) ?? port.pdrequest;
};

const messageOf = (
  port: Port,
  image: QueuedImage,
  { rights, memory }: { readonly rights: RightsIn; readonly memory: CarriedMemory },
): Message => {
  const type = image.type === PORT_SEND ? PORT_SEND : PORT_SEND_ONCE;
  const message = new Message(image.id, image.body, port, type, image.sender === null ? null : new Identity(image.sender));
  if (type === PORT_SEND) port.srights += 1;
  else port.sorights += 1;
  message.reply = rights.take(image.reply);
  message.localType = image.replyType as 0 | 17 | 18;
  const items = image.items.map((item): Item => {
    if (item.kind === 'port') {
      return { kind: 'port', type: item.type as 16 | 17 | 18, name: MACH_PORT_NULL, port: rights.take(item.right) };
    }
    if (item.kind === 'ool_ports') {
      const ports = item.rights.map((index) => rights.take(index));
      return { kind: 'ool_ports', type: item.type as 16 | 17 | 18, names: [], ports };
    }
    return memory[item.memory] ?? { kind: 'ool', address: 0, size: 0, deallocate: true, copy: null };
  });
  if (items.length > 0) message.items = items;
  return message;
};
