/**
 * Messages between nodes. Each sender node numbers what it sends to a port; whoever has the port enqueues by number,
 * so that nothing is lost, doubled or put out of order however often the port has moved meanwhile. Only the owner
 * acknowledges, and only what is in the queue; until then the sender keeps it.
 */
import { MACH_PORT_NULL } from '../../../ports/name.ts';
import { COPY_SEND } from '../../../ports/right.ts';
import { bring, laden, unclaim } from '../freight/claims.ts';
import { release, unload } from '../freight/loads.ts';
import { type Net, post } from '../netmsg-state.ts';
import type { Delivery, NodeId } from '../protocol.ts';
import { type AddressedFrame, type Frame, rightsOf, withoutPorts } from '../tables/frames.ts';
import type { Channel, LocalPort, MessageFrame, RemotePort } from '../tables/records.ts';
import { discard, landMessage, releaseEarly } from './inward.ts';
import { dependenciesOf, ease, forgetPassed, isDue } from './order.ts';
import { block } from './outward.ts';
import { deliveryOf } from './parcels.ts';
import { cleanIfIdle, loseProxy, noteHolder, retarget } from './references.ts';
import { search } from './search.ts';

/** A node has read what was sent to it: who waited for that goes on. */
export const noteRoomy = (net: Net, node: NodeId): void => {
  for (const record of net.records.all())
    if (record.at === 'there' && record.isBlocked && record.node === node) block(net, record);
};

/** The owner tells what it has enqueued, what more it takes, and where it is. */
export const noteAck = (net: Net, frame: Extract<Frame, { kind: 'cack' }>): void => {
  const record = net.records.get(frame.port);
  if (record === undefined || record.at === 'here' || record.chan !== frame.chan) return;
  retarget(net, record, frame.node, frame.epoch);
  const { unacknowledged } = record;
  for (
    let first = unacknowledged.at(0);
    first !== undefined && first.frame.seq < frame.next;
    first = unacknowledged.at(0)
  ) {
    unacknowledged.shift();
    release(net, first.frame.freight);
  }
  forgetPassed(record, frame.next);
  if (frame.limit > record.limit) record.limit = frame.limit;
  if (record.isBlocked) block(net, record);
  cleanIfIdle(net, record);
};

/** A node that the port has left tells where it went. */
export const noteMoved = (net: Net, frame: Extract<Frame, { kind: 'moved' }>): void => {
  const record = net.records.get(frame.port);
  if (record === undefined || record.at === 'here') return;
  retarget(net, record, frame.node, frame.epoch);
  if (!net.sessions.isLiving(record.node)) loseWithNode(net, record);
};

/**
 * The node that a port was on has died, and the port with it. What it had not acknowledged is given up here: rights in
 * it that others wait for, and copies that are counted. Not so ports in it, which it may have passed on.
 */
export const loseWithNode = (net: Net, record: RemotePort): void => {
  const { unacknowledged } = record;
  for (let sent = unacknowledged.shift(); sent !== undefined; sent = unacknowledged.shift()) {
    const { message, freight } = sent.frame;
    discard(net, landMessage(net, withoutPorts(message), MACH_PORT_NULL, COPY_SEND));
    release(net, freight);
  }
  loseProxy(net, record);
};

/** A frame for a port, wherever it is: it is for us, or for a node that knows better, or the port is still to come. */
export const arrive = (net: Net, from: NodeId, frame: AddressedFrame): void => {
  const record = net.records.get(frame.port);
  if (record?.at === 'here') {
    if (frame.epoch > record.epoch) record.epoch = frame.epoch;
    if (record.limbo !== null) record.limbo.push(frame);
    else if (frame.kind === 'msg') accept(net, record, from, frame);
    else noteHolder(net, record, frame);
    return;
  }
  const known = record ?? net.tombstones.get(frame.port);
  const isBorn = known === undefined && frame.epoch === 0 && frame.port.startsWith(`${net.node}:`);
  if (known === 'dead' || isBorn) refuse(net, frame);
  else if (known !== undefined && known.epoch > frame.epoch) forward(net, frame, known);
  else holdEarly(net, from, frame);
};

/** The port is dead: its sender hears that, and what the message carried is given up here. */
const refuse = (net: Net, frame: AddressedFrame): void => {
  if (frame.kind !== 'clean') post(net, frame.origin, { kind: 'dead', port: frame.port });
  if (frame.kind !== 'msg') return;
  discard(net, landMessage(net, frame.message, MACH_PORT_NULL, COPY_SEND));
  if (frame.origin === net.node) release(net, frame.freight);
  else unclaim(net, frame.freight);
};

const holdEarly = (net: Net, from: NodeId, frame: AddressedFrame): void => {
  if (net.earlyCount >= net.limits.earlyMax) {
    refuse(net, frame);
    return;
  }
  const waiting = net.early.get(frame.port) ?? [];
  waiting.push({ from, frame });
  net.early.set(frame.port, waiting);
  net.earlyCount += 1;
  if (!net.searches.has(frame.port)) search(net, frame.port);
};

/**
 * Passes a frame on to where the port has gone, as it is; its sender learns the place. A port that it carries passes
 * by here.
 */
const forward = (net: Net, frame: AddressedFrame, to: { readonly node: NodeId; readonly epoch: number }): void => {
  if (frame.kind !== 'clean' && frame.origin !== net.node)
    post(net, frame.origin, { kind: 'moved', port: frame.port, node: to.node, epoch: to.epoch });
  if (frame.kind !== 'msg') {
    post(net, to.node, { ...frame, epoch: to.epoch });
    return;
  }
  unclaim(net, frame.freight); // whoever has the port has it brought
  const message = passPorts(net, frame, to.node);
  const { id, cause } = message;
  const passed = cause === null ? null : { node: net.node, n: net.door.notePassed(id, cause) };
  post(net, to.node, { ...frame, epoch: to.epoch, message: { ...message, cause: passed } });
  net.counters.forwarded += 1;
};

/**
 * Ports inside a message that is passed on do not land here, though their senders were told so: they count one more
 * move, and what comes for them is sent after them.
 */
const passPorts = (net: Net, frame: MessageFrame, to: NodeId): MessageFrame['message'] => {
  const ports = rightsOf(frame.message).filter((right) => right.kind === 'receive');
  for (const right of ports) {
    const moved = right as { epoch: number };
    moved.epoch += 1;
    const record = net.records.get(right.port);
    if (record?.at === 'there') retarget(net, record, to, right.epoch);
    else net.tombstones.put(right.port, { node: to, epoch: right.epoch });
    releaseEarly(net, right.port);
  }
  return frame.message;
};

/** A message at the owner. */
const accept = (net: Net, record: LocalPort, from: NodeId, frame: MessageFrame): void => {
  const channel = channelOf(net, record, frame);
  if (channel === null) return;
  owe(net, record, frame.origin);
  if (frame.seq < channel.next) return;
  channel.held.set(frame.seq, frame);
  // What has to wait for others takes no room before its time: they may need it.
  if (isDue(net, record, frame.after)) bring(net, { from, frame });
  drain(net, record, channel);
  if (channel.held.has(frame.seq)) askLater(net, frame);
};

/** What is held here while its send-once rights die is to learn that when it lands: it asks (`once_here`). */
const askLater = (net: Net, { message }: MessageFrame): void => {
  for (const right of rightsOf(message)) {
    if (right.kind === 'once' && right.node !== net.node) (right as { peer: NodeId }).peer = right.node;
  }
};

const channelOf = (net: Net, record: LocalPort, { origin, chan }: MessageFrame): Channel | null => {
  const known = record.channels.get(origin);
  if (known !== undefined && known.chan === chan) return known;
  if (known !== undefined && known.chan > chan) return null;
  for (const { freight } of known?.held.values() ?? []) unclaim(net, freight);
  const fresh: Channel = { chan, next: 1, limit: 1 + net.limits.credit, held: new Map() };
  record.channels.set(origin, fresh);
  return fresh;
};

const owe = (net: Net, record: LocalPort, origin: NodeId): void => {
  record.owedAcks.add(origin);
  net.owing.add(record);
};

/**
 * Enqueues held messages as long as it is their turn, nothing has to come before, their freight is here and the queue
 * is not over-full.
 */
const drain = (net: Net, record: LocalPort, channel: Channel): void => {
  while (!record.isOverfull && record.limbo === null) {
    const frame = channel.held.get(channel.next);
    if (frame === undefined || !isDue(net, record, frame.after)) return;
    if (!bring(net, { from: frame.origin, frame })) return;
    channel.held.delete(channel.next);
    channel.next += 1;
    if (record.asked.size > 0 || record.isBarred) net.stirred.add(record);
    enqueue(net, record, frame);
  }
};

/** The same for what a proxy here had accepted before its port came. */
const drainWaiting = (net: Net, record: LocalPort): void => {
  const own = record.channels.get(net.node);
  if (own === undefined) return;
  while (!record.isOverfull && record.limbo === null && own.held.size === 0) {
    if (record.waiting.length === 0 || !isDue(net, record, dependenciesOf(net, record, own.next))) return;
    const parcel = record.waiting.shift();
    if (parcel === undefined) return;
    own.next += 1;
    net.stirred.add(record);
    put(net, record, deliveryOf(parcel, record.name));
  }
};

/** True if nothing waits for anything. */
const isQuiet = ({ after, channels }: LocalPort): boolean =>
  after.length === 0 && [...channels.values()].every(({ held }) => held.size === 0);

/** Messages of some channels have been enqueued: others may have waited for that, and senders here. */
export const stir = (net: Net): void => {
  for (const record of net.stirred) {
    net.stirred.delete(record);
    if (net.records.get(record.id) !== record) continue;
    for (const [origin, channel] of [...record.channels]) {
      const { next } = channel;
      drain(net, record, channel);
      if (channel.next > next && origin !== net.node) owe(net, record, origin);
    }
    drainWaiting(net, record);
    ease(net, record);
    if (record.asked.size > 0 && isQuiet(record)) record.asked.clear();
  }
};

const enqueue = (net: Net, record: LocalPort, frame: MessageFrame): void => {
  if (frame.message.type === 0) return; // a number without a message
  const isOwn = frame.origin === net.node;
  const message = isOwn ? unload(net, frame) : laden(net, frame);
  const delivery = landMessage(net, message, record.name, COPY_SEND);
  unclaim(net, frame.freight);
  if (!isOwn) net.counters.received += 1;
  put(net, record, delivery);
};

const put = (net: Net, record: LocalPort, { draft, ...rest }: Delivery): void => {
  const delivery = { ...rest, draft: { ...draft, remoteDisposition: COPY_SEND } };
  const kr = net.door.forward(delivery, net.watch);
  if (kr === 'MACH_SEND_WILL_NOTIFY') record.isOverfull = true;
  else if (kr !== 'MACH_MSG_SUCCESS') discard(net, delivery); // dead: the notification that says so is on its way
};

/** A message that was forced into a full queue has left it: the others get their turn, one channel after the other. */
export const noteAccepted = (net: Net, record: LocalPort): void => {
  record.isOverfull = false;
  net.toSettle.add(record);
  for (const [origin, channel] of [...record.channels]) {
    if (record.isOverfull) break;
    drain(net, record, channel);
    if (origin !== net.node) owe(net, record, origin);
    // Whoever has been served stands at the end of the line.
    if (record.channels.delete(origin)) record.channels.set(origin, channel);
  }
  if (record.isBarred) net.stirred.add(record);
};

/** The end of a turn: one acknowledgement for each channel in which something happened. */
export const payAcks = (net: Net): void => {
  for (const record of net.owing) {
    for (const node of record.owedAcks) {
      const channel = record.channels.get(node);
      if (channel === undefined) continue;
      if (!record.isOverfull) channel.limit = Math.max(channel.limit, channel.next + net.limits.credit);
      const { chan, next, limit } = channel;
      post(net, node, { kind: 'cack', port: record.id, chan, next, limit, node: net.node, epoch: record.epoch });
    }
    record.owedAcks.clear();
  }
  net.owing.clear();
};

/** A node has died: what went by it and was not acknowledged is sent again to where the port is now. */
export const resendFrom = (net: Net, record: RemotePort, dead: NodeId): void => {
  for (let at = 0; at < record.unacknowledged.length; at += 1) {
    const sent = record.unacknowledged.at(at);
    if (sent === undefined || sent.via !== dead) continue;
    sent.via = record.node;
    for (const right of rightsOf(sent.frame.message)) {
      const copy = right.kind === 'send' && right.copier === net.node ? net.copies.get(right.copy) : undefined;
      if (copy !== undefined) copy.peer = record.node;
    }
    post(net, record.node, { ...sent.frame, epoch: record.epoch });
  }
};
