/**
 * A message on its way out: rights become what other nodes understand. Encoding gives nothing up; it answers with the
 * message a list of effects, to be carried out when the message goes (`commitEffects`) or undone (`undoEffects`). A
 * receive right goes with all that its port has inside; the port stays here, closed, until that is decided.
 */

import { releaseItems } from '../../../kernel/interface/subsystem.ts';
import { invariant } from '../../../ports/invariant.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND, PORT_SEND_ONCE } from '../../../ports/right.ts';
import { type Sealed, seal } from '../freight/loads.ts';
import { type Copy, dropMemory, dropSend, type Effect, type Net, nextSerial, post, request } from '../netmsg-state.ts';
import type { Delivery, NodeId, OnceId, Parcel, PortCapsule } from '../protocol.ts';
import type { Ticket, WireItem, WireMessage, WireRight } from '../tables/frames.ts';
import type { ExportedOnce } from '../tables/onces.ts';
import { type LocalPort, type PortRecord, remotePort } from '../tables/records.ts';
import { encodeBody } from '../wire/codec.ts';
import { endCopy, makeCopy, openProxy, recordOf } from './references.ts';

/** A received message as a parcel: its header is named from the sender's side again. */
export const parcelOf = (message: Received): Parcel => ({
  id: message.id,
  body: message.body,
  reply: message.remote,
  replyType: message.remoteType,
  destType: message.localType,
  items: message.items,
  sender: message.sender === null ? null : message.sender.token,
  cause: message.cause,
});

/** A parcel as it was: with the very rights that netmsg has of it. */
export const deliveryOf = (parcel: Parcel, remote: PortName): Delivery => ({
  draft: {
    remote,
    remoteDisposition: MOVE_SEND,
    local: parcel.reply,
    localDisposition: parcel.replyType,
    id: parcel.id,
    body: parcel.body,
    descriptors: (parcel.items ?? []).map((item) => {
      switch (item.kind) {
        case 'port':
          return { kind: 'port', name: item.name, disposition: item.type };
        case 'ool_ports':
          return { kind: 'ool_ports', names: item.names, disposition: item.type };
        case 'ool':
          return { kind: 'ool', address: item.address, size: item.size, deallocate: true };
      }
    }),
  },
  sender: parcel.sender,
  once: parcel.destType === PORT_SEND_ONCE,
  cause: parcel.cause,
});

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
  return { kind: 'send', type: right.type, port: record.id, node, epoch: record.epoch, copier: net.node, copy };
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

/** True for a receive right that netmsg has only to pass on: no port of its own. */
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
  const own = record.channels.get(net.node);
  const chan = own?.chan ?? nextSerial(net);
  const next = own?.next ?? 1;
  effects.push({ kind: 'receive', record, capsule, chan, next, isNew });
  return {
    kind: 'receive',
    port: record.id,
    epoch: record.epoch + 1,
    ticket: ticketOf(net, peer, { record, capsule, chan, next, hasSenders, effects }),
  };
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
  net.owing.delete(record);
  net.records.put(proxy);
  if (record.isKept) dropSend(net, record.name);
  openProxy(net, proxy);
  for (const [node, { holds }] of record.holders) {
    if (holds && node !== peer) post(net, node, { kind: 'moved', port: record.id, node: peer, epoch });
  }
  for (const [origin, channel] of record.channels) {
    for (const frame of channel.held.values()) net.again.push({ from: origin, frame });
  }
  for (const frame of record.limbo ?? []) net.again.push({ from: frame.origin, frame });
};

/** A message that cannot cross is destroyed, with all rights and memory in it. */
export const giveUpParcel = (net: Net, parcel: Parcel, effects: readonly Effect[]): void => {
  net.counters.refused += 1;
  undoEffects(net, effects);
  releaseItems(net.sys, parcel.items);
  if (isName(parcel.reply)) dropSend(net, parcel.reply);
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
};
