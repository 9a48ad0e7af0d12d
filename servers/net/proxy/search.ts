/**
 * Ports that should have come here and may have gone down with the node that was sending them. What is sent to such a
 * port waits here for it (`early`), and would for ever. So when a node has died each other one is asked: it answers
 * once that node is dead for it too, hence after all that it has passed on of it, by the same lane. A message may have
 * been passed on by several, so as many rounds are asked as there are nodes. If nobody has the port, nor a message with
 * it, the port is dead.
 */
import { type Net, post } from '../netmsg-state.ts';
import type { NodeId, PortId } from '../protocol.ts';
import { type Frame, rightsOf, type WireMessage } from '../tables/frames.ts';
import type { PortRecord } from '../tables/records.ts';
import { releaseEarly } from './inward.ts';
import { portDied, retarget } from './references.ts';

/** Nodes whose death is told in one question: the last ones. */
const DEAD_TOLD_MAX = 64;

/** A node has died: whoever waits for a port asks anew, and questions that had to wait for this are answered. */
export const searchAfter = (net: Net, dead: NodeId): void => {
  net.dead.push(dead);
  if (net.dead.length > DEAD_TOLD_MAX) net.dead.shift();
  const wanted = new Set(net.early.keys());
  for (const record of net.records.all()) if (record.at === 'there' && record.node === net.node) wanted.add(record.id);
  for (const id of wanted) search(net, id);
  for (const { from, frame } of net.sought.splice(0)) noteSought(net, from, frame);
};

/** Begins to look for a port that should come here, if a node has died that might have had it. */
export const search = (net: Net, id: PortId): void => {
  if (net.dead.length === 0) return;
  const nodes = livingOthers(net);
  net.searches.set(id, { rounds: nodes.length, waiting: new Set(nodes), isCarried: false });
  ask(net, id, nodes);
};

const livingOthers = (net: Net): NodeId[] => net.sessions.nodes().filter((node) => net.sessions.isLiving(node));

const ask = (net: Net, id: PortId, nodes: readonly NodeId[]): void => {
  if (nodes.length === 0) return lose(net, id);
  for (const node of nodes) post(net, node, { kind: 'sought', port: id, dead: [...net.dead] });
};

/** Nobody has the port: what waited for it is refused, and everybody hears that it is dead. */
const lose = (net: Net, id: PortId): void => {
  net.searches.delete(id);
  const record = net.records.get(id);
  if (record?.at === 'here' || carries(net, id)) return;
  if (record === undefined) net.tombstones.put(id, 'dead');
  else portDied(net, record);
  releaseEarly(net, id);
  for (const node of livingOthers(net)) post(net, node, { kind: 'dead', port: id });
};

/** A node looks for a port. It is answered when the nodes that are dead for it are dead for us. */
export const noteSought = (net: Net, from: NodeId, frame: Extract<Frame, { kind: 'sought' }>): void => {
  const { port, dead } = frame;
  if (net.sessions.nodes().some((node) => dead.includes(node))) {
    if (net.sought.length < net.limits.earlyMax) net.sought.push({ from, frame });
    return;
  }
  const record = net.records.get(port);
  const epoch = record?.at === 'here' && record.limbo === null ? record.epoch : 0;
  post(net, from, { kind: 'searched', port, carries: carries(net, port), epoch });
};

/** A node has looked. An epoch says that the port is there. */
export const noteSearched = (net: Net, from: NodeId, frame: Extract<Frame, { kind: 'searched' }>): void => {
  const { port, carries: isCarried, epoch } = frame;
  const search = net.searches.get(port);
  if (search === undefined || !search.waiting.delete(from)) return;
  if (epoch > 0) {
    const record = net.records.get(port);
    if (record === undefined) net.tombstones.put(port, { node: from, epoch });
    else if (record.at === 'there') retarget(net, record, from, epoch);
    releaseEarly(net, port);
    return;
  }
  search.isCarried ||= isCarried;
  if (search.waiting.size > 0) return;
  search.rounds -= 1;
  if (search.isCarried)
    net.searches.delete(port); // it is on its way
  else if (search.rounds > 0) {
    const nodes = livingOthers(net);
    for (const node of nodes) search.waiting.add(node);
    ask(net, port, nodes);
  } else lose(net, port);
};

/** True if a message that this node may still have to send, or holds for others, has the port in it. */
const carries = (net: Net, id: PortId): boolean => {
  const has = (message: WireMessage): boolean =>
    rightsOf(message).some((right) => right.kind === 'receive' && right.port === id);
  return (
    net.records.all().some((record) => isStaged(record, id) || messagesOf(record).some(has)) ||
    [...net.early.values()].flat().some(({ frame }) => frame.kind === 'msg' && has(frame.message)) ||
    [...net.incoming.values()].some(({ frame }) => has(frame.message))
  );
};

/** A port that is closed to be moved is on its way until that is decided. */
const isStaged = (record: PortRecord, id: PortId): boolean =>
  record.id === id && record.at === 'here' && record.limbo !== null;

const messagesOf = (record: PortRecord): WireMessage[] => {
  if (record.at === 'there')
    return Array.from({ length: record.unacknowledged.length }, (_, at) => record.unacknowledged.at(at)).flatMap(
      (sent) => sent?.frame.message ?? [],
    );
  const held = [...record.channels.values()].flatMap((channel) => [...channel.held.values()]);
  const closed = (record.limbo ?? []).filter((frame) => frame.kind === 'msg');
  return [...held, ...closed].map(({ message }) => message);
};
