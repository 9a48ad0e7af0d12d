/** What a moved task has left behind, as somebody at a terminal sees it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { commandLine } from '../../servers/shell/command-line.ts';

const hoard = fileURLToPath(new URL('programs/hoard.ts', import.meta.url));
let state = '';
const nodes: RunningNode[] = [];

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'portolan-drain-'));
  for (const name of ['node-a', 'node-b']) nodes.push(await startNode({ name, stateDir: state, journal: 'off' }));
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  rmSync(state, { recursive: true });
});

const run = async (...argv: readonly string[]): Promise<string> => {
  const out: string[] = [];
  const outlet = { write: (text: string) => out.push(text) };
  const { signal } = new AbortController();
  const code = await commandLine({ stdout: outlet, stderr: outlet, env: {}, signal }).run(['--state', state, ...argv]);
  expect({ code, out: out.join('') }).toMatchObject({ code: 0 });
  return out.join('');
};

it('pages that are not pushed are shown until somebody drains', async () => {
  await run('task', 'run', hoard, '1', '--on', 'node-a');
  await run('migrate', 'hoard', 'node-b', '--push', 'off');
  expect(await run('task', 'ls')).toMatch(/has left \d+ pages on node-a, not pushed: portolan task drain/);
  expect(await run('task', 'drain', 'hoard')).toContain('hoard needs no other node');
  expect(await run('task', 'ls')).not.toContain('has left');
  expect(await run('migrate', 'hoard', 'node-a')).toContain('node-b → node-a');
}, 60_000);

it('and go when the task ends', async () => {
  await run('task', 'drain', 'hoard');
  await run('migrate', 'hoard', 'node-b', '--push', 'off');
  expect(await run('task', 'ls')).toContain('has left');
  await run('task', 'kill', 'hoard');
  expect(await run('task', 'ls')).not.toContain('has left');
}, 60_000);
