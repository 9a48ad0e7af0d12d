/** Programs whose code one node alone has, on nodes that are processes: what arrives, what is refused, what goes on. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routine, subsystem } from '../../kernel/interface/subsystem.ts';
import type { PortName } from '../../ports/name.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { ask, letGo, valueOf } from '../../servers/shell/agent.ts';
import { connect } from '../../servers/shell/boot.ts';
import { type Client, nodeNamed, serviceOf } from '../../servers/shell/client.ts';
import { type LifeEvent, livesOf } from '../../servers/shell/fates.ts';
import { NodeProcess, runOnly } from './process-scene.ts';
import { fileOf, newState, type Ran, runIn } from './shell-scene.ts';

const clerkService = subsystem('clerk', 7000, { ask: routine<null, string>() });

/** Says which version it is, how often it was asked, and where it is. */
const clerk = (version: string): string => `
import { makeSend, routine, subsystem, type Sys } from 'portolan/resumable';

export const names = subsystem('netname', 1040, { check_in: routine<{ readonly name: string }, null>() });
export const clerk = subsystem('clerk', 7000, { ask: routine<null, string>() });

export async function main(sys: Sys, [name]: readonly string[]): Promise<void> {
  const port = await sys.port<never>();
  await sys.invoke(names, await sys.bootstrap(), 'check_in', { name }, { rights: [makeSend(port)] });
  let asked = 0;
  await sys.serve(clerk, port, {
    ask: async () => {
      const at = await sys.node();
      return '${version} ' + (asked += 1) + ' ' + at.slice(0, at.indexOf('.'));
    },
  });
}
`;

const state = newState();
const nodes = new Map<string, NodeProcess>();
let client: Client;

const start = async (name: string, ...options: readonly string[]): Promise<void> => {
  nodes.set(name, await NodeProcess.start(state, name, ...options));
};

/** A task of that program. */
interface Clerk {
  readonly hash: string;
  ask(): Promise<string>;
}

/** A program in a folder of its own, which is gone once it runs: nobody can load it from the disk. */
const runClerk = async (version: string, name: string, node = 'node-a'): Promise<Clerk> => {
  const folder = join(state, name);
  mkdirSync(folder);
  const file = join(folder, 'clerk.program.ts');
  writeFileSync(file, clerk(version));
  const { hash } = await runOnly(client, node, { file, name, args: [name] });
  rmSync(folder, { recursive: true });
  const server = await lookUp(name, node);
  const question = { service: clerkService, server, routine: 'ask', args: null } as const;
  return { hash, ask: async () => valueOf((await ask(client.agent, question, { timeoutMs: 10_000 })).reply, name) };
};

/** The task registers itself when it is ready. */
const lookUp = async (name: string, node: string): Promise<PortName> => {
  const server = await serviceOf(client, nodeNamed(client, node), 'names');
  for (;;) {
    const question = { service: nameService, server, routine: 'look_up', args: { name } } as const;
    const { rights } = await ask(client.agent, question, { timeoutMs: 10_000 });
    const [found] = rights;
    if (found === undefined) continue;
    letGo(client.agent, server);
    return found;
  }
};

const run = (...argv: readonly string[]): Promise<Ran> => runIn(state, argv);

beforeAll(async () => {
  await Promise.all([start('node-a'), start('node-b', '--accept-code-from', 'node-a'), start('node-c')]);
  client = await connect(state);
}, 60_000);

afterAll(async () => {
  await client.close();
  for (const node of nodes.values()) await node.kill();
  rmSync(state, { recursive: true });
});

describe('two versions of one program, which only the node they run on has', () => {
  it('go to a node that takes code from there, answer side by side, and to no other', { timeout: 60_000 }, async () => {
    const [one, two] = [await runClerk('one', 'old'), await runClerk('two', 'new')];
    expect(one.hash).not.toBe(two.hash);
    expect([await one.ask(), await two.ask()]).toEqual(['one 1 node-a', 'two 1 node-a']);
    expect((await runClerk('two', 'other', 'node-c')).hash).toBe(two.hash); // from another file

    const refused = await run('migrate', 'old', 'node-c');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^✗ E_VERSION {2}old stays on node-a and runs: node-c has program clerk only as /);
    expect(refused.err).toContain('E_CODE_NOT_ACCEPTED: it takes no code from node-a');
    expect(refused.err).toContain(`needed: clerk ${one.hash}\n  there: clerk ${two.hash}\n`);
    expect(refused.err).toContain('clerk.program.ts is not a program: there is no such file');
    expect(refused.err).toContain('next: start node-c with --accept-code-from node-a');
    const { events } = await livesOf(client, nodeNamed(client, 'node-a'));
    expect(events.filter(({ kind }) => kind === 'frozen')).toEqual([]); // it was not even stopped
    expect(await one.ask()).toBe('one 2 node-a');

    expect(await run('migrate', 'old', 'node-b')).toMatchObject({ code: 0, err: '' });
    await nodes.get('node-b')?.hasPrinted(`took the code of clerk ${one.hash} from node-a`);
    expect(await one.ask()).toBe('one 3 node-b');
    // The other version is known there by now, which is no help to this one.
    expect(await run('migrate', 'new', 'node-b')).toMatchObject({ code: 0, err: '' });
    await nodes.get('node-b')?.hasPrinted(`took the code of clerk ${two.hash} from node-a`);
    expect([await one.ask(), await two.ask()]).toEqual(['one 4 node-b', 'two 2 node-b']);
    await nodes.get('node-c')?.hasPrinted('E_CODE_NOT_ACCEPTED: it takes no code from node-a');
  });

  it('and again when that node has been started anew', { timeout: 60_000 }, async () => {
    const third = await runClerk('one', 'third');
    await nodes.get('node-b')?.kill();
    await start('node-b', '--accept-code-from', 'node-a');
    expect(await run('migrate', 'third', 'node-b')).toMatchObject({ code: 0, err: '' });
    await nodes.get('node-b')?.hasPrinted(`took the code of clerk ${third.hash} from node-a`);
    expect(await third.ask()).toBe('one 1 node-b');
  });
});

/** What a node tells of a life, and which of it are moves. */
type Told = LifeEvent & { readonly node: string };
const MOVES = ['frozen', 'detached', 'attached'];

describe('a program that moves itself', () => {
  const readme = readFileSync(fileOf('../../README.md'), 'utf8');
  const tick = /```ts\n\/\/ tick\.program\.ts.*?\n(.*?)```/s.exec(readme)?.[1] ?? '';

  it('goes there and back, as the README has it', { timeout: 60_000 }, async () => {
    const file = join(state, 'tick.program.ts');
    writeFileSync(file, tick.replace('sys.sleep(1000)', 'sys.sleep(1)'));
    const ran = await run('task', 'run', '--wait', '--on', 'node-a', file);
    expect(ran).toMatchObject({ code: 0, err: '✓ tick has ended on node-a\n' });
    const { events } = JSON.parse((await run('--json', 'trace', 'export')).out) as { events: Told[] };
    const lives = events.filter(({ detail, kind }) => detail['name'] === 'tick' && MOVES.includes(kind));
    expect(lives.map(({ kind, node }) => `${kind} ${node}`)).toEqual([
      'frozen node-a',
      'detached node-a',
      'attached node-b',
      'frozen node-b',
      'detached node-b',
      'attached node-a',
    ]);
  });
});
