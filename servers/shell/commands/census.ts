/** `census`: who holds what on each node, by task and call site; and what has grown since another census. */
import { readFileSync } from 'node:fs';
import { type Census, type Growth, growth } from '../../../kernel/lab/census.ts';
import { censusTable, growthTable } from '../../../kernel/lab/draw.ts';
import { messageOf, OperatorError } from '../../node/operator-error.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { callKernelPort, letGo } from '../agent.ts';
import { ASK, type Client, gather, serviceOf } from '../client.ts';
import type { CensusOptions, Context } from '../context.ts';
import { withClient } from './with-client.ts';

interface NodeCensus {
  readonly node: string;
  readonly census: Census;
}

/** Takes a census of all nodes; with `since` it tells what has grown. */
export const census = (context: Context, { sites, since }: CensusOptions): Promise<number> => {
  const before = since === undefined ? null : read(since);
  return withClient(context, async (client) => {
    const { values, silent } = await gather(client, (record) => censusOf(client, record, sites ?? 'keep'));
    const notes = silent.map((each) => `✗ ${each}`);
    if (before === null) {
      const lines = values.flatMap((each) => [each.node, ...censusTable(each.census).map((line) => `  ${line}`)]);
      context.terminal.result({ nodes: values, silent }, [...lines, ...notes]);
    } else {
      const grown = values.map(({ node, census: now }) => ({ node, grown: grownSince(before, node, now) }));
      const lines = grown.flatMap((each) => [each.node, ...growthTable(each.grown).map((line) => `  ${line}`)]);
      context.terminal.result({ nodes: grown, silent }, [...lines, ...notes]);
    }
    if (values.some((each) => !each.census.hasSites)) {
      context.terminal.say('call sites are not followed: portolan census --sites on');
    }
    return 0;
  });
};

const censusOf = async (client: Client, record: NodeRecord, sites: 'on' | 'off' | 'keep'): Promise<NodeCensus> => {
  const host = await serviceOf(client, record, 'host');
  const answer = await callKernelPort(client.agent, host, { op: 'host_census', sites }, ASK);
  letGo(client.agent, host);
  if (answer.kr === 'KERN_SUCCESS') return { node: record.name, census: answer['census'] as Census };
  throw new OperatorError({ code: 'E_FAILED', text: `${record.name} takes no census: ${String(answer.kr)}` });
};

const grownSince = (before: readonly NodeCensus[], node: string, now: Census): Growth[] => {
  const then = before.find((each) => each.node === node);
  return then === undefined ? [] : growth(then.census, now);
};

const read = (file: string): readonly NodeCensus[] => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperatorError({ code: 'E_NO_INPUT', text: `${file} cannot be read: ${messageOf(error)}`, hint: HINT });
  }
  const nodes = nodesIn(text);
  if (nodes === null) throw new OperatorError({ code: 'E_NO_INPUT', text: `${file} holds no census`, hint: HINT });
  return nodes;
};

const HINT = 'portolan census --json > FILE';

const nodesIn = (text: string): readonly NodeCensus[] | null => {
  try {
    const { nodes } = JSON.parse(text) as { readonly nodes?: unknown };
    const isCensus = (each: unknown): each is NodeCensus =>
      Array.isArray((each as { readonly census?: { readonly tasks?: unknown } } | null)?.census?.tasks);
    return Array.isArray(nodes) && nodes.every(isCensus) ? nodes : null;
  } catch {
    return null;
  }
};
