/** Tasks larger than the memory of their node: a real node, with its default pager and page file. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { ask } from '../../servers/shell/agent.ts';
import { connect, type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { ASK, type Client, nodeNamed, serviceOf } from '../../servers/shell/client.ts';
import { endOf, fateOf } from '../../servers/shell/fates.ts';
import { taskNamed } from '../../servers/shell/find-task.ts';
import { fileOf, newState, type Ran, runIn } from './shell-scene.ts';

const MIB = 1 << 20;
const spill = fileOf('programs/spill.ts');
let state = '';
const nodes: RunningNode[] = [];

beforeAll(async () => {
  state = newState();
  const limits = { pagesMax: 512 };
  nodes.push(await startNode({ name: 'node-a', stateDir: state, journal: 'off', limits }));
  nodes.push(
    await startNode({ name: 'node-b', stateDir: state, journal: 'off', limits: { ...limits, pageFileMax: 256 } }),
  );
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  rmSync(state, { recursive: true });
});

const spillOn = (node: string, mebibytes: number): Promise<Ran> =>
  runIn(state, ['task', 'run', spill, '--on', node, '--wait', '--', String(mebibytes)]);

it('a task has four times the memory of its node, and finds every page as it left it', async () => {
  expect(await spillOn('node-a', 8)).toMatchObject({ code: 0 });
  expect(statSync(join(state, 'node-a.pages')).size).toBeGreaterThanOrEqual(6 * MIB);
}, 60_000);

it('when the page file is full a task has its exception, which says so, and the node goes on', async () => {
  const { code, out, err } = await spillOn('node-b', 8);
  expect(code).not.toBe(0);
  expect(out + err).toContain('the memory of node-b and its page file are full');
  expect(await spillOn('node-b', 2)).toMatchObject({ code: 0 });
}, 60_000);

/** A right to what has registered itself on node-a, as soon as it has. */
const registered = async (client: Client, name: string): Promise<PortName> => {
  const server = await serviceOf(client, nodeNamed(client, 'node-a'), 'names');
  for (;;) {
    const question = { service: nameService, server, routine: 'look_up', args: { name } } as const;
    const { rights } = await ask(client.agent, question, ASK);
    if (rights[0] !== undefined) return rights[0];
  }
};

it('a task larger than the memory of both nodes moves, and finds every page as it left it', async () => {
  nodes.push(await startNode({ name: 'node-c', stateDir: state, journal: 'off', limits: { pagesMax: 512 } }));
  await runIn(state, ['task', 'run', spill, '--name', 'large', '--on', 'node-a', '--', '4', 'large']);
  const client = await connect(state);
  try {
    const large = await registered(client, 'large');
    const lazy = await runIn(state, ['migrate', 'large', 'node-c']);
    expect(lazy.out + lazy.err).toMatch(/node-c has room for 512 at once; move it with --strategy eager-all/);
    const { code, out } = await runIn(state, ['migrate', 'large', 'node-c', '--strategy', 'eager-all']);
    expect({ code, out }).toMatchObject({ code: 0 });
    const { port: task } = await taskNamed(client, 'large');
    client.agent.sys.send({ remote: large, remoteDisposition: COPY_SEND, id: 1 });
    await endOf(client, task, new AbortController().signal);
    expect(await fateOf(client, 'large')).toMatchObject({ state: 'ended', node: 'node-c', why: '' });
  } finally {
    await client.close();
    await nodes.pop()?.stop();
  }
}, 60_000);

it('the page file goes with its node', async () => {
  await nodes.pop()?.stop();
  expect(existsSync(join(state, 'node-b.pages'))).toBe(false);
  expect(existsSync(join(state, 'node-a.pages'))).toBe(true);
});
