/** `task drain`, and what `task ls` says of pages that moved tasks have left behind. */
import { type MoveRecord, migrationService } from '../../migration/protocol.ts';
import { type NodeRecord, nameOfNode } from '../../node/state-dir.ts';
import { ask, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, gather, serviceOf } from '../client.ts';
import type { Context } from '../context.ts';
import { taskNamed } from '../find-task.ts';
import { withClient } from './with-client.ts';

/** How long pages may take to follow. */
const DRAIN_MS = 600_000;

/** Pages of a task that are still on a node which it has left. */
export interface LeftBehind {
  readonly task: string;
  readonly identity: string;
  readonly on: string;
  readonly pages: number;
  /** `idle`: they follow by themselves. `off`: each when it is touched, the others never. */
  readonly push: MoveRecord['push'];
}

/** What moved tasks have left behind, on all nodes that answer. */
export const leftBehind = async (client: Client): Promise<readonly LeftBehind[]> => {
  const { values } = await gather(client, (record) => movesOf(client, record, 'moves', ASK.timeoutMs));
  return values
    .flat()
    .filter(({ phase }) => phase === 'serving')
    .map(({ task, identity, from, pagesLeft, push }) => ({
      task,
      identity,
      on: nameOfNode(from),
      pages: pagesLeft,
      push,
    }));
};

/** That in words, for a person. */
export const leftLines = (left: readonly LeftBehind[]): string[] =>
  left.map(({ identity, on, pages, push }) => {
    const then = push === 'off' ? `not pushed: portolan task drain ${identity}` : 'on their way';
    return `! ${identity} has left ${pages} pages on ${on}, ${then}`;
  });

/** Has all pages of a task pushed that are elsewhere, and waits until it needs nobody for them. */
export const taskDrain = (context: Context, name: string): Promise<number> =>
  withClient(context, async (client) => {
    const task = await taskNamed(client, name);
    letGo(client.agent, task.port);
    const left = (await leftBehind(client)).filter(({ identity }) => identity === task.identity);
    const nodes = client.records.filter((record) => left.some(({ on }) => on === record.name));
    await Promise.all(nodes.map((record) => movesOf(client, record, 'drain', DRAIN_MS)));
    const pages = left.reduce((sum, each) => sum + each.pages, 0);
    context.terminal.result({ task: task.name, pages, from: nodes.map((record) => record.name) }, [
      `✓ ${task.name} needs no other node; ${pages} pages have followed`,
    ]);
    return 0;
  });

const movesOf = async (
  client: Client,
  record: NodeRecord,
  routine: 'moves' | 'drain',
  timeoutMs: number,
): Promise<readonly MoveRecord[]> => {
  const server = await serviceOf(client, record, 'migration');
  const question = { service: migrationService, server, routine, args: null } as const;
  const { reply } = await ask(client.agent, question, { timeoutMs });
  letGo(client.agent, server);
  return valueOf(reply, record.name);
};
