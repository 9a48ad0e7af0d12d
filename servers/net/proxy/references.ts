/**
 * Who holds rights to what (reference listing). The owner's netmsg keeps one send right of its own while any node is
 * listed as a holder; a node that passes a copy on keeps one of its own until the receiver is listed (COPYACK). So a
 * right is always covered by one that the owner's kernel counts, and no-senders fires when the last is gone.
 */
import type { PortName } from '../../../ports/name.ts';
import { PORT_SEND_ONCE } from '../../../ports/right.ts';
import { release } from '../freight/loads.ts';
import { type Copy, dropSend, type Net, nextSerial, post, request } from '../netmsg-state.ts';
import type { NodeId, PortId } from '../protocol.ts';
import type { Frame, WireRight } from '../tables/frames.ts';
import { type LocalPort, localPort, type PortRecord, type RemotePort, remotePort } from '../tables/records.ts';
import { dropHeld, noteAfter, tellOver } from './order.ts';

type SendRight = Extract<WireRight, { kind: 'send' }>;
type ReferenceFrame = Extract<Frame, { kind: 'dirty' | 'clean' }>;

/** The record of a port that netmsg holds a right to under `name`; a new one if nobody else knew the port. */
export const recordOf = (net: Net, name: PortName): PortRecord => {
  const known = net.records.named(name);
  if (known !== undefined) return known;
  const record = localPort(`${net.node}:${nextSerial(net)}`, name, 0);
  net.records.put(record);
  return record;
};

/** From now on the death of a local port is told to its holders. */
export const watchDeath = (net: Net, record: LocalPort): void => {
  if (record.isWatched) return;
  record.isWatched = true;
  request(net, record.name, 'DEAD_NAME', 'wanted');
};

/**
 * The record of a port that a peer named; made, with a proxy, if there is none. Null for a port that has died. A right
 * may come before its port does: then its proxy is for this very node, and what is sent by it waits for the port.
 */
export const importPort = (net: Net, right: SendRight): PortRecord | null => {
  const known = net.records.get(right.port);
  if (known !== undefined) {
    if (known.at === 'there') retarget(net, known, right.node, right.epoch);
    acknowledgeCopy(net, known, right);
    noteAfter(net, known, right.after);
    return known;
  }
  const stone = net.tombstones.get(right.port);
  const knowsBetter = stone !== undefined && stone !== 'dead' && stone.epoch > right.epoch;
  const at = knowsBetter ? stone : right;
  const wasBornHere = at.node === net.node && at.epoch === 0;
  if (stone === 'dead' || wasBornHere || !net.sessions.isLiving(at.node)) {
    post(net, right.copier, { kind: 'copyack', copy: right.copy });
    return null;
  }
  const record = makeProxy(net, right.port, at);
  record.owedCopies.push({ copier: right.copier, copy: right.copy });
  noteAfter(net, record, right.after);
  return record;
};

/** A new proxy. What it is told to be at is believed, also of a node that has died. */
export const makeProxy = (net: Net, id: PortId, at: { readonly node: NodeId; readonly epoch: number }): RemotePort => {
  const name = net.sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  const record = remotePort(id, name, at, { chan: nextSerial(net), next: 1, credit: net.limits.credit });
  net.tombstones.delete(id);
  net.records.put(record);
  openProxy(net, record);
  post(net, at.node, { kind: 'dirty', port: id, epoch: at.epoch, origin: net.node, chan: record.chan });
  return record;
};

/** Makes a port whose receive right netmsg holds work as a proxy. */
export const openProxy = (net: Net, record: RemotePort): void => {
  net.sys.call({ op: 'port_set_qlimit', name: record.name, qlimit: net.limits.proxyQlimit });
  net.sys.call({ op: 'port_move_member', member: record.name, after: net.set });
  net.toArm.add(record);
};

/** A copy has arrived. It is acknowledged as soon as the owner has us on its list. */
const acknowledgeCopy = (net: Net, record: PortRecord, right: SendRight): void => {
  if (record.at === 'here' || record.registered === 'yes')
    post(net, right.copier, { kind: 'copyack', copy: right.copy });
  else record.owedCopies.push({ copier: right.copier, copy: right.copy });
  if (record.at === 'there') {
    record.isIdle = false;
    net.toArm.add(record);
  }
};

/** A port is believed to be elsewhere: true if that is news. */
export const retarget = (net: Net, record: RemotePort, node: NodeId, epoch: number): boolean => {
  if (epoch <= record.epoch || node === net.node) return false;
  record.node = node;
  record.epoch = epoch;
  net.counters.retargeted += 1;
  return true;
};

/** DIRTY or CLEAN at the owner. */
export const noteHolder = (net: Net, record: LocalPort, frame: ReferenceFrame): void => {
  const { origin, chan } = frame;
  const before = record.holders.get(origin);
  const isOld = before !== undefined && (chan < before.chan || (chan === before.chan && !before.holds));
  if (origin !== net.node && !isOld) {
    record.holders.set(origin, { chan, holds: frame.kind === 'dirty' });
    settleHolders(net, record);
  }
  if (frame.kind === 'dirty') {
    post(net, origin, { kind: 'registered', port: record.id, chan, node: net.node, epoch: record.epoch });
  }
};

const isHeld = (record: LocalPort): boolean => {
  // It is still to be let in again, or to be told when what was forced in has left.
  if (record.isBarred || record.isOverfull) return true;
  for (const holder of record.holders.values()) if (holder.holds) return true;
  return false;
};

/** Keeps or gives up our own send right as there are holders or not. A port that nobody else knows is forgotten. */
export const settleHolders = (net: Net, record: LocalPort): void => {
  const held = isHeld(record);
  if (held && !record.isKept) {
    record.isKept = true;
    net.sys.call({ op: 'port_mod_refs', name: record.name, right: 'SEND', delta: 1 });
    watchDeath(net, record);
  } else if (!held && record.isKept) {
    record.isKept = false;
    dropKept(net, record);
  }
  if (!held && record.copies === 0 && record.limbo === null) forget(net, record);
};

/**
 * Gives up our own send right. A port that nobody has had a send right to since its no-senders request was made has
 * not lost its last sender: what we held was for a node where others might still look for it.
 */
const dropKept = (net: Net, { name, countWithoutSenders }: LocalPort): void => {
  if (countWithoutSenders === null) return dropSend(net, name);
  net.door.forgetSend(name, countWithoutSenders);
};

/** Nobody else knows the port any more, so nobody has to hear of its death. */
const forget = (net: Net, record: LocalPort): void => {
  net.records.remove(record);
  if (record.isWatched) request(net, record.name, 'DEAD_NAME', 'cancelled');
};

/** The owner has us on its list. */
export const noteRegistered = (net: Net, frame: Extract<Frame, { kind: 'registered' }>): void => {
  const record = net.records.get(frame.port);
  if (record === undefined || record.at === 'here' || record.chan !== frame.chan) return;
  retarget(net, record, frame.node, frame.epoch);
  record.registered = 'yes';
  payCopies(net, record);
  cleanIfIdle(net, record);
};

/** Acknowledges every copy that waited for us to be registered. */
export const payCopies = (net: Net, record: RemotePort): void => {
  for (const { copier, copy } of record.owedCopies.splice(0)) post(net, copier, { kind: 'copyack', copy });
};

/** Makes a copy of a right: the reference that came with the message stands for it. Answers its number. */
export const makeCopy = (net: Net, record: PortRecord, right: Omit<Copy, 'record'>): number => {
  const copy = nextSerial(net);
  net.copies.set(copy, { record: record.id, ...right });
  record.copies += 1;
  if (record.at === 'here') watchDeath(net, record);
  return copy;
};

/** A copy is no longer ours to cover: `release` gives its reference up, `keep` leaves it to the caller. */
export const endCopy = (net: Net, copy: number, reference: 'release' | 'keep'): void => {
  const known = net.copies.get(copy);
  if (known === undefined) return;
  net.copies.delete(copy);
  if (reference === 'release') {
    if (known.type === PORT_SEND_ONCE) net.door.forgetOnce(known.name);
    else dropSend(net, known.name);
  }
  const record = net.records.get(known.record);
  if (record === undefined) return;
  record.copies -= 1;
  if (record.at === 'here') settleHolders(net, record);
  else cleanIfIdle(net, record);
};

/** No local right to a proxy is left. */
export const noteNoSenders = (net: Net, chan: number): void => {
  const record = net.records.ofChan(chan);
  if (record === undefined) return;
  record.isArmed = false;
  record.isIdle = true;
  cleanIfIdle(net, record);
};

/** A proxy that nobody here can use any more goes when all that was sent by it has been acknowledged. */
export const cleanIfIdle = (net: Net, record: RemotePort): void => {
  if (!record.isIdle || record.registered !== 'yes' || record.unacknowledged.length > 0) return;
  const status = net.sys.call({ op: 'port_get_status', name: record.name });
  if (status['srights'] === true) {
    record.isIdle = false;
    net.toArm.add(record);
    return;
  }
  if (status['sorights'] !== 0 || status['msgcount'] !== 0) return;
  post(net, record.node, { kind: 'clean', port: record.id, epoch: record.epoch, origin: net.node, chan: record.chan });
  if (record.wasHere) net.tombstones.put(record.id, { node: record.node, epoch: record.epoch });
  closeProxy(net, record);
};

/** Removes a proxy. Rights to it that are left become dead names; what it has queued is destroyed. */
export const closeProxy = (net: Net, record: RemotePort): void => {
  net.records.remove(record);
  net.toArm.delete(record);
  tellOver(net, record);
  for (let sent = record.unacknowledged.shift(); sent !== undefined; sent = record.unacknowledged.shift())
    release(net, sent.frame.freight);
  net.sys.call({ op: 'port_mod_refs', name: record.name, right: 'RECEIVE', delta: -1 });
};

/** The end of a turn: proxies to which rights were made ask for no-senders (again). */
export const armProxies = (net: Net): void => {
  for (const record of net.toArm) {
    net.toArm.delete(record);
    if (net.records.get(record.id) !== record) continue;
    net.sys.call({ op: 'port_set_mscount', name: record.name, mscount: record.chan });
    if (record.isArmed) continue;
    record.isArmed = true;
    request(net, record.name, 'NO_SENDERS', 'wanted');
  }
};

/** The end of a turn: ports that were closed for a while may have lost their last holder. */
export const settleAll = (net: Net): void => {
  for (const record of net.toSettle) {
    net.toSettle.delete(record);
    if (net.records.get(record.id) === record) settleHolders(net, record);
  }
};

/** A port has died. Its owner tells the holders; a proxy dies with it. */
export const portDied = (net: Net, record: PortRecord): void => {
  net.tombstones.put(record.id, 'dead');
  if (record.at === 'there') return loseProxy(net, record);
  net.records.remove(record);
  net.owing.delete(record);
  dropHeld(net, record);
  for (const [node, holder] of record.holders) if (holder.holds) post(net, node, { kind: 'dead', port: record.id });
  // One reference came with the notification; those of copies on their way go with their acknowledgements.
  dropSend(net, record.name);
  if (record.isKept) dropSend(net, record.name);
};

/** A proxy is of no use any more: its port is dead, or its node is. */
export const loseProxy = (net: Net, record: RemotePort): void => {
  payCopies(net, record);
  closeProxy(net, record);
};
