/**
 * Everything that is not as it should be, on nodes that are processes: the error says what, where and what next, and
 * neither the task that runs meanwhile nor its client takes any harm. One set of nodes serves all of it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrationService } from '../../servers/migration/protocol.ts';
import { HEADER_SIZE } from '../../servers/net/session/frame.ts';
import { PROTOCOL_VERSION, readReset } from '../../servers/net/session/hello.ts';
import { type NodeRecord, StateDir } from '../../servers/node/state-dir.ts';
import { listenUnix, type UnixListener } from '../../servers/node/unix-link.ts';
import { ask, valueOf } from '../../servers/shell/agent.ts';
import { connect } from '../../servers/shell/boot.ts';
import { type Client, serviceOf } from '../../servers/shell/client.ts';
import { Caller, foreignHello, framed, framesIn, signalled, unharmed, untilEnd } from './bad-input-scene.ts';
import { program as counting } from './programs/counter.ts';
import { fileOf, newState, type Ran, runIn } from './shell-scene.ts';

const LONG_MS = 60_000;
const counter = fileOf('programs/counter.ts');
const state = newState();
const execArgv = [...process.execArgv];
let client: Client;
let hanging: Promise<void>;

const run = (...argv: readonly string[]): Promise<Ran> => runIn(state, argv);
const record = (name: string): NodeRecord => StateDir.open(state).find(name) as NodeRecord;

let tester: Caller;

/** Runs a command for a person and for a program; both are told the same, and the task and its client go on. */
const refused = async (
  argv: readonly string[],
  code: string,
  exit: number,
): Promise<{ text: string; hint: string }> => {
  const [human, machine] = await unharmed(
    tester,
    async () => [await run(...argv), await run('--json', ...argv)] as const,
  );
  expect([human.code, human.out, machine.code, machine.out]).toEqual([exit, '', exit, '']);
  const { error } = JSON.parse(machine.err) as { error: { code: string; text: string; hint: string } };
  expect(error.code).toBe(code);
  expect(human.err.startsWith(`✗ ${code}  ${error.text}\n`)).toBe(true);
  expect(human.err).toContain(`  next: ${error.hint}\n`);
  return error;
};

const rawSocket = (node: string): Socket => createConnection(StateDir.open(state).socket(node));

/** The phase of the last move that a node has begun. */
const lastPhase = async (node: string): Promise<string> => {
  const server = await serviceOf(client, record(node), 'migration');
  const question = { service: migrationService, server, routine: 'moves', args: null } as const;
  const { reply } = await ask(client.agent, question, { timeoutMs: 5000 });
  return valueOf(reply, node).at(-1)?.phase ?? 'none';
};

beforeAll(async () => {
  process.execArgv.push('--import', 'tsx');
  expect(await run('up', '-n', '3')).toMatchObject({ code: 0 });
  expect(await run('task', 'run', counter, '--on', 'node-a')).toMatchObject({ code: 0 });
  client = await connect(state);
  tester = await Caller.of(client, counting.name, record('node-a'));
  // Half a frame, and then nothing: how long that is borne is seen at the end.
  const half = rawSocket('node-a');
  half.write(framed(new Uint8Array(100)).subarray(0, 50));
  hanging = untilEnd(half).then(() => undefined);
}, LONG_MS);

afterAll(async () => {
  await client.close();
  await run('down');
  process.execArgv.splice(0, process.execArgv.length, ...execArgv);
  rmSync(state, { recursive: true });
}, LONG_MS);

describe('a program file that is none', () => {
  const file = (name: string, text: string): string => {
    const path = join(state, name);
    writeFileSync(path, text);
    return path;
  };

  it('is not there', async () => {
    const { text, hint } = await refused(['task', 'run', join(state, 'none.ts')], 'E_NOT_A_PROGRAM', 1);
    expect([text, hint]).toEqual([
      'none.ts is not a program: there is no such file',
      expect.stringContaining('look at the path'),
    ]);
  });

  it('cannot be compiled', async () => {
    const path = file('torn.ts', 'export const a: number = 1;\nexport const program = {\n');
    const { text, hint } = await refused(['task', 'run', path], 'E_NOT_A_PROGRAM', 1);
    expect(text).toMatch(/^torn\.ts is not a program: .*\(torn\.ts:3:1\)$/);
    expect(hint).toBe('mend the file, then run it again');
  });

  it('exports no program', async () => {
    const { text, hint } = await refused(['task', 'run', file('x.ts', 'export const x = 1;')], 'E_NOT_A_PROGRAM', 1);
    expect(text).toBe('x.ts is not a program: it exports no `program` and no `main`');
    expect(hint).toMatch(/^export `async function main` .* or `program`, made by machine/);
  });

  it('throws while it is loaded', async () => {
    const path = file('throws.ts', 'interface Nothing {}\n\nthrow new Error("boom");\nexport const program = 1;');
    const { text } = await refused(['task', 'run', path], 'E_NOT_A_PROGRAM', 1);
    expect(text).toBe(`throws.ts is not a program: it fails when it is loaded: boom (${path}:3:7)`);
  });
});

describe('a program that fails', () => {
  it('is told of by run --wait, ls, show and logs, with its place in the source', async () => {
    const path = join(state, 'failing.ts');
    const machine = fileOf('../../kernel/machine.ts');
    writeFileSync(
      path,
      `import { machine } from ${JSON.stringify(machine)};
interface State { at: string }
export const program = machine<State>({ name: 'failing', start: () => ({ at: 'go' }), handlers: {
  go() {
    throw new RangeError('too much');
  },
} });`,
    );
    const { text, hint } = await refused(['task', 'run', '--wait', path], 'E_FAILED', 1);
    expect(text).toMatch(`failing failed on node-a: RangeError: too much (${path}:5:11)`);
    expect(hint).toContain(`look at ${path}:5:11`);
    expect((await run('task', 'ls')).out).toContain(`✗ failing failed on node-a: RangeError: too much (${path}:5:11)`);
    expect((await run('task', 'show', 'failing')).out).toMatch(/state +failed\n[\s\S]*RangeError: too much/);
    expect((await run('task', 'logs', 'failing')).err).toContain('RangeError: too much');
    expect(await refused(['task', 'kill', 'failing'], 'E_NO_SUCH_TASK', 3)).toMatchObject({
      hint: 'portolan task show failing',
    });
  });
});

describe('an input folder', () => {
  it('without text, or that is not there, is named before anything is started', async () => {
    const empty = join(state, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'picture.png'), '');
    const { text, hint } = await refused(['demo', '--input', empty], 'E_NO_INPUT', 3);
    expect(text).toBe(`there is no text in ${empty}: of 1 files none is source or prose by its name`);
    expect(hint).toMatch(/^portolan demo --input FOLDER/);
    const none = join(state, 'none');
    expect(await refused(['demo', '--input', none], 'E_NO_INPUT', 3)).toMatchObject({
      text: `${none} cannot be read: ENOENT`,
    });
  });
});

describe('a name that nobody has', () => {
  it('of a node', async () => {
    const { text, hint } = await refused(['migrate', 'counter', 'node-z'], 'E_NO_SUCH_NODE', 3);
    expect([text, hint]).toEqual([
      `there is no node node-z in ${state}`,
      'one of node-a, node-b, node-c, or portolan node start node-z',
    ]);
  });

  it('of a task', async () => {
    const { text, hint } = await refused(['migrate', 'nobody', 'node-b'], 'E_NO_SUCH_TASK', 3);
    expect([text, hint]).toEqual(['there is no task nobody', 'portolan task ls']);
  });

  it('of a folder in which no node runs', async () => {
    const empty = newState();
    const { code, err } = await runIn(empty, ['task', 'ls']);
    expect([code, err]).toEqual([3, `✗ E_NO_KERNEL  no node runs in ${empty}\n  next: portolan up -n 2\n`]);
    rmSync(empty, { recursive: true });
  });
});

describe('a socket', () => {
  it('that is listened on already is left alone', async () => {
    const { text, hint } = await refused(['up'], 'E_ADDRESS_IN_USE', 1);
    expect(text).toBe(`node-a, node-b run in ${state} already`);
    expect(hint).toContain('portolan down');
  });

  it('of a stranger is left alone', async () => {
    const path = StateDir.open(state).socket('taken');
    const stranger = createServer().listen(path);
    const { text } = await refused(['node', 'start', 'taken'], 'E_ADDRESS_IN_USE', 1);
    expect(text).toBe('taken: somebody listens on the socket of taken already: another process listens there');
    await new Promise((resolve) => stranger.close(resolve));
  });

  it('that a killed process has left is replaced', async () => {
    const path = StateDir.open(state).socket('node-d');
    const die = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', die, path]);
    expect(existsSync(path)).toBe(true);
    await unharmed(tester, async () => {
      expect(await run('node', 'start', 'node-d')).toMatchObject({ code: 0, err: expect.stringContaining('next:') });
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(await run('node', 'stop', 'node-d')).toMatchObject({ code: 0 });
      expect(existsSync(path)).toBe(false);
    });
  });

  it.each([
    ['bytes that are no frame', Buffer.alloc(4096, 0xff)],
    ['a frame that is no hello', framed(new Uint8Array(64).fill(7))],
  ])('closes on %s', async (_, bytes) => {
    await unharmed(tester, async () => {
      const socket = rawSocket('node-a');
      socket.write(bytes);
      await untilEnd(socket);
    });
  });

  it('tells a peer of another version both versions', async () => {
    const socket = rawSocket('node-a');
    socket.write(framed(foreignHello()));
    const [hello, reset] = framesIn(await unharmed(tester, () => untilEnd(socket)));
    expect(hello?.length).toBeGreaterThan(HEADER_SIZE);
    expect(readReset(reset as Uint8Array)).toMatchObject({
      code: 'E_VERSION',
      why: `this node speaks version ${PROTOCOL_VERSION}, the other ${PROTOCOL_VERSION + 1}`,
    });
  });
});

describe('a node of another version', () => {
  let listener: UnixListener;
  const dir = StateDir.open(state);

  it('is named, and keeps nobody from the others', async () => {
    listener = await listenUnix(dir.socket('old'), (link) =>
      link.open({ frame: () => void link.send(foreignHello()), drain: () => undefined, closed: () => undefined }),
    );
    dir.publish({ name: 'old', node: 'old.x', pid: process.pid, version: '9.0.0', startedAt: 0 });
    const { text, hint } = await refused(['task', 'run', counter, '--on', 'old'], 'E_VERSION', 1);
    const versions = `version ${PROTOCOL_VERSION}, the other ${PROTOCOL_VERSION + 1}`;
    expect(text).toMatch(new RegExp(`^old and this command do not understand each other: .*${versions}$`));
    expect(hint).toContain('portolan node stop old');
    const { out } = await run('node', 'ls');
    expect(out).toMatch(/node-a +\d+[\s\S]*✗ old: old and this command do not understand each other/);
    dir.forget('old');
    listener.close();
  });
});

describe('a state folder', () => {
  const other = join(state, 'other');

  it.each([
    ['that others may enter', () => chmodSync(other, 0o755), /others may enter it \(mode 0755\)$/],
    ['that is a file', () => writeFileSync(other, ''), /it is not a folder$/],
  ])('%s is refused', async (_, make, why) => {
    rmSync(other, { recursive: true, force: true });
    if (why.source.includes('others')) mkdirSync(other);
    make();
    const { text, hint } = await refused(['--state', other, 'up'], 'E_STORE', 1);
    expect(text).toMatch(why);
    expect(hint).toContain('another folder with --state');
  });

  it('that we may not make or enter is refused', async () => {
    rmSync(other, { recursive: true, force: true });
    mkdirSync(other, { mode: 0o700 });
    // Nothing is forbidden to root but what belongs to somebody else.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) chownSync(other, 12_345, 12_345);
    else chmodSync(other, 0o500);
    const path = isRoot ? other : join(other, 'within');
    const { text } = await refused(['--state', path, 'up'], 'E_STORE', 1);
    expect(text).toMatch(isRoot ? /it belongs to another user \(12345\)$/ : /EACCES$/);
    if (!isRoot) chmodSync(other, 0o700);
  });
});

describe('a full disk', () => {
  const hasLimit = spawnSync('prlimit', ['--version']).status === 0;
  const limitFiles = (to: string): void => {
    const { status } = spawnSync('prlimit', ['--pid', String(record('node-a').pid), `--fsize=${to}`]);
    expect(status).toBe(0);
  };

  it.runIf(hasLimit)('under the journal calls the move off, and does not when there is room again', async () => {
    limitFiles('0:unlimited');
    const { text, hint } = await refused(['migrate', 'counter', 'node-b'], 'E_MIGRATION_ABORTED', 5);
    expect(text).toMatch(
      /^counter stays on node-a and runs: the decision cannot be journalled: .*node-a\.journal.*EFBIG$/,
    );
    expect(hint).toContain('make room');
    limitFiles('unlimited:unlimited');
    await unharmed(tester, async () => {
      expect(await run('migrate', 'counter', 'node-b')).toMatchObject({ code: 0 });
      expect(await run('migrate', 'counter', 'node-a')).toMatchObject({ code: 0 });
    });
  });
});

describe('a destination that is killed', () => {
  it(
    'before the decision leaves the task where it is',
    async () => {
      const { pid } = record('node-c');
      const { code, err } = await unharmed(tester, async () => {
        await signalled(pid, 'SIGSTOP'); // it will not answer what the source asks first
        const moved = run('migrate', 'counter', 'node-c');
        while (!['locating', 'offering'].includes(await lastPhase('node-a')))
          await new Promise((resolve) => void setImmediate(resolve));
        await signalled(pid, 'SIGKILL');
        return moved;
      });
      expect(code).toBe(1);
      expect(err).toMatch(/^✗ E_NOT_MIGRATABLE {2}counter stays on node-a and runs: .*\n/);
      expect(err).toMatch(/node-c/);
      expect((await run('task', 'show', 'counter')).out).toMatch(/node +node-a/);
    },
    LONG_MS,
  );

  it(
    'is named from then on, and can be started again',
    async () => {
      const { text, hint } = await refused(['migrate', 'counter', 'node-c'], 'E_NO_KERNEL', 3);
      expect(text).toMatch(/^node-c runs no more/);
      expect(hint).toBe('portolan node start node-c, or take one that runs');
      expect(await run('node', 'start', 'node-c')).toMatchObject({ code: 0 });
    },
    LONG_MS,
  );

  it(
    'after the decision takes the task with it, and its clients are told',
    async () => {
      expect(await run('task', 'run', counter, '--on', 'node-b', '--name', 'victim', '--', 'victim')).toMatchObject({
        code: 0,
      });
      const caller = await Caller.of(client, 'victim', record('node-b'));
      expect(await caller.call()).toBe(1);
      expect(await run('migrate', 'victim', 'node-c')).toMatchObject({ code: 0 });
      expect(await caller.call()).toBe(2);
      await unharmed(tester, async () => {
        await signalled(record('node-c').pid, 'SIGKILL');
        expect(await caller.call()).toBeNull();
      });
      const { hint } = await refused(['task', 'show', 'victim'], 'E_NO_SUCH_TASK', 3);
      expect(hint).toBe('portolan task ls');
      expect((await run('task', 'show', 'victim')).err).toContain('it had moved to node-c, whose process has died');
    },
    LONG_MS,
  );
});

describe('half a frame', () => {
  it('is not waited for without end', async () => {
    await unharmed(tester, () => hanging);
  });
});
