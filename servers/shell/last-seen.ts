/** Where a task was last, if the node that it went to has died with it. */
import { migrationService } from '../migration/protocol.ts';
import { nameOfNode } from '../node/state-dir.ts';
import { ask, letGo, valueOf } from './agent.ts';
import { ASK, type Client, factsOf, gather, serviceOf } from './client.ts';

/** The name of the dead node on which the task of that name or identity was last; null if it is none. */
export const diedWith = async (client: Client, name: string): Promise<string | null> => {
  const runs = (await gather(client, (record) => factsOf(client, record))).values.flatMap((facts) => facts.runs);
  const identity = runs.findLast((run) => run.name === name)?.identity ?? name;
  const moves = await gather(client, async (record) => {
    const server = await serviceOf(client, record, 'migration');
    const question = { service: migrationService, server, routine: 'moves', args: null } as const;
    const { reply } = await ask(client.agent, question, ASK);
    letGo(client.agent, server);
    return valueOf(reply, record.name);
  });
  const living = new Set(client.records.map(({ node }) => node));
  const last = moves.values.flat().findLast((move) => move.outcome === 'moved' && move.identity === identity);
  return last === undefined || living.has(last.to) ? null : nameOfNode(last.to);
};
