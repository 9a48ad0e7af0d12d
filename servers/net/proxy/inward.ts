/**
 * A message on its way in: what other nodes understand becomes rights of netmsg's, ready to be sent on. A receive
 * right that arrives brings its port: the proxy that stood for it here, if any, becomes the port, with all that was
 * queued there.
 */

import type { RightArgument } from '../../../kernel/interface/calls.ts';
import type { Body } from '../../../ports/body.ts';
import type { DraftItem } from '../../../ports/draft.ts';
import { isName, MACH_PORT_DEAD, MACH_PORT_NULL, type PortName, portName } from '../../../ports/name.ts';
import {
  COPY_SEND,
  MAKE_SEND,
  MAKE_SEND_ONCE,
  MOVE_RECEIVE,
  MOVE_SEND,
  MOVE_SEND_ONCE,
  PORT_RECEIVE,
  PORT_SEND_ONCE,
} from '../../../ports/right.ts';
import { decodeBody } from '../../../ports/wire/codec.ts';
import { release, unload } from '../freight/loads.ts';
import { dropMemory, dropSend, type Net, nextSerial, post, request } from '../netmsg-state.ts';
import type { Delivery, Parcel } from '../protocol.ts';
import {
  type Cargo,
  rightsOf,
  type Ticket,
  type WireItem,
  type WireMessage,
  type WireRight,
} from '../tables/frames.ts';
import { type Channel, type LocalPort, localPort, type MessageFrame, type RemotePort } from '../tables/records.ts';
import { isPassed, queuedAt } from './order.ts';
import { deliveryOf, parcelOf } from './parcels.ts';
import { importPort, payCopies, watchDeath } from './references.ts';

/** A message from another node as something that can be sent here, to `remote`. */
export const landMessage = (net: Net, message: WireMessage, remote: PortName, remoteDisposition: number): Delivery => {
  // A port in the queue of a port of this message passes through our hands before the message goes: what is to be
  // made of it must have been made by then.
  const isNested = rightsOf(message).some((right) => right.kind === 'receive' && right.ticket.messages.length > 0);
  const reply = isNested ? made(net, landRight(net, message.reply)) : landRight(net, message.reply);
  const items: DraftItem[] = [];
  for (const item of message.items) {
    const landed = landItem(net, item);
    items.push(isNested && landed.kind === 'port' ? { kind: 'port', ...made(net, landed) } : landed);
  }
  return {
    draft: {
      remote,
      remoteDisposition,
      local: reply.name,
      localDisposition: reply.name === MACH_PORT_NULL ? 0 : reply.disposition,
      id: message.id,
      body: message.body instanceof Uint8Array ? bodyOf(message.body) : undefined,
      descriptors: items,
    },
    sender: message.sender,
    once: message.type === PORT_SEND_ONCE,
    cause: message.cause ?? 0,
  };
};

/** What a peer encoded badly arrives as no body. */
const bodyOf = (octets: Uint8Array): Body => {
  try {
    return decodeBody(octets);
  } catch {
    return undefined;
  }
};

const landItem = (net: Net, item: WireItem): DraftItem => {
  switch (item.kind) {
    case 'port':
      return { kind: 'port', ...landRight(net, item.right) };
    case 'ool':
      return landMemory(net, item.bytes);
    case 'ool_ports':
      return landArray(
        net,
        item.type,
        item.rights.map((right) => landRight(net, right)),
      );
  }
};

const landMemory = (net: Net, bytes: Cargo): DraftItem => {
  if ('address' in bytes) return { kind: 'ool', ...bytes, deallocate: true };
  if (!(bytes instanceof Uint8Array) || bytes.length === 0) return { kind: 'ool', address: 0, size: 0 };
  const address = net.sys.call({ op: 'vm_allocate', size: bytes.length, anywhere: true })['address'];
  if (typeof address !== 'number') return { kind: 'ool', address: 0, size: 0 };
  net.sys.call({ op: 'vm_write', address, bytes });
  return { kind: 'ool', address, size: bytes.length, deallocate: true };
};

/** An array has one disposition for all its rights: each becomes a right of netmsg's own first, to be moved. */
const landArray = (net: Net, type: number, rights: readonly RightArgument[]): DraftItem => {
  const names = rights.map((right) => {
    const { name, disposition } = right;
    if (name === MACH_PORT_NULL || name === MACH_PORT_DEAD || disposition === type) return name;
    return disposition === MAKE_SEND_ONCE ? ownOnce(net, right) : ownSend(net, right);
  });
  return { kind: 'ool_ports', names, disposition: type };
};

/** A right that is still to be made from a receive right of netmsg's, made. */
const made = (net: Net, right: RightArgument): RightArgument => {
  if (!isName(right.name)) return right;
  if (right.disposition === MAKE_SEND) return { name: ownSend(net, right), disposition: MOVE_SEND };
  if (right.disposition === MAKE_SEND_ONCE) return { name: ownOnce(net, right), disposition: MOVE_SEND_ONCE };
  return right;
};

const ownSend = (net: Net, right: RightArgument): PortName => {
  net.sys.call({ op: 'port_insert_right', name: right.name, right });
  return right.name;
};

/** Send-once rights have names of their own: here one that no kernel chooses, until the message goes. */
const ownOnce = (net: Net, right: RightArgument): PortName => {
  const name = portName(0xfffffff0 - 4 * (nextSerial(net) % 0x100000));
  net.sys.call({ op: 'port_insert_right', name, right });
  return name;
};

const DEAD_RIGHT = { name: MACH_PORT_DEAD, disposition: COPY_SEND } as const;

/** A right from another node as a name of netmsg's and what is to be done with it. */
export const landRight = (net: Net, right: WireRight): RightArgument => {
  switch (right.kind) {
    case 'null':
      return { name: MACH_PORT_NULL, disposition: right.type === 0 ? MOVE_SEND : right.type };
    case 'dead':
      return { name: MACH_PORT_DEAD, disposition: right.type };
    case 'send': {
      const record = importPort(net, right);
      if (record === null) return { ...DEAD_RIGHT, disposition: right.type };
      const isOnce = right.type === PORT_SEND_ONCE;
      if (record.at === 'there') {
        net.toArm.add(record);
        return { name: record.name, disposition: isOnce ? MAKE_SEND_ONCE : MAKE_SEND };
      }
      if (isOnce) return { name: net.door.makeOnce(record.name), disposition: MOVE_SEND_ONCE };
      return { name: record.name, disposition: COPY_SEND };
    }
    case 'once':
      return landOnce(net, right);
    case 'receive':
      return { name: landPort(net, right.port, right.epoch, right.ticket), disposition: MOVE_RECEIVE };
  }
};

const landOnce = (net: Net, right: Extract<WireRight, { kind: 'once' }>): RightArgument => {
  if (right.node === net.node) {
    const own = net.onces.exported.get(right.once);
    if (own === undefined) return { ...DEAD_RIGHT, disposition: MOVE_SEND_ONCE };
    net.onces.dropExported(own);
    request(net, own.name, 'DEAD_NAME', 'cancelled');
    return { name: own.name, disposition: MOVE_SEND_ONCE };
  }
  if (!net.sessions.isLiving(right.node)) return { ...DEAD_RIGHT, disposition: MOVE_SEND_ONCE };
  const name = net.sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  net.sys.call({ op: 'port_move_member', member: name, after: net.set });
  net.onces.putImported({ id: right.once, name, node: right.node });
  if (right.peer !== net.node) post(net, right.node, { kind: 'once_here', once: right.once });
  return { name, disposition: MAKE_SEND_ONCE };
};

/** A port arrives. Its receive right is netmsg's, under the name answered, until it is sent on. */
const landPort = (net: Net, id: string, epoch: number, ticket: Ticket): PortName => {
  const before = net.records.get(id);
  const proxy = before?.at === 'there' ? before : null;
  const name = proxy?.name ?? (net.sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName);
  const record = localPort(id, name, epoch);
  for (const { node, chan, next } of ticket.channels) {
    record.channels.set(node, { chan, next, limit: next + net.limits.credit, held: new Map() });
  }
  for (const { node, chan } of ticket.holders)
    if (node !== net.node && net.sessions.isLiving(node)) record.holders.set(node, { chan, holds: true });
  const own = record.channels.get(net.node);
  const next = own !== undefined && own.chan === proxy?.chan ? own.next : 1;
  if (proxy !== null) retire(net, proxy, record);
  if (!ticket.hasSenders && ticket.nsrequest.kind !== 'null') record.countWithoutSenders = ticket.mscount;
  net.tombstones.delete(id);
  net.records.put(record);
  const back = proxy === null ? NOTHING_BACK : takeBack(net, proxy, record, next);
  keepFor(net, record);
  const messages = ticket.messages.map((message) => landMessage(net, message, name, MOVE_SEND));
  for (const frame of back.frames) messages.push(landMessage(net, unload(net, frame), name, MOVE_SEND));
  for (const parcel of back.parcels) messages.push(deliveryOf(parcel, name));
  const rightOf = (right: WireRight): RightArgument | null => (right.kind === 'null' ? null : landRight(net, right));
  const state = { ...ticket, nsrequest: rightOf(ticket.nsrequest), pdrequest: rightOf(ticket.pdrequest) };
  net.door.attach(name, state, messages);
  // Every sender hears what has been enqueued, wherever that was, and where the port is now.
  for (const node of record.channels.keys()) if (node !== net.node) record.owedAcks.add(node);
  net.owing.add(record);
  releaseEarly(net, id);
  return name;
};

/** A proxy is about to become the port. */
const retire = (net: Net, proxy: RemotePort, record: LocalPort): void => {
  record.copies = proxy.copies;
  net.toArm.delete(proxy);
  net.sys.call({ op: 'port_move_member', member: proxy.name, after: MACH_PORT_NULL });
  request(net, proxy.name, 'NO_SENDERS', 'cancelled');
  payCopies(net, proxy);
};

/** What goes into the queue of a port at once when it arrives where its proxy was: in this order. */
interface TakenBack {
  readonly frames: readonly MessageFrame[];
  readonly parcels: readonly Parcel[];
}

const NOTHING_BACK: TakenBack = { frames: [], parcels: [] };

/**
 * What a proxy had accepted and the owner had not taken yet. It is delivered here; but for what has to wait for
 * messages of other nodes: that is kept, and the port barred to whoever would send more.
 */
const takeBack = (net: Net, proxy: RemotePort, record: LocalPort, next: number): TakenBack => {
  const own: Channel = { chan: proxy.chan, next, limit: next, held: new Map() };
  record.channels.set(net.node, own);
  record.after = proxy.after.filter((each) => !isPassed(net, record, each));
  const first = Math.min(...record.after.map(({ from }) => from));
  const frames: MessageFrame[] = [];
  for (let sent = proxy.unacknowledged.shift(); sent !== undefined; sent = proxy.unacknowledged.shift()) {
    const { frame } = sent;
    if (frame.seq < next) release(net, frame.freight);
    else if (frame.seq >= first) own.held.set(frame.seq, frame);
    else if (frame.message.type !== 0) frames.push(frame);
  }
  own.next = Math.max(next, Math.min(first, proxy.nextSeq));
  const parcels: Parcel[] = [];
  if (record.after.length === 0) own.next += queuedAt(net, record);
  else {
    record.isBarred = true;
    net.door.bar(record.name, true);
    net.stirred.add(record);
    for (let queued = net.sys.poll(record.name); queued !== null; queued = net.sys.poll(record.name)) {
      if (proxy.nextSeq + parcels.length + record.waiting.length >= first) record.waiting.push(parcelOf(queued));
      else {
        parcels.push(parcelOf(queued));
        own.next += 1;
      }
    }
  }
  return { frames, parcels };
};

/** A port that has arrived and that others hold rights to: netmsg keeps a send right for them. */
const keepFor = (net: Net, record: LocalPort): void => {
  if (record.holders.size === 0 && record.copies === 0 && !record.isBarred) {
    net.records.remove(record);
    return;
  }
  if (record.holders.size > 0 || record.isBarred) {
    record.isKept = true;
    ownSend(net, { name: record.name, disposition: MAKE_SEND });
  }
  watchDeath(net, record);
};

/** Frames that came before the port are looked at now. */
export const releaseEarly = (net: Net, id: string): void => {
  net.searches.delete(id);
  const waiting = net.early.get(id);
  if (waiting === undefined) return;
  net.early.delete(id);
  net.earlyCount -= waiting.length;
  net.again.push(...waiting);
};

/** Gives up all rights and memory of a message that nobody will get. */
export const discard = (net: Net, { draft }: Delivery): void => {
  if (draft.local !== undefined) discardRight(net, { name: draft.local, disposition: draft.localDisposition ?? 0 });
  for (const item of draft.descriptors ?? []) {
    if (item.kind === 'port') discardRight(net, item);
    else if (item.kind === 'ool') dropMemory(net, item);
    else if (item.kind === 'ool_ports')
      for (const name of item.names) discardRight(net, { name, disposition: item.disposition });
  }
};

/** Gives up one right that has landed. */
export const discardRight = (net: Net, { name, disposition }: RightArgument): void => {
  if (name === MACH_PORT_NULL || name === MACH_PORT_DEAD) return;
  switch (disposition) {
    case MOVE_SEND:
    case MOVE_SEND_ONCE:
      dropSend(net, name);
      return;
    case PORT_RECEIVE:
      net.sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
      return;
    case MAKE_SEND_ONCE:
      endImportedOnce(net, name);
      return;
    default: // a copy of what netmsg keeps, or one not made: nothing to give up
      return;
  }
};

/** A send-once right of another node, or by a proxy, has come to nothing here. */
const endImportedOnce = (net: Net, name: PortName): void => {
  const once = net.onces.importedAs(name);
  if (once === undefined) return dropSend(net, net.door.makeOnce(name)); // its port hears of it
  net.onces.dropImported(once);
  net.sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
  post(net, once.node, { kind: 'once_gone', once: once.id });
};
