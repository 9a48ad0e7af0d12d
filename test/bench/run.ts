/**
 * Numbers.
 *
 *   npm run bench [-- local|move] [--json] [--full] [--rounds 7] [--ms 60]
 *
 * `local`: one-way sends and round trips, 1 pair and 1000, each contender in a process of its own, in interleaved
 * rounds; medians, ratios to the prototype, garbage collections for each round. `move`: how long a task stands still
 * against its resident memory; --full adds 1024 MiB. What is measured is bundled first: it runs as it would be
 * published.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import type { Moved, Order, Report, Sample } from './orders.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const options = {
  json: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '7' },
  ms: { type: 'string', default: '60' },
} as const;
const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options });
const [which = 'all'] = positionals;

const contenders: readonly string[] = ['portolan', 'prototype', 'promise-mailbox', 'await-hop', 'comlink'];
const cases: readonly { readonly what: 'oneWay' | 'rpc'; readonly pairs: number }[] = [
  { what: 'oneWay', pairs: 1 },
  { what: 'oneWay', pairs: 1000 },
  { what: 'rpc', pairs: 1 },
  { what: 'rpc', pairs: 1000 },
];

const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
const bundle = join(folder, 'child.mjs');

const start = (): ChildProcess =>
  fork(bundle, { cwd: root, execArgv: ['--expose-gc', '--max-old-space-size=4096'], stdio: ['ignore', 2, 2, 'ipc'] });

const ask = (child: ChildProcess, order: Order): Promise<Report> =>
  new Promise((resolve) => {
    const died = (code: number | null): void => resolve({ ok: false, why: `it ended with ${code}` });
    child.once('exit', died);
    child.once('message', (report: Report) => {
      child.off('exit', died);
      resolve(report);
    });
    child.send(order);
  });

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

interface Row {
  readonly case: string;
  readonly contender: string;
  readonly ns: number;
  readonly toPrototype: number;
  readonly collections: number;
}

interface Skipped {
  readonly case: string;
  readonly contender: string;
  readonly why: string;
}

/** Grows `n` until a run lasts long enough, and runs it a few times: the warm-up. A text: why it cannot be measured. */
const calibrate = async (child: ChildProcess, order: Extract<Order, { do: 'run' }>): Promise<number | string> => {
  const enough = Number(values.ms) * 1e6;
  let n = order.pairs * 4;
  for (let tries = 0; tries < 16; tries += 1) {
    const report = await ask(child, { ...order, n });
    if (!report.ok) return report.why;
    const { ns } = report.value as Sample;
    if (ns >= enough / 2 && tries > 9) return n;
    n = Math.ceil(n * Math.min(8, Math.max(1, enough / ns)));
  }
  return n;
};

const local = async (rows: Row[], skipped: Skipped[]): Promise<void> => {
  for (const { what, pairs } of cases) {
    const title = `${what}, ${pairs} pair${pairs === 1 ? '' : 's'}`;
    const runners: { name: string; child: ChildProcess; order: Order; ns: number[]; collections: number[] }[] = [];
    for (const name of contenders) {
      const child = start();
      const order = { do: 'run', contender: name, what, pairs, n: 0 } as const;
      const n = await calibrate(child, order);
      if (typeof n === 'number') runners.push({ name, child, order: { ...order, n }, ns: [], collections: [] });
      else {
        skipped.push({ case: title, contender: name, why: n.split('\n')[0] ?? n });
        child.disconnect();
      }
    }
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (let at = 0; at < runners.length; at += 1) {
        const runner = runners[(at + round) % runners.length]!;
        const report = await ask(runner.child, runner.order);
        if (!report.ok) continue;
        const { ns, done, collections } = report.value as Sample;
        runner.ns.push(ns / done);
        runner.collections.push(collections);
      }
    }
    const base = median(runners.find(({ name }) => name === 'prototype')?.ns ?? []);
    for (const { name, child, ns, collections } of runners) {
      const toPrototype = median(ns) / base;
      rows.push({ case: title, contender: name, ns: median(ns), toPrototype, collections: median(collections) });
      child.disconnect();
    }
  }
};

type MoveRow = Moved & { readonly strategy: string; readonly mebibytes: number };

const move = async (rows: MoveRow[], skipped: Skipped[]): Promise<void> => {
  for (const strategy of ['copy-on-reference', 'eager-all']) {
    for (const mebibytes of [1, 16, 64, 256, ...(values.full ? [1024] : [])]) {
      const moves: Moved[] = [];
      const child = start();
      for (let round = 0; round < (mebibytes < 256 ? 3 : 1); round += 1) {
        const report = await ask(child, { do: 'move', strategy, mebibytes });
        if (report.ok) moves.push(report.value as Moved);
        else skipped.push({ case: `${mebibytes} MiB`, contender: strategy, why: report.why });
      }
      if (child.connected) child.disconnect();
      if (moves.length === 0) continue;
      const of = (field: keyof Moved): number => median(moves.map((each) => each[field]));
      const pagesInFreeze = of('pagesInFreeze');
      rows.push({ strategy, mebibytes, freezeMs: of('freezeMs'), wholeMs: of('wholeMs'), pagesInFreeze });
    }
  }
};

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

const report = (rows: readonly Row[], moves: readonly MoveRow[], skipped: readonly Skipped[]): void => {
  if (values.json) {
    console.log(JSON.stringify({ node: process.version, local: rows, move: moves, skipped }, null, 2));
    return;
  }
  const localRows = rows.map((row) => ({ ...row, ns: round(row.ns, 0), toPrototype: round(row.toPrototype, 2) }));
  if (localRows.length > 0) console.table(localRows);
  const moveRows = moves.map((row) => ({ ...row, freezeMs: round(row.freezeMs, 2), wholeMs: round(row.wholeMs, 1) }));
  if (moveRows.length > 0) console.table(moveRows, ['strategy', 'mebibytes', 'freezeMs', 'wholeMs', 'pagesInFreeze']);
  for (const each of skipped) console.log(`left out: ${each.contender} (${each.case}): ${each.why}`);
};

try {
  const entryPoints = [join(root, 'test/bench/child.ts')];
  await build({ entryPoints, outfile: bundle, bundle: true, platform: 'node', format: 'esm', target: 'node20' });
  const [rows, moves, skipped]: [Row[], MoveRow[], Skipped[]] = [[], [], []];
  if (which !== 'move') await local(rows, skipped);
  if (which !== 'local') await move(moves, skipped);
  report(rows, moves, skipped);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
