import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bytes } from '../../ports/bytes.ts';
import { loadProgram } from '../../servers/node/program-loader.ts';
import { NodePump } from '../../servers/node/pump.ts';
import { defaultStateDir, isNodeName, nameOfNode, StateDir } from '../../servers/node/state-dir.ts';
import { program as tickerProgram } from './programs/ticker.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portolan-node-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

describe('a state folder', () => {
  const record = (name: string, pid: number) => ({ name, node: `${name}.x`, pid, version: '0', startedAt: 0 });
  const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;

  it('is made for us alone, and refused as it is if others may enter it', () => {
    const path = join(root, 'state');
    StateDir.open(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o755);
    expect(() => StateDir.open(path)).toThrow(
      expect.objectContaining({ code: 'E_STORE', hint: expect.stringMatching(/^chmod 700/) }),
    );
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('shows the nodes that live, and clears away what dead ones have left', () => {
    const dir = StateDir.open(root);
    dir.publish(record('b', process.pid));
    dir.publish(record('a', process.pid));
    dir.publish(record('dead', deadPid()));
    for (const file of ['dead.sock', 'dead.journal', 'broken.json']) writeFileSync(join(root, file), '');
    expect(dir.nodes().map(({ name }) => name)).toEqual(['a', 'b']);
    expect(readdirSync(root).sort()).toEqual(['a.json', 'b.json', 'dead.journal']);
    expect(statSync(join(root, 'a.json')).mode & 0o777).toBe(0o600);
  });

  it('lets nobody forget a node of another process', () => {
    const dir = StateDir.open(root);
    dir.publish(record('a', process.pid));
    dir.forget('a', process.pid + 1);
    expect(dir.find('a')?.pid).toBe(process.pid);
    dir.forget('a', process.pid);
    expect(dir.find('a')).toBeUndefined();
  });

  it('refuses a path that is no folder, and one that is too long for a socket', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => StateDir.open(join(root, 'file'))).toThrow(code('E_STORE'));
    expect(() => StateDir.open(join(root, 'x'.repeat(90))).socket('a')).toThrow(code('E_STORE'));
  });

  it('is where the user keeps such things', () => {
    expect(defaultStateDir({ XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/run/user/7/portolan');
    expect(defaultStateDir({ PORTOLAN_STATE: '/s', XDG_RUNTIME_DIR: '/run/user/7' })).toBe('/s');
    expect(defaultStateDir({})).toMatch(/portolan-\d+$/);
  });

  it('knows what can name a node', () => {
    expect(['a', 'node-1', 'A_b', '', '.', 'a.b', 'a/b', '-a', 'x'.repeat(33)].map(isNodeName)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(nameOfNode('node-a.1234-5678')).toBe('node-a');
  });
});

describe('a pump', () => {
  /** A kernel that counts: each run uses one piece of work and `takes` so many milliseconds. */
  const scene = (work: number, takesMs: number) => {
    let now = 0;
    let left = work;
    const runs: number[] = [];
    const pump = new NodePump({ now: () => now }, { sliceMs: 8 });
    const pumped = {
      run: () => {
        now += takesMs;
        left -= 1;
        runs.push(now);
        if (left > 0) pump.wanted();
      },
      nextDeadline: () => Number.POSITIVE_INFINITY,
    };
    return { pump, pumped, runs };
  };
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  it('runs what is wanted, also if it was wanted before it could', async () => {
    const { pump, pumped, runs } = scene(3, 1);
    pump.wanted();
    pump.drive(pumped);
    expect(runs).toEqual([]);
    await turn();
    expect(runs).toHaveLength(3);
  });

  it('gives the event loop its turn after a slice', async () => {
    const { pump, pumped, runs } = scene(10, 4);
    pump.drive(pumped);
    pump.wanted();
    await turn();
    expect(runs).toHaveLength(2);
    await turn();
    expect(runs).toHaveLength(4);
  });

  it('looks at the clock the more often the longer calls take', async () => {
    const asked: number[] = [];
    let now = 0;
    let takesMs = 0;
    const pump = new NodePump({ now: () => now });
    const pumped = {
      run: (steps: number) => {
        asked.push(steps);
        now += takesMs * steps;
        if (asked.length % 10 !== 0) pump.wanted();
      },
      nextDeadline: () => Number.POSITIVE_INFINITY,
    };
    pump.drive(pumped);
    pump.wanted();
    await turn();
    expect(asked).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64, 64]);
    takesMs = 0.01;
    pump.wanted();
    for (let turns = 0; turns < 2; turns += 1) await turn(); // 2 ms are over before the last
    expect(asked.slice(10)).toEqual([64, 32, 16, 16, 16, 16, 16, 16, 16, 16]);
    takesMs = 3; // a task that computes: one call, then the event loop has its turn
    pump.wanted();
    for (let turns = 0; turns < 6; turns += 1) await turn();
    expect(asked.slice(20, 26)).toEqual([16, 8, 4, 2, 1, 1]);
  });

  it('stands still while it is held, and goes on where it was', async () => {
    const { pump, pumped, runs } = scene(1, 1);
    pump.drive(pumped);
    pump.wanted();
    pump.hold();
    await turn();
    expect(runs).toEqual([]);
    pump.release();
    await turn();
    expect(runs).toEqual([1]);
  });

  it('comes for a deadline', async () => {
    const woken = new Promise<void>((resolve) => {
      const pump = new NodePump({ now: () => 0 });
      pump.drive({ run: () => resolve(), nextDeadline: () => 1 });
    });
    const alive = setInterval(() => undefined, 1000); // the timer of a pump keeps no process alive
    await woken;
    clearInterval(alive);
  });

  it('runs nothing after it was stopped', async () => {
    const { pump, pumped, runs } = scene(1, 1);
    pump.drive(pumped);
    pump.wanted();
    pump.stop();
    await turn();
    pump.wanted();
    await turn();
    expect(runs).toEqual([]);
  });
});

describe('a program file', () => {
  const ticker = fileURLToPath(new URL('programs/ticker.ts', import.meta.url));
  const file = (text: string): string => {
    const path = join(root, 'program.ts');
    writeFileSync(path, text);
    return path;
  };

  it('is named by the digest of all its code', async () => {
    const [one, two] = await Promise.all([loadProgram(ticker), loadProgram(ticker)]);
    expect(one.program.name).toBe(tickerProgram.name);
    expect(one.program.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(two.program.hash).toBe(one.program.hash);
  });

  it('has another name as soon as anything it imports is changed', async () => {
    const path = file(
      `import { n } from './n.ts'; export const program = { name: 'p', hash: '', start: () => ({ n }), resume() {} };`,
    );
    const hash = async (n: number): Promise<string> => {
      writeFileSync(join(root, 'n.ts'), `export const n: number = ${n};`);
      return (await loadProgram(path)).program.hash;
    };
    expect(await hash(1)).not.toBe(await hash(2));
    expect(await hash(1)).toBe(await hash(1));
  });

  it('shares the class of bytes with the kernel', async () => {
    const bytes = JSON.stringify(fileURLToPath(new URL('../../ports/bytes.ts', import.meta.url)));
    const path = file(`import { Bytes } from ${bytes};
      export const program = { name: 'p', hash: '', start: () => ({ bytes: Bytes.from([7]) }), resume() {} };`);
    const { program } = await loadProgram(path);
    expect((program.start(null) as { bytes: unknown }).bytes).toBeInstanceOf(Bytes);
  });

  it.each([
    ['imports Node', `import fs from 'node:fs'; export const program = fs;`, /imports node:fs/],
    ['imports Node by an old name', `import fs from 'fs'; export const program = fs;`, /imports fs/],
    ['exports no program', `export const x = 1;`, /exports no `program`/],
    ['exports something else', `export const program = { name: 'p' };`, /its `program` is not one/],
    ['cannot be read', `export const program = {`, /program\.ts:1/],
    ['fails', `throw new Error('boom'); export const program = 1;`, /boom/],
    ['asks for Node by its globals', `export const program = require('fs');`, /fs/],
  ])('that %s is refused', async (_, text, why) => {
    await expect(loadProgram(file(text))).rejects.toThrow(code('E_NOT_A_PROGRAM'));
    await expect(loadProgram(file(text))).rejects.toThrow(why);
  });

  it('must be there', async () => {
    await expect(loadProgram(join(root, 'none.ts'))).rejects.toThrow(code('E_NOT_A_PROGRAM'));
  });
});
