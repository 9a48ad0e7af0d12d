/** `trace export`: the lives of all tasks on all nodes, in one order of time. */

import { type MoveRecord, migrationService } from '../../migration/protocol.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { ask, callKernelPort, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, factsOf, gather, serviceOf } from '../client.ts';
import type { Context } from '../context.ts';
import { livesOf } from '../fates.ts';
import { listLines, mermaidLines, type TracedEvent } from './trace-lines.ts';
import { crossings, type MessageEvent, type TracedMessage, traced } from './trace-messages.ts';
import { withClient } from './with-client.ts';

/** Shows what has happened, as a list, as a diagram, or as data. */
export const traceExport = (context: Context, form: 'list' | 'mermaid'): Promise<number> =>
  withClient(context, async (client) => {
    const lives = await gather(client, (record) => livesOn(client, record));
    const moved = await gather(client, (record) => movesFrom(client, record));
    const events = lives.values.flat().sort((one, other) => one.time - other.time);
    const moves = moved.values.flat();
    const nodes = client.records.map(({ name }) => name);
    const rings = await gather(client, (record) => messagesOn(client, record));
    const messages = rings.values.flatMap((ring) => ring.messages).sort((one, other) => one.time - other.time);
    const overwritten = rings.values.reduce((sum, { lost }) => sum + lost, 0);
    const lines = form === 'mermaid' ? mermaidLines(nodes, events, crossings(messages)) : listLines(events);
    context.terminal.result({ nodes, events, moves, messages, overwritten, silent: lives.silent }, lines);
    return 0;
  });

/** Clocks of several processes of one machine are put together by what each says of its origin. */
const livesOn = async (client: Client, record: NodeRecord): Promise<readonly TracedEvent[]> => {
  const { events, clockOrigin } = await livesOf(client, record);
  return events.map((event) => ({ ...event, node: record.name, time: clockOrigin + event.at }));
};

/** What is left in a node's ring of messages. */
const messagesOn = async (
  client: Client,
  record: NodeRecord,
): Promise<{ readonly messages: readonly TracedMessage[]; readonly lost: number }> => {
  const { clockOrigin } = await factsOf(client, record);
  const host = await serviceOf(client, record, 'host');
  const answer = await callKernelPort(client.agent, host, { op: 'host_events', ring: 'messages', since: 0 }, ASK);
  letGo(client.agent, host);
  const names = new Map(client.records.map(({ node, name }) => [node, name]));
  const events = (answer['events'] ?? []) as readonly MessageEvent[];
  return { messages: traced({ name: record.name, clockOrigin }, events, names), lost: Number(answer['lost'] ?? 0) };
};

const movesFrom = async (client: Client, record: NodeRecord): Promise<readonly MoveRecord[]> => {
  const server = await serviceOf(client, record, 'migration');
  const { reply } = await ask(client.agent, { service: migrationService, server, routine: 'moves', args: null }, ASK);
  letGo(client.agent, server);
  return valueOf(reply, record.name);
};
