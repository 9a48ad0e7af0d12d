/** `task stack`, `task locals`, and code that a node takes from another, through the command. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { fileOf, newState, type Ran, runIn } from './shell-scene.ts';

const counter = fileOf('programs/counter.ts');
const work = join(dirname(counter), `versions-${process.pid}`);
const file = join(work, 'counter.ts');
let state = '';
const nodes = new Map<string, RunningNode>();
const lines: string[] = [];

const start = async (name: string, acceptCodeFrom: readonly string[] = []): Promise<void> => {
  const sink = ({ text }: { readonly text: string }): void => void lines.push(text);
  nodes.set(name, await startNode({ name, stateDir: state, journal: 'off', sink, acceptCodeFrom }));
};

/** The file holds the counter in a version of its own. */
const write = (version: string): void => {
  const text = readFileSync(counter, 'utf8').replaceAll("'../../../", "'../../../../");
  writeFileSync(file, text.replace('s.count += 1;', `s.count += 1;\n      if (s.name === '') s.at = '${version}';`));
};

beforeAll(async () => {
  state = newState();
  mkdirSync(work);
  write('one');
  await start('node-a');
}, 60_000);

afterAll(async () => {
  for (const node of nodes.values()) await node.stop();
  rmSync(state, { recursive: true });
  rmSync(work, { recursive: true });
});

const run = (...argv: readonly string[]): Promise<Ran> => runIn(state, argv);

describe('task stack', () => {
  it('says where each thread waits, and task locals what it holds', { timeout: 30_000 }, async () => {
    expect(await run('task', 'run', file, '--name', 'old', 'old')).toMatchObject({ code: 0 });
    const stack = await run('task', 'stack', 'old');
    expect(stack.out).toMatch(/^thread \d+ {2}counter [0-9a-f]{12} {2}receive on port \d+\n {2}0 {2}serve\n$/);
    const locals = await run('task', 'locals', 'old');
    expect(locals.out).toMatch(/^thread \d+ {2}serve\n {2}at +"serve"\n {2}name +"old"\n {2}count +0\n/);
    expect(locals.out).toMatch(/inbox +\d+ \(name: receive/);
  });

  it('is data for those who want data', async () => {
    const { out } = await run('--json', 'task', 'locals', 'old');
    expect(JSON.parse(out)).toMatchObject({
      task: 'old',
      node: 'node-a',
      frame: 0,
      threads: [{ call: { name: 'serve', file: null }, more: 0 }],
    });
  });

  it.each([
    [['task', 'stack', 'nobody'], 3, 'E_NO_SUCH_TASK'],
    [['task', 'locals', 'old', '--frame', '9'], 2, 'old has no call 9'],
    [['task', 'locals', 'old', '--thread', '99999'], 2, 'old has no call 0 in a thread 99999'],
    [['task', 'locals', 'old', '--frame', 'x'], 2, 'not a count'],
  ])('%j is refused with what to do', async (argv, code, says) => {
    const refused = await run(...argv);
    expect(refused).toMatchObject({ code, out: '' });
    expect(refused.err).toContain(says);
    expect(refused.err).toContain('next: ');
  });
});

describe('a task whose program file holds another version by now', () => {
  it('stays where it is if the destination takes no code, and is told what would help', {
    timeout: 30_000,
  }, async () => {
    write('two');
    await start('node-c');
    const refused = await run('migrate', 'old', 'node-c');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('E_VERSION');
    expect(refused.err).toContain('--accept-code-from node-a');
    expect((await run('task', 'ls')).out).toMatch(/old +node-a +running/);
  });

  it('moves to a node that takes the code, which says so in its log', { timeout: 30_000 }, async () => {
    await start('node-b', ['node-a']);
    expect(await run('task', 'run', file, '--name', 'new', '--on', 'node-b', 'new')).toMatchObject({ code: 0 });
    expect(await run('migrate', 'old', 'node-b')).toMatchObject({ code: 0, err: '' });
    expect(lines.join('\n')).toMatch(/took the code of counter [0-9a-f]{64} from node-a/);
    const hashOf = async (task: string): Promise<string> => {
      const { out } = await run('--json', 'task', 'stack', task);
      return (JSON.parse(out) as { threads: { hash: string }[] }).threads[0]?.hash ?? '';
    };
    expect(await hashOf('old')).not.toBe(await hashOf('new'));
    expect((await run('task', 'stack', 'old')).out).toContain('0  serve'); // it goes on there
  });
});
