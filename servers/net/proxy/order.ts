/**
 * Order across channels. What a task has sent by one node and its owner has not enqueued comes before what it sends
 * from another: a send right that is copied to another node says which numbers of which channels had been accepted
 * before (`outstandingOf`). The node that gets it writes that into what it sends (`dependenciesOf`); whoever has the
 * port enqueues nothing before its time (`isPassed`). To a port of their own node tasks send without netmsg: it is
 * barred to them as long.
 *
 * A message depends on such only as were accepted before it, wherever, so nothing waits in a circle. Who waits for a
 * channel asks its node, which says if nothing more comes; a node that is dead is not waited for.
 */
import { type Net, post } from '../netmsg-state.ts';
import type { NodeId } from '../protocol.ts';
import { type Dependency, type Frame, NOTHING_BEFORE } from '../tables/frames.ts';
import type { LocalPort, OwnDependency, PortRecord, RemotePort } from '../tables/records.ts';
import { giveUp } from './parcels.ts';

/** Messages in the queue of a port whose receive right netmsg has. */
export const queuedAt = (net: Net, record: PortRecord): number =>
  net.sys.call({ op: 'port_get_status', name: record.name })['msgcount'] as number;

/** The number that the next message of this node gets that is accepted now. */
const nextAccepted = (net: Net, record: PortRecord): number => {
  if (record.at === 'there') return record.nextSeq + queuedAt(net, record);
  const own = record.channels.get(net.node);
  const numbered = (own?.next ?? 1) + (own?.held.size ?? 0) + record.waiting.length;
  return record.limbo === null ? numbered : numbered + queuedAt(net, record);
};

/** What has been accepted by or before this node and may not be enqueued: for a right that is copied to `peer`. */
export const outstandingOf = (net: Net, record: PortRecord, peer: NodeId): readonly Dependency[] => {
  const own = ownOutstanding(net, record);
  if (own === null && record.after.length === 0) return NOTHING_BEFORE;
  const rest = record.at === 'here' ? record.after.filter((each) => !isPassed(net, record, each)) : record.after;
  return furthest([...rest, ...(own === null ? [] : [own])], peer);
};

const ownOutstanding = (net: Net, record: PortRecord): Dependency | null => {
  const next = nextAccepted(net, record);
  if (record.at === 'there') {
    const isIdle = record.unacknowledged.length === 0 && next === record.nextSeq;
    return isIdle ? null : { node: net.node, chan: record.chan, next };
  }
  const own = record.channels.get(net.node);
  if (own === undefined || next === own.next) return null;
  record.promised = Math.max(record.promised, next);
  return { node: net.node, chan: own.chan, next };
};

/** One dependency for each node, the furthest; none for `except`, whose own numbers say as much. */
const furthest = (all: readonly Dependency[], except: NodeId): readonly Dependency[] => {
  const found = new Map<NodeId, Dependency>();
  for (const { node, chan, next } of all) {
    if (node === except) continue;
    const known = found.get(node);
    const isFurther = known === undefined || chan > known.chan || (chan === known.chan && next > known.next);
    if (isFurther) found.set(node, { node, chan, next });
  }
  return found.size === 0 ? NOTHING_BEFORE : [...found.values()];
};

/** What the message with the number `seq` of this node has to wait for. */
export const dependenciesOf = (net: Net, { after }: PortRecord, seq: number): readonly Dependency[] =>
  after.length === 0
    ? NOTHING_BEFORE
    : furthest(
        after.filter(({ from }) => from <= seq),
        net.node,
      );

/** A right has come: whoever sends by it here does so after these. */
export const noteAfter = (net: Net, record: PortRecord, after: readonly Dependency[]): void => {
  if (after.length === 0) return;
  const fresh = after.filter(({ node }) => node !== net.node && net.sessions.isLiving(node));
  if (record.at === 'here') {
    if (fresh.every((each) => isPassed(net, record, each))) return;
  } else if (fresh.length === 0) return;
  const from = nextAccepted(net, record);
  const alike = record.after.filter((each) => each.from === from);
  const merged = furthest([...alike, ...fresh], net.node).map((each) => ({ ...each, from }));
  record.after = [...record.after.filter((each) => each.from !== from), ...merged];
  if (record.at === 'here') ease(net, record);
};

/** True if a port's owner has enqueued all that a dependency names, or will never get it. */
export const isPassed = (net: Net, record: LocalPort, { node, chan, next }: Dependency): boolean => {
  const channel = record.channels.get(node);
  if (channel !== undefined && (channel.chan > chan || (channel.chan === chan && channel.next >= next))) return true;
  if (node === net.node) return channel === undefined;
  return (record.over.get(node) ?? 0) >= chan || !net.sessions.isLiving(node);
};

/** True if nothing has to be waited for. Who is waited for is asked whether anything will come. */
export const isDue = (net: Net, record: LocalPort, after: readonly Dependency[]): boolean => {
  let due = true;
  for (const each of after) {
    if (isPassed(net, record, each)) continue;
    due = false;
    const { node, chan } = each;
    if (node === net.node || (record.asked.get(node) ?? 0) >= chan) continue;
    record.asked.set(node, chan);
    post(net, node, { kind: 'await', port: record.id, chan });
  }
  return due;
};

/** True while messages of this node, numbered already, wait at a local port. */
const isBehind = (net: Net, record: LocalPort): boolean =>
  record.waiting.length > 0 || (record.channels.get(net.node)?.held.size ?? 0) > 0;

/** Forgets what a local port need not wait for any more; bars it, or lets its senders in, as it follows. */
export const ease = (net: Net, record: LocalPort): void => {
  if (record.after.length > 0) record.after = record.after.filter((each) => !isDue(net, record, [each]));
  const own = record.channels.get(net.node);
  const isBarred = record.after.length > 0 || isBehind(net, record);
  if (own !== undefined && record.limbo === null && !isBehind(net, record))
    own.next = Math.max(own.next, record.promised);
  if (isBarred === record.isBarred) return;
  record.isBarred = isBarred;
  net.door.bar(record.name, isBarred);
  net.toSettle.add(record);
};

/** What a proxy takes along from the port that it was. */
export const remaining = (net: Net, record: LocalPort): readonly OwnDependency[] =>
  record.after.filter((each) => !isPassed(net, record, each));

/** The owner has enqueued what is below `next`: with it, what that had to wait for. */
export const forgetPassed = (record: RemotePort, next: number): void => {
  if (record.after.length > 0) record.after = record.after.filter(({ from }) => from >= next);
};

/** Somebody waits for a channel of ours, or a node says that nothing more comes by one of its. */
export const noteOver = (net: Net, from: NodeId, frame: Extract<Frame, { kind: 'await' | 'over' }>): void => {
  const record = net.records.get(frame.port);
  if (frame.kind === 'await') {
    const chan = record?.at === 'there' ? record.chan : record?.channels.get(net.node)?.chan;
    if (chan !== frame.chan) post(net, from, { kind: 'over', port: frame.port, chan: frame.chan });
    else if (record?.at === 'there') record.awaitedBy.add(from);
    return; // a port that is here has it all
  }
  if (record?.at !== 'here') return;
  record.over.set(from, Math.max(record.over.get(from) ?? 0, frame.chan));
  net.stirred.add(record);
};

/** A proxy goes: who waits for what was sent by it hears that no more comes. */
export const tellOver = (net: Net, record: RemotePort): void => {
  for (const node of record.awaitedBy) post(net, node, { kind: 'over', port: record.id, chan: record.chan });
};

/** A node has died: nobody waits for it any more, also not should it come back. */
export const releaseFrom = (net: Net, record: PortRecord, dead: NodeId): void => {
  if (record.at === 'there') {
    record.after = record.after.filter(({ node }) => node !== dead);
    return;
  }
  const asked = record.asked.get(dead);
  if (asked !== undefined) record.over.set(dead, asked);
  net.stirred.add(record);
};

/** A port has died: what waited there for its turn is looked at again, as what comes too late. */
export const dropHeld = (net: Net, record: LocalPort): void => {
  for (const [origin, { held }] of record.channels) {
    for (const frame of held.values()) net.again.push({ from: origin, frame });
    held.clear();
  }
  for (const parcel of record.waiting.splice(0)) giveUp(net, parcel);
};
