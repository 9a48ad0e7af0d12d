/**
 * Messages that are agreed upon before they count. Staged, a message is at the peer as bytes while all its rights are
 * still here, its ports closed; committed, they are the peer's; aborted, it never was. A message with a receive right
 * in it takes the same way, with both steps in one.
 */
import type { Body } from '../../../ports/body.ts';
import { MACH_PORT_NULL } from '../../../ports/name.ts';
import { COPY_SEND, PORT_SEND_ONCE } from '../../../ports/right.ts';
import { dropSend, type Effect, type IncomingStage, type Net, type OutgoingStage, post } from '../netmsg-state.ts';
import {
  type Delivery,
  type Landed,
  NET_DROPPED,
  NET_LANDED,
  NET_STAGED,
  type NodeId,
  netService,
  type Parcel,
  type PortCounts,
  type Staged,
} from '../protocol.ts';
import type { Frame, WireMessage } from '../tables/frames.ts';
import { decodeBody, encodeBody } from '../wire/codec.ts';
import { discard, landMessage } from './inward.ts';
import { commitEffects, deliveryOf, encodeParcel, undoEffects } from './outward.ts';

type StageFrame = Extract<Frame, { kind: 'stage' | 'staged' | 'commit' | 'abort' }>;

/** Stages a parcel at a peer. `parcel.reply` waits for the peer's answer. */
export const stage = (
  net: Net,
  what: { readonly mid: string; readonly peer: NodeId; readonly body: Body },
  parcel: Parcel,
): void => {
  const { mid, peer, body } = what;
  const effects: Effect[] = [];
  const message = encodeParcel(
    net,
    peer,
    { ...parcel, id: 0, body: null, reply: MACH_PORT_NULL, replyType: 0 },
    effects,
  );
  net.outgoing.set(mid, { mid, peer, parcel, effects, asker: parcel.reply, state: 'sent' });
  post(net, peer, { kind: 'stage', mid, body: encodeBody(body), message });
};

/** Answers a request that has been kept waiting. */
export const reply = (net: Net, to: Parcel['reply'], id: number, body: Body): void => {
  if (to === MACH_PORT_NULL) return;
  const kr = net.sys.send({ remote: to, remoteDisposition: PORT_SEND_ONCE, id, body });
  if (kr !== 'MACH_MSG_SUCCESS') dropSend(net, to);
};

const answerStage = (net: Net, staged: OutgoingStage, succeeded: boolean): void => {
  const retcode = succeeded ? 'KERN_SUCCESS' : 'KERN_FAILURE';
  reply(net, staged.asker, netService.id('stage') + 100, succeeded ? { retcode, value: null } : { retcode });
  staged.asker = MACH_PORT_NULL;
};

/** Commits: false if there is no such stage, or the peer does not have it (any more). */
export const commit = (net: Net, mid: string): boolean => {
  const staged = net.outgoing.get(mid);
  if (staged === undefined || staged.state !== 'held') return false;
  net.outgoing.delete(mid);
  post(net, staged.peer, { kind: 'commit', mid });
  commitEffects(net, staged.effects, staged.peer);
  return true;
};

/** Gives a stage up and sends its rights back to whoever asks, as the reply to `request`. */
export const abort = (net: Net, mid: string, request: Parcel): boolean => {
  const staged = net.outgoing.get(mid);
  if (staged === undefined) return false;
  net.outgoing.delete(mid);
  if (staged.asker !== MACH_PORT_NULL) answerStage(net, staged, false);
  if (staged.state !== 'lost') post(net, staged.peer, { kind: 'abort', mid });
  undoEffects(net, staged.effects);
  const body = { retcode: 'KERN_SUCCESS', value: null };
  const back = { ...staged.parcel, id: request.id + 100, body, reply: MACH_PORT_NULL, replyType: 0, sender: null };
  const { draft } = deliveryOf(back, request.reply);
  const kr = net.sys.send({ ...draft, remoteDisposition: PORT_SEND_ONCE });
  if (kr !== 'MACH_MSG_SUCCESS') discard(net, { draft, sender: null, once: true });
  return true;
};

/** What a peer says about stages. */
export const noteStage = (net: Net, from: NodeId, frame: StageFrame): void => {
  switch (frame.kind) {
    case 'stage':
      keepStage(net, { mid: frame.mid, from, body: frame.body, message: frame.message });
      return;
    case 'staged': {
      const staged = net.outgoing.get(frame.mid);
      if (staged === undefined || staged.peer !== from || staged.state !== 'sent') return;
      staged.state = frame.accepted ? 'held' : 'lost';
      answerStage(net, staged, frame.accepted);
      return;
    }
    case 'commit': {
      const staged = take(net, from, frame.mid);
      if (staged !== undefined) land(net, staged);
      return;
    }
    case 'abort':
      if (take(net, from, frame.mid) !== undefined) tell(net, NET_DROPPED, { mid: frame.mid });
      return;
  }
};

const take = (net: Net, from: NodeId, mid: string): IncomingStage | undefined => {
  const staged = net.incoming.get(mid);
  if (staged === undefined || staged.from !== from) return undefined;
  net.incoming.delete(mid);
  return staged;
};

/** A peer's message is kept for its commit. Without somebody who listens for stages there is no point. */
const keepStage = (net: Net, staged: IncomingStage): void => {
  const { mid, from } = staged;
  const body: Staged = { mid, from, body: decodeBody(staged.body) };
  const accepted = !net.incoming.has(mid) && net.listener !== MACH_PORT_NULL && tell(net, NET_STAGED, { ...body });
  if (accepted) net.incoming.set(mid, staged);
  post(net, from, { kind: 'staged', mid, accepted });
};

/** Tells the stage listener. It has asked for it: its queue is no obstacle. */
const tell = (net: Net, id: number, body: Body): boolean =>
  isSent(net, { draft: { remote: net.listener, remoteDisposition: COPY_SEND, id, body }, sender: null, once: true });

const isSent = (net: Net, delivery: Delivery): boolean => net.door.forward(delivery, net.watch) === 'MACH_MSG_SUCCESS';

const land = (net: Net, staged: IncomingStage): void => {
  const { mid, from, message } = staged;
  const body: Landed = { mid, from, counts: countsOf(message) };
  const landed = landMessage(net, message, net.listener, COPY_SEND);
  const delivery = {
    ...landed,
    draft: { ...landed.draft, id: NET_LANDED, body: { ...body } as unknown as Body },
    once: true,
  };
  if (!isSent(net, delivery)) discard(net, delivery);
};

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

/**
 * A peer has died: what it had staged here is dropped, what was staged there is lost, for whoever staged it to abort.
 */
export const dropStages = (net: Net, dead: NodeId): void => {
  for (const staged of [...net.incoming.values()]) {
    if (staged.from !== dead) continue;
    net.incoming.delete(staged.mid);
    tell(net, NET_DROPPED, { mid: staged.mid });
  }
  for (const staged of net.outgoing.values()) {
    if (staged.peer !== dead) continue;
    staged.state = 'lost';
    if (staged.asker !== MACH_PORT_NULL) answerStage(net, staged, false);
  }
};
