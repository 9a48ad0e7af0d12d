/** What netmsg does for others: names, nodes, stages, the census. */

import { Refusal } from '../../kernel/interface/subsystem.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MOVE_SEND, PORT_SEND, PORT_SEND_ONCE } from '../../ports/right.ts';
import { dropSend, type Effect, type Net, nextSerial, post } from './netmsg-state.ts';
import { type Census, type NodeId, netService } from './protocol.ts';
import { discardRight, landRight } from './proxy/inward.ts';
import { encodeSend } from './proxy/outward.ts';
import { parcelOf } from './proxy/parcels.ts';
import { abort, commit, reply, settleOrphan, stage } from './proxy/staging.ts';
import type { Frame } from './tables/frames.ts';

const LOOK_UP_REPLY = netService.id('look_up') + 100;

/** Serves one request on the service port. */
export const serveNet = (net: Net, message: Received): void => netService.serve(net.sys, message, handlersOf(net));

const LATER = new Refusal('MIG_NO_REPLY');
const refused = (): Refusal => new Refusal('KERN_INVALID_ARGUMENT');

/** Takes the send right in the first descriptor of a request. */
const firstRight = (message: Received): number => {
  const first = message.items?.[0];
  return first?.kind === 'port' && first.type === PORT_SEND ? first.name : MACH_PORT_NULL;
};

const handlersOf = (net: Net): Parameters<typeof netService.serve>[2] => ({
  check_in: ({ name }, message) => {
    const right = firstRight(message);
    if (right === MACH_PORT_NULL) return refused();
    const before = net.names.get(name);
    if (before !== undefined) dropSend(net, before);
    net.names.set(name, right as Received['remote']);
    return null;
  },
  look_up: ({ node, name }, message) => {
    if (node !== net.node && !net.sessions.nodes().includes(node)) return refused();
    const query = nextSerial(net);
    net.queries.set(query, { reply: message.remote, id: message.id, node });
    post(net, node, { kind: 'look_up', query, name });
    return LATER;
  },
  nodes: () => net.sessions.nodes(),
  stage: ({ mid, peer, body }, message) => {
    if (peer === net.node || net.outgoing.has(mid) || !net.sessions.isLiving(peer)) return refused();
    stage(net, { mid, peer, body }, parcelOf(message));
    return LATER;
  },
  commit: ({ mid }) => (commit(net, mid) ? null : refused()),
  abort: ({ mid }, message) => (abort(net, mid, parcelOf(message)) ? LATER : refused()),
  listen_stages: (_, message) => {
    const right = firstRight(message);
    if (right === MACH_PORT_NULL) return refused();
    if (net.listener !== MACH_PORT_NULL) dropSend(net, net.listener);
    net.listener = right as Received['remote'];
    return null;
  },
  census: () => census(net),
  settle: ({ mid, commit: isCommitted }) => (settleOrphan(net, mid, isCommitted) ? null : refused()),
});

/** What this node still owes others, and what it has done for them. */
export const census = (net: Net): Census => {
  const records = net.records.all();
  const proxies = records.filter(({ at }) => at === 'there').length;
  return {
    proxies,
    exports: records.length - proxies,
    forwards: records.filter((record) => record.at === 'there' && record.wasHere).length,
    tombstones: net.tombstones.places,
    callbacks: net.onces.exported.size,
    loaded: [...net.loads.values()].reduce((sum, { size }) => sum + size, 0),
    charged: [...net.desks.values()].reduce((sum, { charged }) => sum + charged, 0),
    ...net.counters,
  };
};

/** A peer looks a name up, or has answered. */
export const noteLookUp = (net: Net, from: NodeId, frame: Extract<Frame, { kind: 'look_up' | 'found' }>): void => {
  if (frame.kind === 'look_up') {
    const name = net.names.get(frame.name);
    const effects: Effect[] = [];
    let right: Extract<Frame, { kind: 'found' }>['right'] = { kind: 'null', type: PORT_SEND };
    if (name !== undefined) {
      net.sys.call({ op: 'port_mod_refs', name, right: 'SEND', delta: 1 });
      right = encodeSend(net, from, name, effects);
    }
    post(net, from, { kind: 'found', query: frame.query, right });
    return;
  }
  const query = net.queries.get(frame.query);
  const landed = landRight(net, frame.right);
  if (query === undefined || query.node !== from) return discardRight(net, landed);
  net.queries.delete(frame.query);
  if (landed.name === MACH_PORT_NULL) return reply(net, query.reply, LOOK_UP_REPLY, { retcode: 'KERN_INVALID_NAME' });
  const kr = net.sys.send({
    remote: query.reply,
    remoteDisposition: PORT_SEND_ONCE,
    id: LOOK_UP_REPLY,
    body: { retcode: 'KERN_SUCCESS', value: null },
    descriptors: [
      { kind: 'port', name: landed.name, disposition: landed.disposition === 0 ? MOVE_SEND : landed.disposition },
    ],
  });
  if (kr === 'MACH_MSG_SUCCESS') return;
  dropSend(net, query.reply);
  discardRight(net, landed);
};

/** A node has died: nobody there will answer. */
export const failQueries = (net: Net, dead: NodeId): void => {
  for (const [query, { reply: to, node }] of [...net.queries]) {
    if (node !== dead) continue;
    net.queries.delete(query);
    reply(net, to, LOOK_UP_REPLY, { retcode: 'KERN_FAILURE' });
  }
};
