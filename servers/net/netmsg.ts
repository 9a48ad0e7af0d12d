/**
 * The net message server: an ordinary task that makes ports of other nodes look local. It waits on one port set, for
 *   the service port   requests of tasks of this node,
 *   the doorbell       input from sessions,
 *   the watch port     notifications that say what they are about,
 *   every proxy        messages for ports on other nodes.
 * One turn of the loop: all input there is (bounded), then what is owed for it. No turn ever waits: memory is read by
 * the door, which says what is not here.
 */

import { PAGE_READY } from '../../kernel/interface/door.ts';
import { releaseItems } from '../../kernel/interface/subsystem.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import type { Program, Result, Sys } from '../../kernel/program.ts';
import { NOTIFY_DEAD_NAME, NOTIFY_MSG_ACCEPTED, NOTIFY_NO_SENDERS } from '../../ports/fate.ts';
import type { PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { dropClaims, notePiece } from './freight/claims.ts';
import { dropLoads, releaseLoad, serveFetch, serveWaiting } from './freight/loads.ts';
import { decodeFrame } from './message-codec.ts';
import { failQueries, noteLookUp, serveNet } from './netmsg-services.ts';
import { type Arrival, dropSend, type Net, startNet } from './netmsg-state.ts';
import type { NetArguments, NetInput, NetLimits, NodeId } from './protocol.ts';
import { abandonOnce, loseOnce, noteOnce, onceDied, useOnce } from './proxy/callbacks.ts';
import {
  arrive,
  loseWithNode,
  noteAccepted,
  noteAck,
  noteMoved,
  noteRoomy,
  payAcks,
  resendFrom,
  stir,
} from './proxy/channels.ts';
import { noteOver, releaseFrom } from './proxy/order.ts';
import { sendOn } from './proxy/outward.ts';
import { parcelOf } from './proxy/parcels.ts';
import {
  armProxies,
  endCopy,
  noteNoSenders,
  noteRegistered,
  portDied,
  settleAll,
  settleHolders,
} from './proxy/references.ts';
import { noteSearched, noteSought, searchAfter } from './proxy/search.ts';
import { dropStages, noteStage, tellUp } from './proxy/staging.ts';

/** What holds unless the composition root says otherwise. */
export const NET_LIMITS: NetLimits = {
  proxyQlimit: 1,
  credit: 2,
  tombstones: 4096,
  earlyMax: 4096,
  turn: 64,
  inlineMax: 131_072,
  freightMax: 128 << 20,
  piecesMax: 16,
};

/** State of the program. It holds tables and cannot move: netmsg is pinned. */
interface State extends MachineState {
  readonly args: NetArguments;
  net: Net | null;
}

const begin = (sys: Sys, state: State): void => {
  const net = startNet(sys, state.args, { ...NET_LIMITS, ...state.args.limits });
  state.net = net;
  state.at = 'turn';
  sys.receive(net.set);
};

const turn = (sys: Sys, state: State, result: Result): void => {
  const { net } = state;
  if (net === null) return;
  let { message } = result;
  for (let left = net.limits.turn; message !== null; left -= 1) {
    handle(net, message);
    settle(net);
    message = left > 1 ? sys.poll(net.set) : null;
  }
  settleAll(net);
  payAcks(net);
  armProxies(net);
  settle(net);
  sys.receive(net.set);
};

/** One message from the port set. */
const handle = (net: Net, message: Received): void => {
  const { local } = message;
  if (local === net.doorbell) return takeInput(net);
  if (local === net.watch) return notified(net, message);
  const parcel = parcelOf(message);
  const record = net.records.named(local);
  const once = record?.at === 'there' ? undefined : net.onces.importedAs(local);
  if (local === net.service) serveNet(net, message);
  else if (record?.at === 'there') sendOn(net, record, parcel);
  else if (once !== undefined) useOnce(net, once, parcel);
  else releaseItems(net.sys, message.items);
};

const takeInput = (net: Net): void => {
  for (let input = net.sessions.take(); input !== undefined; input = net.sessions.take()) {
    heard(net, input);
    settle(net);
  }
};

const heard = (net: Net, input: NetInput): void => {
  switch (input.kind) {
    case 'message': {
      const frame = decodeFrame(input.bytes);
      if (frame !== null) receive(net, { from: input.node, frame });
      else net.sessions.refuse(input.node, 'what it sent is no frame of netmsg');
      return;
    }
    case 'roomy':
      noteRoomy(net, input.node);
      return;
    case 'dead':
      nodeDied(net, input.node);
      return;
    case 'up':
      return tellUp(net, input.node);
  }
};

/** Looks at frames that one turn has made for itself, and at what they let go on, until there are none. */
const settle = (net: Net): void => {
  do {
    for (let next = net.again.shift(); next !== undefined; next = net.again.shift()) receive(net, next);
    stir(net);
  } while (net.again.length > 0);
};

const receive = (net: Net, { from, frame }: Arrival): void => {
  switch (frame.kind) {
    case 'msg':
    case 'dirty':
    case 'clean':
      return arrive(net, from, frame);
    case 'cack':
      return noteAck(net, frame);
    case 'moved':
      return noteMoved(net, frame);
    case 'registered':
      return noteRegistered(net, frame);
    case 'copyack':
      return endCopy(net, frame.copy, 'release');
    case 'dead': {
      const record = net.records.get(frame.port);
      if (record?.at === 'there') portDied(net, record);
      return;
    }
    case 'once':
    case 'once_gone':
    case 'once_dead':
    case 'once_here':
      return noteOnce(net, from, frame);
    case 'stage':
    case 'staged':
    case 'commit':
    case 'abort':
      return noteStage(net, from, frame);
    case 'look_up':
    case 'found':
      return noteLookUp(net, from, frame);
    case 'fetch':
      return serveFetch(net, from, frame);
    case 'piece':
      return notePiece(net, from, frame);
    case 'brought':
      return releaseLoad(net, frame.load);
    case 'await':
    case 'over':
      return noteOver(net, from, frame);
    case 'sought':
      return noteSought(net, from, frame);
    case 'searched':
      return noteSearched(net, from, frame);
  }
};

/** A notification on the watch port. */
const notified = (net: Net, message: Received): void => {
  const body = (message.body ?? {}) as { readonly name?: PortName; readonly count?: number };
  switch (message.id) {
    case NOTIFY_NO_SENDERS:
      return noteNoSenders(net, body.count ?? 0);
    case NOTIFY_MSG_ACCEPTED: {
      const record = body.name === undefined ? undefined : net.records.named(body.name);
      if (record?.at === 'here') noteAccepted(net, record);
      return;
    }
    case PAGE_READY:
      return serveWaiting(net);
    case NOTIFY_DEAD_NAME:
      return nameDied(net, body.name ?? (0 as PortName));
    default: // requests that were withdrawn, names that were given up
      return;
  }
};

const nameDied = (net: Net, name: PortName): void => {
  const record = net.records.named(name);
  const once = net.onces.exportedAs(name);
  if (record !== undefined) portDied(net, record);
  else if (once !== undefined) onceDied(net, once);
  else dropSend(net, name);
};

/**
 * The verdict on a node. What it sent before has been dealt with; everything there is dead for us, and its rights are
 * ours again.
 */
const nodeDied = (net: Net, node: NodeId): void => {
  for (const record of net.records.all()) {
    releaseFrom(net, record, node);
    if (record.at === 'here') {
      const holder = record.holders.get(node);
      if (holder === undefined) continue;
      record.holders.delete(node);
      if (record.limbo === null) settleHolders(net, record);
    } else if (record.node === node) loseWithNode(net, record);
    else resendFrom(net, record, node);
  }
  for (const once of [...net.onces.exported.values()])
    if (once.peer === node && once.state === 'out') abandonOnce(net, once);
  for (const once of [...net.onces.imported.values()]) if (once.node === node) loseOnce(net, once);
  for (const [copy, { peer }] of [...net.copies])
    if (peer === node && !isStaged(net, copy)) endCopy(net, copy, 'release');
  failQueries(net, node);
  dropStages(net, node);
  dropClaims(net, node);
  dropLoads(net, node);
  searchAfter(net, node);
};

/** Copies of a stage are given back by its abort. */
const isStaged = (net: Net, copy: number): boolean =>
  [...net.outgoing.values()].some(({ effects }) =>
    effects.some((effect) => effect.kind === 'copy' && effect.copy === copy),
  );

/** The program. The composition root pins its task. */
export const netmsg: Program = machine<State, NetArguments>({
  name: 'netmsg',
  hash: 'netmsg',
  start: (args) => ({ at: 'begin', args, net: null }),
  handlers: { begin, turn },
});
