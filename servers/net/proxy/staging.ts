/**
 * Messages that are agreed upon before they count. Staged, a message is at the peer as bytes while all its rights are
 * still here, its ports closed; committed, they are the peer's; aborted, it never was. A message with a receive right
 * in it takes the same way, with both steps in one.
 */
import type { Body } from '../../../ports/body.ts';
import type { KernReturn } from '../../../ports/kern-return.ts';
import { MACH_PORT_NULL } from '../../../ports/name.ts';
import { COPY_SEND, PORT_SEND_ONCE } from '../../../ports/right.ts';
import { decodeBody } from '../../../ports/wire/codec.ts';
import { bring, isLost, laden, unclaim } from '../freight/claims.ts';
import { releaseLoad } from '../freight/loads.ts';
import { dropSend, type Effect, type IncomingStage, type Net, type OutgoingStage, post } from '../netmsg-state.ts';
import {
  type Delivery,
  type Landed,
  NET_DROPPED,
  NET_LANDED,
  NET_ORPHANED,
  NET_STAGED,
  NET_UP,
  type NodeId,
  netService,
  type Parcel,
  type PortCounts,
} from '../protocol.ts';
import { type Frame, rightsOf, type WireMessage } from '../tables/frames.ts';
import { discard, landMessage } from './inward.ts';
import { commitEffects, encodeParcel, undoEffects } from './outward.ts';
import { deliveryOf } from './parcels.ts';
import { makeProxy } from './references.ts';

type StageFrame = Extract<Frame, { kind: 'stage' | 'staged' | 'commit' | 'abort' }>;

/** Stages a parcel at a peer. `parcel.reply` waits for the peer's answer. */
export const stage = (
  net: Net,
  what: { readonly mid: string; readonly peer: NodeId; readonly body: Body },
  parcel: Parcel,
): void => {
  const { mid, peer, body } = what;
  const effects: Effect[] = [];
  const plain = { ...parcel, id: 0, body, reply: MACH_PORT_NULL, replyType: 0 };
  const sealed = encodeParcel(net, { peer, until: 'committed' }, plain, effects);
  const staged: OutgoingStage = { mid, peer, parcel, effects, asker: parcel.reply, state: 'sent' };
  net.outgoing.set(mid, staged);
  const isTooLarge = (sealed.freight?.size ?? 0) > net.limits.freightMax;
  if (!isTooLarge && post(net, peer, { kind: 'stage', mid, ...sealed })) return;
  staged.state = 'lost';
  answerStage(net, staged, 'KERN_RESOURCE_SHORTAGE');
};

/** Answers a request that has been kept waiting. */
export const reply = (net: Net, to: Parcel['reply'], id: number, body: Body): void => {
  if (to === MACH_PORT_NULL) return;
  const kr = net.sys.send({ remote: to, remoteDisposition: PORT_SEND_ONCE, id, body });
  if (kr !== 'MACH_MSG_SUCCESS') dropSend(net, to);
};

const answerStage = (net: Net, staged: OutgoingStage, retcode: KernReturn): void => {
  const body = retcode === 'KERN_SUCCESS' ? { retcode, value: null } : { retcode };
  reply(net, staged.asker, netService.id('stage') + 100, body);
  staged.asker = MACH_PORT_NULL;
};

/** Commits: false if there is no such stage, or the peer does not have it (any more). */
export const commit = (net: Net, mid: string): boolean => {
  const staged = net.outgoing.get(mid);
  if (staged === undefined || staged.state !== 'held') return false;
  net.outgoing.delete(mid);
  post(net, staged.peer, { kind: 'commit', mid });
  commitEffects(net, staged.effects, staged.peer);
  for (const effect of staged.effects) if (effect.kind === 'load') releaseLoad(net, effect.number);
  return true;
};

/** Gives a stage up and sends its rights back to whoever asks, as the reply to `request`. */
export const abort = (net: Net, mid: string, request: Parcel): boolean => {
  const staged = net.outgoing.get(mid);
  if (staged === undefined) return false;
  net.outgoing.delete(mid);
  if (staged.asker !== MACH_PORT_NULL) answerStage(net, staged, 'KERN_FAILURE');
  if (staged.state !== 'lost') post(net, staged.peer, { kind: 'abort', mid });
  undoEffects(net, staged.effects);
  const body = { retcode: 'KERN_SUCCESS', value: null };
  const back = {
    ...staged.parcel,
    id: request.id + 100,
    body,
    reply: MACH_PORT_NULL,
    replyType: 0,
    sender: null,
    cause: 0,
  };
  const { draft } = deliveryOf(back, request.reply);
  const kr = net.sys.send({ ...draft, remoteDisposition: PORT_SEND_ONCE });
  if (kr !== 'MACH_MSG_SUCCESS') discard(net, { draft, sender: null, once: true, cause: 0 });
  return true;
};

/** What a peer says about stages. */
export const noteStage = (net: Net, from: NodeId, frame: StageFrame): void => {
  switch (frame.kind) {
    case 'stage':
      if (bring(net, { from, frame })) keepStage(net, { from, frame });
      return;
    case 'staged': {
      const staged = net.outgoing.get(frame.mid);
      if (staged === undefined || staged.peer !== from || staged.state !== 'sent') return;
      staged.state = frame.accepted ? 'held' : 'lost';
      answerStage(net, staged, frame.accepted ? 'KERN_SUCCESS' : 'KERN_FAILURE');
      return;
    }
    case 'commit': {
      const staged = take(net, from, frame.mid);
      if (staged !== undefined) land(net, staged);
      return;
    }
    case 'abort':
      dropStage(net, take(net, from, frame.mid));
      return;
  }
};

const take = (net: Net, from: NodeId, mid: string): IncomingStage | undefined => {
  const staged = net.incoming.get(mid);
  if (staged === undefined || staged.from !== from) return undefined;
  net.incoming.delete(mid);
  return staged;
};

/** A staged message will not be: its freight goes, its listener hears of it. */
const dropStage = (net: Net, staged: IncomingStage | undefined): void => {
  if (staged === undefined) return;
  unclaim(net, staged.frame.freight);
  tell(net, NET_DROPPED, { mid: staged.frame.mid });
};

/**
 * A peer's message is kept for its commit. Without somebody who listens for stages there is no point; nor is there in
 * one that cannot be read or whose freight was lost.
 */
const keepStage = (net: Net, staged: IncomingStage): void => {
  const { from, frame } = staged;
  const { mid } = frame;
  const body = isLost(net, frame.freight) ? null : stagedBody(net, frame);
  const isWanted = body !== null && !net.incoming.has(mid) && net.listener !== MACH_PORT_NULL;
  const accepted = isWanted && tell(net, NET_STAGED, { mid, from, body: body.value });
  if (accepted) net.incoming.set(mid, staged);
  else unclaim(net, frame.freight);
  post(net, from, { kind: 'staged', mid, accepted });
};

/** What the stager wants to be told to the listener; null if it is no body. */
const stagedBody = (net: Net, frame: IncomingStage['frame']): { readonly value: Body } | null => {
  const { body } = laden(net, frame);
  try {
    return body instanceof Uint8Array ? { value: decodeBody(body) } : null;
  } catch {
    return null;
  }
};

/** Tells the stage listener. It has asked for it: its queue is no obstacle. */
const tell = (net: Net, id: number, body: Body): boolean =>
  isSent(net, {
    draft: { remote: net.listener, remoteDisposition: COPY_SEND, id, body },
    sender: null,
    once: true,
    cause: 0,
  });

const isSent = (net: Net, delivery: Delivery): boolean => net.door.forward(delivery, net.watch) === 'MACH_MSG_SUCCESS';

const land = (net: Net, { from, frame }: IncomingStage): void => {
  const message = laden(net, frame);
  const body: Landed = { mid: frame.mid, from, counts: countsOf(message) };
  const landed = landMessage(net, { ...message, body: NOTHING }, net.listener, COPY_SEND);
  unclaim(net, frame.freight);
  const delivery = {
    ...landed,
    draft: { ...landed.draft, id: NET_LANDED, body: { ...body } as unknown as Body },
    once: true,
  };
  if (!isSent(net, delivery)) discard(net, delivery);
};

/** The body of no body. */
const NOTHING: Uint8Array = new Uint8Array(0);

const countsOf = (message: WireMessage): PortCounts[] => {
  const counts: PortCounts[] = [];
  for (const item of message.items) {
    const rights = item.kind === 'port' ? [item.right] : item.kind === 'ool_ports' ? item.rights : [];
    for (const right of rights) {
      if (right.kind !== 'receive') continue;
      const { seqno, mscount, qlimit } = right.ticket;
      counts.push({ seqno, mscount, qlimit });
    }
  }
  return counts;
};

/** What becomes of a message whose stager has died. False if there is none. */
export const settleOrphan = (net: Net, mid: string, isCommitted: boolean): boolean => {
  const staged = net.incoming.get(mid);
  if (staged === undefined || net.sessions.isLiving(staged.from)) return false;
  net.incoming.delete(mid);
  if (isCommitted) landOrphan(net, staged);
  else dropStage(net, staged);
  return true;
};

/**
 * Its ports are no longer where its own rights to them say, and their node cannot be asked: proxies stand in for them,
 * which become the ports.
 */
const landOrphan = (net: Net, staged: IncomingStage): void => {
  for (const right of rightsOf(staged.frame.message)) {
    if (right.kind !== 'receive' || net.records.get(right.port) !== undefined) continue;
    makeProxy(net, right.port, { node: staged.from, epoch: right.epoch - 1 });
  }
  land(net, staged);
};

/** A node can be reached. */
export const tellUp = (net: Net, node: NodeId): void => {
  if (net.listener !== MACH_PORT_NULL) tell(net, NET_UP, { node });
};

/**
 * A peer has died: the listener says what becomes of what it had staged here; what was staged there is lost, for
 * whoever staged it to abort.
 */
export const dropStages = (net: Net, dead: NodeId): void => {
  for (const { from, frame } of net.incoming.values())
    if (from === dead) tell(net, NET_ORPHANED, { mid: frame.mid, from });
  for (const staged of net.outgoing.values()) {
    if (staged.peer !== dead) continue;
    staged.state = 'lost';
    if (staged.asker !== MACH_PORT_NULL) answerStage(net, staged, 'KERN_FAILURE');
  }
};
