import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../servers/node/operator-error.ts';
import { type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { Terminal } from '../../servers/shell/terminal.ts';
import { VERSION } from '../../servers/shell/version.ts';
import { fileOf, newState, type Ran, runIn } from './shell-scene.ts';

const path = fileOf;
const ticker = path('programs/ticker.ts');

let state = '';
beforeAll(() => {
  state = newState();
});
afterAll(() => rmSync(state, { recursive: true }));

const run = (...argv: readonly string[]): Promise<Ran> => runIn(state, argv);

const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> => {
  const { code, out, err } = await run('--json', ...argv);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out) as Record<string, unknown>;
};

describe('an error', () => {
  const error = new OperatorError({ code: 'E_STORE', text: 'the disk is full', hint: 'make room', details: ['more'] });
  const shown = (format: 'text' | 'json', env = {}, isTTY = false): string => {
    const err: string[] = [];
    const outlet = { isTTY, write: (text: string) => err.push(text) };
    new Terminal({ stdout: outlet, stderr: outlet, env }, format).fail(error);
    return err.join('');
  };

  it('says what is wrong and what to do next', () => {
    expect(shown('text')).toBe('✗ E_STORE  the disk is full\n  more\n  next: make room\n');
  });

  it('is data for those who want data', () => {
    expect(JSON.parse(shown('json'))).toEqual({
      error: { code: 'E_STORE', text: 'the disk is full', hint: 'make room', details: ['more'], outcome: 'not done' },
    });
  });

  it('is coloured only for those who see it and have not asked for none', () => {
    expect(shown('text', {}, true)).toContain('\x1b[');
    expect(shown('text', { NO_COLOR: '1' }, true)).not.toContain('\x1b[');
    expect(shown('text', {}, false)).not.toContain('\x1b[');
  });
});

describe('a command line', () => {
  it.each([
    [['migrat', 'a', 'b'], "unknown command 'migrat'; did you mean migrate?"],
    [['task', 'kil', 'a'], "unknown command 'kil'; did you mean kill?"],
    [['migrate', 'a'], "missing required argument 'node'"],
    [['migrate', 'a', 'b', '--strategy', 'magic'], /Allowed choices are copy-on-reference, eager-all/],
    [['up', '-n', 'many'], /not a count/],
    [['up', '-n', '27'], /from 1 to 26/],
  ])('that is wrong is told so: %j', async (argv, says) => {
    const { code, out, err } = await run(...argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(says);
  });

  it('shows help where a command is missing', async () => {
    expect(await run('task')).toMatchObject({ code: 2, err: expect.stringContaining('run [options] <file>') });
  });

  it.each([
    ['node', 'ls'],
    ['task', 'ls'],
    ['migrate', 'a', 'b'],
  ])('finds no node: %s %s', async (...argv) => {
    expect(await run(...argv)).toMatchObject({ code: 3, err: expect.stringContaining('next: portolan up -n 2') });
  });

  it('knows the version of its package', () => {
    const { version } = JSON.parse(readFileSync(path('../../package.json'), 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });
});

describe('two nodes', () => {
  const nodes: RunningNode[] = [];
  const printed: string[] = [];
  let heard: (() => void) | null = null;

  beforeAll(async () => {
    const sink = ({ text }: { readonly text: string }): void => {
      printed.push(text);
      heard?.();
    };
    nodes.push(await startNode({ name: 'node-a', stateDir: state, root: path('programs'), sink }));
    nodes.push(await startNode({ name: 'node-b', stateDir: state, root: path('programs'), journal: 'off' }));
  });
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  /** Waits until so many lines have been printed. */
  const lines = async (count: number): Promise<void> => {
    while (printed.length < count) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };

  it('know each other, and no second node of the same name', async () => {
    const { nodes: found } = await data('node', 'ls');
    expect(found).toMatchObject([{ name: 'node-a' }, { name: 'node-b' }]);
    await expect(startNode({ name: 'node-a', stateDir: state })).rejects.toThrow(
      expect.objectContaining({ code: 'E_ADDRESS_IN_USE' }),
    );
    expect(await run('up')).toMatchObject({ code: 1, err: expect.stringContaining('E_ADDRESS_IN_USE') });
  });

  it('run a task that moves in the middle of what it does, and misses and repeats nothing', async () => {
    expect(await data('task', 'run', ticker, '--on', 'node-a', '--', '1000000', '1')).toMatchObject({
      name: 'ticker',
      node: 'node-a',
      lacking: [],
    });
    await lines(3);
    const dry = await run('migrate', 'tick', 'node-b', '--dry-run');
    expect(dry).toMatchObject({
      code: 0,
      out: expect.stringMatching(/nothing keeps ticker.*\n.* of which .* are state/),
    });
    const followed = run('task', 'logs', '-f', 'ticker');
    expect(await data('migrate', 'tick', 'node-b')).toMatchObject({ outcome: 'moved' });
    await lines(printed.length + 3);
    expect(await data('task', 'ls')).toMatchObject({ tasks: [{ name: 'ticker', node: 'node-b' }] });
    expect(await data('migrate', 'ticker', 'node-a', '--strategy', 'eager-all')).toMatchObject({ outcome: 'moved' });
    await lines(printed.length + 3);
    expect(await data('task', 'show', 'ticker')).toMatchObject({ node: 'node-a', blockers: [] });
    expect(await run('task', 'kill', 'ticker')).toMatchObject({ code: 0 });
    expect(printed).toEqual(printed.map((_, at) => `tick ${at + 1}`));
    const { code, out } = await followed; // it followed two moves, and ended with the task
    expect([code, out.trimEnd().split('\n')]).toEqual([0, printed]);
  });

  it('watch a task until it ends, and say how it ended', async () => {
    const { code, out, err } = await run('task', 'run', '--wait', '--name', 'short', ticker, '--', '3', '1');
    expect([code, out, err]).toEqual([0, 'tick 1\ntick 2\ntick 3\n', '✓ short has ended on node-a\n']);
    printed.length -= 3;
    expect((await run('task', 'show', 'short')).out).toMatch(/state +ended/);
    expect(await data('task', 'ls')).toMatchObject({ tasks: [], ended: [] });
  });

  it('keep what a task has printed after its end, and tell of its moves', async () => {
    const { out } = await run('task', 'logs', 'ticker');
    expect(out.trimEnd().split('\n')).toEqual(printed);
    const { moves } = (await data('trace', 'export')) as { moves: { outcome: string }[] };
    expect(moves.filter(({ outcome }) => outcome === 'moved')).toHaveLength(2);
    const { out: diagram } = await run('trace', 'export', '--mermaid');
    expect(diagram).toContain('node-a->>node-b: ticker');
    expect(diagram).toMatch(/node-a-->>node-b: send \d+/);
    expect(diagram).toContain('node-b->>node-a: ticker');
  });

  it('say why a task does not move', async () => {
    await data('task', 'run', ticker, '--', '1', '1');
    expect(await run('migrate', 'files', 'node-b')).toMatchObject({
      code: 2,
      err: expect.stringContaining('E_AMBIGUOUS'),
    });
    expect(await run('migrate', 'nobody', 'node-b')).toMatchObject({
      code: 3,
      err: expect.stringContaining('E_NO_SUCH_TASK'),
    });
    const identity = nodes[0]?.record.node ?? '';
    const { tasks } = (await data('task', 'ls', '--all')) as { tasks: { name: string; identity: string }[] };
    const files = tasks.find((task) => task.name === 'files' && task.identity.startsWith(identity));
    expect(await run('migrate', files?.identity ?? '', 'node-b')).toMatchObject({
      code: 1,
      err: expect.stringContaining('E_NOT_MIGRATABLE'),
    });
    expect(await run('migrate', files?.identity ?? '', 'node-z')).toMatchObject({
      code: 3,
      err: expect.stringContaining('one of node-a, node-b'),
    });
    expect(await run('task', 'kill', files?.identity ?? '')).toMatchObject({ code: 2 });
  });

  it('refuse a file that is no program', async () => {
    const file = join(state, 'no-program.js');
    writeFileSync(file, 'export const x = 1;');
    const { code, err } = await run('task', 'run', file);
    expect([code, err]).toEqual([1, expect.stringContaining('E_NOT_A_PROGRAM')]);
  });
});

describe('nodes as processes', () => {
  it('start, answer and stop', async () => {
    const main = path('../../servers/shell/main.ts');
    const argv = ['--import', 'tsx', main, '--json', 'up', '-n', '2', '--no-journal', '--state', state];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', cwd: path('../..') });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect((JSON.parse(stdout) as { nodes: unknown[] }).nodes).toHaveLength(2);
    expect(await data('node', 'ls')).toMatchObject({ nodes: [{ name: 'node-a' }, { name: 'node-b' }], silent: [] });
    expect(await data('down')).toEqual({ stopped: ['node-a', 'node-b'] });
    expect(await run('node', 'ls')).toMatchObject({ code: 3 });
  });
});
