/** `portolan lab`: scripts on the command line; `portolan census`: who holds what on the nodes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { fileOf, runIn } from './shell-scene.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-lab-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const script = (text: string): string => {
  const path = join(folder, 'script.lab');
  writeFileSync(path, text);
  return path;
};

describe('portolan lab', () => {
  it('plays a script: codes, what changed, and why', async () => {
    const { code, out } = await runIn(folder, ['lab', fileOf('../../examples/06-laboratory.lab')]);
    expect(code).toBe(0);
    expect(out).toContain('server requests = port_allocate right=RECEIVE  → KERN_SUCCESS  {"name":11}\n');
    expect(out).toContain('    + server: name 11: rights RECEIVE, port server.requests\n');
    expect(out).toContain('    ✗  the queue has room         server.requests: 1 queued, limit 1\n');
    expect(out).toContain('    3 orders of turns, all there are, 2 outcomes\n');
  });

  it('answers with data', async () => {
    const path = script('task A\nA port_deallocate name=4\n');
    const { code, out } = await runIn(folder, ['lab', path, '--json']);
    expect(code).toBe(0);
    const { steps } = JSON.parse(out) as { steps: { code: string; why: { checks: { verdict: string }[] } | null }[] };
    expect(steps[1]).toMatchObject({ code: 'KERN_INVALID_NAME', why: { next: expect.stringContaining('port_names') } });
    expect(steps[1]?.why?.checks.map(({ verdict }) => verdict)).toEqual(['passed', 'refused']);
  });

  it('tells what can be set', async () => {
    const { code, out } = await runIn(folder, ['lab', '--knobs']);
    expect(code).toBe(0);
    expect(out).toMatch(/^queue limit of a new port +5 /m);
  });

  it('refuses a script that is wrong, not there, or of a profile that is not', async () => {
    const wrong = await runIn(folder, ['lab', script('task A\nA port_frob\n'), '--json']);
    expect([wrong.code, JSON.parse(wrong.err).error.text]).toEqual([
      2,
      expect.stringMatching(/script\.lab:2: there is no call port_frob/),
    ]);
    const absent = await runIn(folder, ['lab', join(folder, 'none.lab'), '--json']);
    expect([absent.code, JSON.parse(absent.err).error.code]).toEqual([3, 'E_NO_INPUT']);
    const other = await runIn(folder, ['lab', script('profile vms\n'), '--json']);
    expect([other.code, JSON.parse(other.err).error.hint]).toEqual([2, expect.stringContaining('mach3')]);
    expect((await runIn(folder, ['lab', '--json'])).code).toBe(2);
  });
});

describe('portolan census', () => {
  let node: RunningNode;
  const state = (): string => join(folder, 'state');
  const run = (...argv: readonly string[]) => runIn(state(), ['census', ...argv]);
  beforeAll(async () => {
    node = await startNode({ name: 'node-a', stateDir: state(), journal: 'off', sink: () => undefined });
  }, 60_000);
  afterAll(() => node.stop());

  it('counts without call sites, and says how to have them', async () => {
    const { code, out, err } = await run();
    expect([code, out.split('\n')[0]]).toEqual([0, 'node-a']);
    expect(out).toMatch(/^ {2}names +\d/m);
    expect(err).toContain('portolan census --sites on');
  });

  it('names the call that has kept more than before', { timeout: 30_000 }, async () => {
    const before = join(folder, 'before.json');
    writeFileSync(before, (await run('--sites', 'on', '--json')).out);
    const leaker = fileOf('programs/leaker.ts');
    expect(await runIn(state(), ['task', 'run', leaker, '--name', 'leaker'])).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      const { out } = await run('--since', before);
      expect(out).toMatch(/^ {2}leaker: leaker hoard \(port_allocate\) +· +· +· +· +5 /m);
    });
    const off = await run('--sites', 'off', '--json');
    expect(JSON.parse(off.out).nodes).toMatchObject([{ node: 'node-a', census: { hasSites: false } }]);
  });

  it('refuses what is no census', async () => {
    const absent = await run('--since', join(folder, 'none.json'), '--json');
    expect([absent.code, JSON.parse(absent.err).error.code]).toEqual([3, 'E_NO_INPUT']);
    expect((await run('--since', script('{"nodes": [1]}'), '--json')).err).toContain('holds no census');
    expect((await run('--sites', 'perhaps', '--json')).code).toBe(2);
  });
});
