/** Tasks larger than the memory of their node: a real node, with its default pager and page file. */
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../../servers/shell/boot.ts';
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

it('the page file goes with its node', async () => {
  await nodes.pop()?.stop();
  expect(existsSync(join(state, 'node-b.pages'))).toBe(false);
  expect(existsSync(join(state, 'node-a.pages'))).toBe(true);
});
