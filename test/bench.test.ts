/** The bench with one of everything: that it works, not how fast. Figures are made by hand (`test/bench/README.md`). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newHistogram, quantileOf, record } from './bench/histogram.ts';
import { FrameCounter, frameOf } from './bench/remote/frames.ts';
import { lineThrough, median, quantile, short } from './bench/statistics.ts';

const folder = fileURLToPath(new URL('bench/', import.meta.url));
const root = fileURLToPath(new URL('../', import.meta.url));
/** Long enough for a busy machine: it waits for processes, never for time. */
const LONG = { timeout: 180_000 };

const startBench = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', 'test/bench/run.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const textOf = async (stream: NodeJS.ReadableStream | null): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
};

/** Runs a bench to its end. */
const runBench = async (...args: readonly string[]) => {
  const bench = startBench(...args);
  const ended = once(bench, 'close');
  const [out, errors] = await Promise.all([textOf(bench.stdout), textOf(bench.stderr)]);
  const [code] = await ended;
  return { code, out, errors };
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface Row {
  readonly [field: string]: unknown;
}

describe('the README of the bench', () => {
  it('names every file of the folder', () => {
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.parentPath.includes('node_modules') && entry.name !== 'README.md',
    );
    expect(files.length).toBeGreaterThan(30);
    expect(
      files.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}\``) && !readme.includes(`/${name}\``)),
    ).toEqual([]);
  });
});

describe('the bench', () => {
  it('measures all of it in one run', LONG, async () => {
    const { code, out, errors } = await runBench('--scale', 'smoke', '--json');
    expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
    const report = JSON.parse(out);
    expect(report.failures).toEqual([]);
    expect(report.machine).toMatchObject({ node: process.version, cpus: expect.any(Number) });
    expect(report.local.map(({ case: of, contender }: Row) => `${of}: ${contender}`)).toEqual(
      expect.arrayContaining([
        'oneWay, record, 1 pair: portolan',
        'rpc, record, 1 pair: portolan',
        'rpc, record, 1 pair: prototype',
      ]),
    );
    const kinds = report.freeze.rows.map((row: Row) => [
      row['strategy'],
      row['journal'],
      row['pagesResident'],
      row['pagesInFreeze'],
    ]);
    expect(kinds).toEqual([
      ['copy-on-reference', 'off', 256, 0],
      ['copy-on-reference', 'on', 256, 0],
      ['eager-all', 'off', 256, 256],
    ]);
    const across = report.processes.filter(({ contender }: Row) => contender === 'portolan, netmsg');
    expect(across.map(({ size, outstanding }: Row) => [size, outstanding])).toEqual([
      [0, 1],
      [1024, 1],
      [0, 32],
      [1024, 32],
    ]);
    expect(report.fault.faults.map(({ count }: Row) => count)).toEqual([32, 32, 32]);
    expect(report.fault.push).toHaveLength(2);
    expect(report.relocate.rows.map(({ strategy, phase }: Row) => `${strategy}, ${phase}`)).toEqual(
      ['copy-on-reference', 'eager-all'].flatMap((strategy) =>
        ['before', 'moving', 'pages follow', 'after'].map((phase) => `${strategy}, ${phase}`),
      ),
    );
  });

  it('ends with all its processes when it is interrupted', LONG, async () => {
    const bench = startBench('freeze', '--scale', 'full');
    const ended = once(bench, 'close');
    let heard = '';
    await new Promise<void>((resolve) => {
      bench.stderr?.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        if (heard.includes('four nodes run (')) resolve();
      });
    });
    const pids = (/run \(([\d, ]+)\)/.exec(heard)?.[1] ?? '').split(', ').map(Number);
    expect(pids).toHaveLength(4);
    expect(pids.map(isAlive)).toEqual([true, true, true, true]);
    bench.kill('SIGINT');
    expect([await ended, heard.split('\n').at(-2)]).toEqual([[130, null], 'interrupted']);
    expect(pids.map(isAlive)).toEqual([false, false, false, false]);
  });

  it.each([
    [['nothing'], 'there is no bench nothing'],
    [['freeze', '--sizes', '1,x'], '--sizes'],
  ])('says what it cannot understand: %s', LONG, async (args, says) => {
    const { code, out, errors } = await runBench(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(errors).toContain(says);
  });
});

describe('its arithmetic', () => {
  it('knows the middle, the line and the rounding', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
    expect(quantile([5, 1, 4, 2, 3], 0.99)).toBe(5);
    expect(
      lineThrough([
        [1, 3],
        [2, 5],
        [4, 9],
      ]),
    ).toEqual({ slope: 2, intercept: 1 });
    expect([1234.5, 12.345, 0.012345, Number.NaN].map(short)).toEqual(['1235', '12.3', '0.0123', '-']);
  });

  it('finds a quantile of a histogram to one per cent', () => {
    const times = newHistogram();
    for (let i = 1; i <= 1000; i += 1) record(times, i / 100);
    expect(Math.abs(quantileOf(times, 0.5) / 5 - 1)).toBeLessThan(0.02);
    expect(Math.abs(quantileOf(times, 0.99) / 9.9 - 1)).toBeLessThan(0.02);
    expect(quantileOf(times, 1)).toBe(10);
  });

  it('finds frames wherever the stream is cut', () => {
    const whole = Buffer.concat([frameOf(0), frameOf(5), frameOf(1), frameOf(0)]);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const sizes: number[] = [];
      const counter = new FrameCounter((size) => sizes.push(size));
      for (let at = 0; at < whole.length; at += cut) counter.push(whole.subarray(at, at + cut));
      expect(sizes).toEqual([0, 5, 1, 0]);
    }
  });
});
