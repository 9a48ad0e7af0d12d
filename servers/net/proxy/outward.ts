/**
 * A message on its way out: rights become what other nodes understand. Encoding gives nothing up; it answers with the
 * message a list of effects, to be carried out when the message goes (`commitEffects`) or undone (`undoEffects`). A
 * receive right goes with all that its port has inside; the port stays here, closed, until that is decided.
 */

import { invariant } from '../../../ports/invariant.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../../../ports/right.ts';
import { encodeBody } from '../../../ports/wire/codec.ts';
import { type Sealed, seal } from '../freight/loads.ts';
import { type Copy, dropMemory, dropSend, type Effect, type Net, nextSerial, post, request } from '../netmsg-state.ts';
import type { NodeId, OnceId, Parcel, PortCapsule } from '../protocol.ts';
import { NOTHING_BEFORE, type Ticket, type WireItem, type WireMessage, type WireRight } from '../tables/frames.ts';
import type { ExportedOnce } from '../tables/onces.ts';
import {
  type Channel,
  type LocalPort,
  type MessageFrame,
  type PortRecord,
  type RemotePort,
  remotePort,
} from '../tables/records.ts';
import { dependenciesOf, outstandingOf, queuedAt, remaining } from './order.ts';
import { deliveryOf, giveUp } from './parcels.ts';
import { endCopy, makeCopy, openProxy, recordOf } from './references.ts';

/**
 * A message for `peer` and its freight, and what its going means. A port in it is opened, and stays closed to everybody
 * until that is decided.
 */
export const encodeParcel = (
  net: Net,
  to: { readonly peer: NodeId; readonly until: 'acknowledged' | 'brought' | 'committed' },
  parcel: Parcel,
  effects: Effect[],
): Sealed => seal(net, to, encodeMessage(net, to.peer, parcel, effects), effects);

/** What goes in place of a message that cannot: a number, and nothing to be enqueued. */
const BLANK: WireMessage = {
  id: 0,
  type: 0,
  sender: null,
  cause: null,
  body: new Uint8Array(0),
  reply: { kind: 'null', type: 0 },
  items: [],
};

/** A number that carries nothing: others may have been told that it comes. */
const sendBlank = (net: Net, record: RemotePort): void => {
  const { id: port, epoch, chan, nextSeq: seq, node } = record;
  const after = dependenciesOf(net, record, seq);
  const address = { port, epoch, origin: net.node, chan, seq, after };
  const frame: MessageFrame = { kind: 'msg', ...address, message: BLANK, freight: null };
  record.nextSeq += 1;
  record.unacknowledged.push({ frame, via: node });
  post(net, node, frame);
};

/** A message has come to a proxy: it gets its number and goes to where the port is believed to be. */
export const sendOn = (net: Net, record: RemotePort, parcel: Parcel): void => {
  const effects: Effect[] = [];
  const peer = record.node;
  const sealed = encodeParcel(net, { peer, until: 'acknowledged' }, parcel, effects);
  const frame: MessageFrame = {
    kind: 'msg',
    port: record.id,
    epoch: record.epoch,
    origin: net.node,
    chan: record.chan,
    seq: record.nextSeq,
    after: dependenciesOf(net, record, record.nextSeq),
    ...sealed,
  };
  const isTooLarge = (sealed.freight?.size ?? 0) > net.limits.freightMax;
  if (!isTooLarge && post(net, peer, frame)) {
    record.nextSeq += 1;
    record.unacknowledged.push({ frame, via: peer });
    net.counters.sent += 1;
    commitEffects(net, effects, peer);
  } else {
    giveUpParcel(net, parcel, effects);
    sendBlank(net, record);
  }
  block(net, record);
};

/**
 * Without credit, or while the node has enough to read, nothing more is received from a proxy: senders block in front
 * of it as in front of a full queue.
 */
export const block = (net: Net, record: RemotePort): void => {
  const mayGo = record.nextSeq < record.limit && net.sessions.hasRoom(record.node);
  if (mayGo === !record.isBlocked) return;
  record.isBlocked = !mayGo;
  net.sys.call({ op: 'port_move_member', member: record.name, after: mayGo ? net.set : MACH_PORT_NULL });
};

const encodeMessage = (net: Net, peer: NodeId, parcel: Parcel, effects: Effect[]): WireMessage => ({
  id: parcel.id,
  type: parcel.destType,
  sender: parcel.sender,
  cause: parcel.cause === 0 ? null : { node: net.node, n: parcel.cause },
  body: encodeBody(parcel.body),
  reply: encodeRight(net, peer, parcel.reply, parcel.replyType, effects),
  items: (parcel.items ?? []).map((item): WireItem => {
    switch (item.kind) {
      case 'port':
        return { kind: 'port', right: encodeRight(net, peer, item.name, item.type, effects) };
      case 'ool_ports': {
        const rights = item.names.map((name) => encodeRight(net, peer, name, item.type, effects));
        return { kind: 'ool_ports', type: item.type, rights };
      }
      case 'ool':
        return { kind: 'ool', bytes: { address: item.address, size: item.size } };
    }
  }),
});

const encodeRight = (net: Net, peer: NodeId, name: PortName, type: number, effects: Effect[]): WireRight => {
  if (name === MACH_PORT_NULL) return { kind: 'null', type };
  if (!isName(name)) return { kind: 'dead', type };
  switch (type) {
    case PORT_SEND:
      return encodeSend(net, peer, name, effects);
    case PORT_SEND_ONCE:
      return encodeOnce(net, peer, name, effects);
    default:
      return encodeReceive(net, peer, name, effects);
  }
};

/** A send right, for which the sender of `peer` will account until the copy is acknowledged. */
export const encodeSend = (net: Net, peer: NodeId, name: PortName, effects: Effect[]): WireRight => {
  const record = recordOf(net, name);
  return encodeCopy(net, record, { name, type: PORT_SEND, peer }, effects);
};

const encodeCopy = (net: Net, record: PortRecord, right: Omit<Copy, 'record'>, effects: Effect[]): WireRight => {
  const copy = makeCopy(net, record, right);
  effects.push({ kind: 'copy', copy, name: right.name });
  const node = record.at === 'here' ? net.node : record.node;
  const { type, peer } = right;
  const after = type === PORT_SEND ? outstandingOf(net, record, peer) : NOTHING_BEFORE;
  return { kind: 'send', type, port: record.id, node, epoch: record.epoch, copier: net.node, copy, after };
};

const encodeOnce = (net: Net, peer: NodeId, name: PortName, effects: Effect[]): WireRight => {
  const proxy = net.door.receiverOf(name);
  const passed = net.onces.importedAs(proxy);
  if (passed !== undefined) {
    effects.push({ kind: 'pass', name, proxy });
    return { kind: 'once', once: passed.id, node: passed.node, peer: passed.node === peer ? peer : net.node };
  }
  // A port whose receive right goes with the same message takes its send-once rights along, as its own.
  const record = isPassedOn(net, proxy) ? recordOf(net, proxy) : net.records.named(proxy);
  if (record !== undefined) return encodeCopy(net, record, { name, type: PORT_SEND_ONCE, peer }, effects);
  const once: ExportedOnce = { id: `${net.node}!${nextSerial(net)}`, name, peer, state: 'staged' };
  net.onces.putExported(once);
  request(net, name, 'DEAD_NAME', 'wanted');
  effects.push({ kind: 'once', id: once.id, name });
  return { kind: 'once', once: once.id, node: net.node, peer };
};

/** True for a receive right that netmsg has only to pass on: no port of its own, nor (yet) one it stands for. */
const isPassedOn = (net: Net, name: PortName): boolean =>
  name !== MACH_PORT_NULL && name !== net.service && name !== net.doorbell && name !== net.watch;

const encodeReceive = (net: Net, peer: NodeId, name: PortName, effects: Effect[]): WireRight => {
  const isNew = net.records.named(name) === undefined;
  const record = recordOf(net, name);
  invariant(record.at === 'here', 'nobody but netmsg has the receive right of a proxy');
  const capsule = net.door.detach(name);
  invariant(typeof capsule !== 'string', 'netmsg holds the receive right');
  record.limbo = [];
  record.isOverfull = false;
  const hasSenders = net.sys.call({ op: 'port_get_status', name })['srights'] === true;
  const own = ownChannel(net, record);
  const { chan, next } = own;
  effects.push({ kind: 'receive', record, capsule, chan, next, isNew });
  return {
    kind: 'receive',
    port: record.id,
    epoch: record.epoch + 1,
    ticket: ticketOf(net, peer, { record, capsule, chan, next, hasSenders, effects }),
  };
};

/** Our own channel of a local port: what is accepted while it is closed is counted by it. */
const ownChannel = (net: Net, { channels }: LocalPort): Channel => {
  const known = channels.get(net.node);
  if (known !== undefined) return known;
  const fresh: Channel = { chan: nextSerial(net), next: 1, limit: 1, held: new Map() };
  channels.set(net.node, fresh);
  return fresh;
};

interface Moving {
  readonly record: LocalPort;
  readonly capsule: PortCapsule;
  readonly chan: number;
  readonly next: number;
  readonly hasSenders: boolean;
  readonly effects: Effect[];
}

const ticketOf = (net: Net, peer: NodeId, { record, capsule, chan, next, hasSenders, effects }: Moving): Ticket => {
  const channels = [...record.channels].map(([node, channel]) => ({ node, chan: channel.chan, next: channel.next }));
  const holders = [...record.holders].filter(([node, { holds }]) => holds && node !== peer && node !== net.node);
  return {
    seqno: capsule.seqno,
    mscount: capsule.mscount,
    qlimit: capsule.qlimit,
    hasSenders,
    nsrequest: encodeRight(net, peer, capsule.nsrequest, PORT_SEND_ONCE, effects),
    pdrequest: encodeRight(net, peer, capsule.pdrequest, PORT_SEND_ONCE, effects),
    channels: [...channels.filter(({ node }) => node !== net.node), { node: net.node, chan, next }],
    holders: [...holders.map(([node, { chan: since }]) => ({ node, chan: since })), { node: net.node, chan }],
    messages: capsule.messages.map((parcel) => encodeMessage(net, peer, parcel, effects)),
  };
};

/** The message goes to `peer`: what was kept for the case that it does not is given up. */
export const commitEffects = (net: Net, effects: readonly Effect[], peer: NodeId): void => {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'copy':
      case 'load':
        break;
      case 'once':
        releaseOnce(net, effect.id);
        break;
      case 'memory':
        dropMemory(net, effect);
        break;
      case 'pass': {
        const passed = net.onces.importedAs(effect.proxy);
        if (passed !== undefined) net.onces.dropImported(passed);
        net.sys.call({ op: 'port_mod_refs', name: effect.proxy, right: 'RECEIVE', delta: -1 });
        dropSend(net, effect.name);
        break;
      }
      case 'receive':
        becomeProxy(net, effect, peer);
        break;
    }
  }
};

const releaseOnce = (net: Net, id: OnceId): void => {
  const once = net.onces.exported.get(id);
  if (once === undefined) return;
  if (once.state === 'staged-dead') {
    net.onces.dropExported(once);
    dropSend(net, once.name);
    post(net, once.peer, { kind: 'once_dead', once: id });
  } else once.state = 'out';
};

/**
 * The port has gone to `peer`. The same port object is its proxy from now on, so every right to it here stays what it
 * was.
 */
const becomeProxy = (net: Net, moved: Extract<Effect, { kind: 'receive' }>, peer: NodeId): void => {
  const { record, chan, next } = moved;
  const epoch = record.epoch + 1;
  if (record.isWatched) request(net, record.name, 'DEAD_NAME', 'cancelled');
  const proxy = remotePort(record.id, record.name, { node: peer, epoch }, { chan, next, credit: net.limits.credit });
  proxy.registered = 'yes';
  proxy.wasHere = true;
  proxy.copies = record.copies;
  proxy.after = remaining(net, record);
  net.owing.delete(record);
  net.stirred.delete(record);
  net.records.put(proxy);
  if (record.isKept) dropSend(net, record.name);
  openProxy(net, proxy);
  sendWaiting(net, record, proxy);
  if (record.isBarred) net.door.bar(record.name, false);
  for (const [node, { holds }] of record.holders) {
    if (holds && node !== peer) post(net, node, { kind: 'moved', port: record.id, node: peer, epoch });
  }
  for (const [origin, channel] of record.channels) {
    if (origin === net.node) continue;
    for (const frame of channel.held.values()) net.again.push({ from: origin, frame });
  }
  for (const frame of record.limbo ?? []) net.again.push({ from: frame.origin, frame });
};

/** What of our own waited at the port for others to come first goes after it, before what is sent from now on. */
const sendWaiting = (net: Net, { channels, waiting, promised }: LocalPort, proxy: RemotePort): void => {
  const held = channels.get(net.node)?.held ?? new Map<number, MessageFrame>();
  for (const [seq, frame] of [...held].sort(([one], [other]) => one - other)) {
    proxy.nextSeq = seq + 1;
    proxy.unacknowledged.push({ frame, via: proxy.node });
    post(net, proxy.node, { ...frame, epoch: proxy.epoch });
  }
  for (const parcel of waiting.splice(0)) sendOn(net, proxy, parcel);
  const end = promised - queuedAt(net, proxy);
  while (proxy.nextSeq < end) sendBlank(net, proxy);
};

/** A message that cannot cross is destroyed, with all rights and memory in it. */
export const giveUpParcel = (net: Net, parcel: Parcel, effects: readonly Effect[]): void => {
  net.counters.refused += 1;
  undoEffects(net, effects);
  giveUp(net, parcel);
};

/** The message does not go: every right is again what it was when netmsg received it, every port as it was. */
export const undoEffects = (net: Net, effects: readonly Effect[]): void => {
  // Last first: a port is filled before the message that carries it is put into another port's queue.
  for (const effect of [...effects].reverse()) {
    switch (effect.kind) {
      case 'copy':
        endCopy(net, effect.copy, 'keep');
        break;
      case 'once': {
        const once = net.onces.exported.get(effect.id);
        if (once !== undefined) net.onces.dropExported(once);
        request(net, effect.name, 'DEAD_NAME', 'cancelled');
        break;
      }
      case 'load':
        net.loads.delete(effect.number); // the memory in it is the parcel's
        break;
      case 'memory':
      case 'pass':
        break;
      case 'receive':
        reopen(net, effect);
        break;
    }
  }
};

const reopen = (net: Net, { record, capsule }: Extract<Effect, { kind: 'receive' }>): void => {
  const rightOf = (name: PortName) => (name === MACH_PORT_NULL ? null : { name, disposition: MOVE_SEND_ONCE });
  const state = { ...capsule, nsrequest: rightOf(capsule.nsrequest), pdrequest: rightOf(capsule.pdrequest) };
  net.door.attach(
    record.name,
    state,
    capsule.messages.map((parcel) => deliveryOf(parcel, record.name)),
  );
  for (const [origin, { held }] of record.channels) {
    for (const frame of held.values()) net.again.push({ from: origin, frame });
    held.clear();
  }
  for (const frame of record.limbo ?? []) net.again.push({ from: frame.origin, frame });
  record.limbo = null;
  net.toSettle.add(record);
  net.stirred.add(record);
};
