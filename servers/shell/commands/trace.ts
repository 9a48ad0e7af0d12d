/** `trace export`: the lives of all tasks on all nodes, in one order of time. */

import { type MoveRecord, migrationService } from '../../migration/protocol.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { ask, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, gather, serviceOf } from '../client.ts';
import type { Context } from '../context.ts';
import { livesOf } from '../fates.ts';
import { listLines, mermaidLines, type TracedEvent } from './trace-lines.ts';
import { withClient } from './with-client.ts';

/** Shows what has happened, as a list, as a diagram, or as data. */
export const traceExport = (context: Context, form: 'list' | 'mermaid'): Promise<number> =>
  withClient(context, async (client) => {
    const lives = await gather(client, (record) => livesOn(client, record));
    const moved = await gather(client, (record) => movesFrom(client, record));
    const events = lives.values.flat().sort((one, other) => one.time - other.time);
    const moves = moved.values.flat();
    const nodes = client.records.map(({ name }) => name);
    const lines = form === 'mermaid' ? mermaidLines(nodes, events) : listLines(events);
    context.terminal.result({ nodes, events, moves, silent: lives.silent }, lines);
    return 0;
  });

/** Clocks of several processes of one machine are put together by what each says of its origin. */
const livesOn = async (client: Client, record: NodeRecord): Promise<readonly TracedEvent[]> => {
  const { events, clockOrigin } = await livesOf(client, record);
  return events.map((event) => ({ ...event, node: record.name, time: clockOrigin + event.at }));
};

const movesFrom = async (client: Client, record: NodeRecord): Promise<readonly MoveRecord[]> => {
  const server = await serviceOf(client, record, 'migration');
  const { reply } = await ask(client.agent, { service: migrationService, server, routine: 'moves', args: null }, ASK);
  letGo(client.agent, server);
  return valueOf(reply, record.name);
};
