/**
 * Numbers.
 *
 *   npm run bench [-- local|move] [--json] [--full] [--rounds 7] [--ms 60] [--only TEXT]
 *
 * `local`: one-way sends and round trips with each kind of body, 1 pair and 1000, each contender in a process of its
 * own, in interleaved rounds; medians, ratios to the prototype (of processor time), garbage collections for each round;
 * --only takes the cases whose title contains TEXT. `move`: how long a task stands still against its resident memory;
 * --full adds 1024 MiB. What is measured is bundled first: it runs as it would be published.
 */
import { parseArgs } from 'node:util';
import { ask, cleanUp, median, prepare, type Skipped, start } from './children.ts';
import { measureLocal, type Row } from './local.ts';
import type { Moved } from './orders.ts';

const options = {
  json: { type: 'boolean', default: false },
  full: { type: 'boolean', default: false },
  rounds: { type: 'string', default: '7' },
  ms: { type: 'string', default: '60' },
  only: { type: 'string', default: '' },
} as const;
const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options });
const [which = 'all'] = positionals;

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
  const localRows = rows.map((row) => ({
    ...row,
    ns: round(row.ns, 0),
    cpuNs: round(row.cpuNs, 0),
    toPrototype: round(row.toPrototype, 2),
  }));
  if (localRows.length > 0) console.table(localRows);
  const moveRows = moves.map((row) => ({ ...row, freezeMs: round(row.freezeMs, 2), wholeMs: round(row.wholeMs, 1) }));
  if (moveRows.length > 0) console.table(moveRows, ['strategy', 'mebibytes', 'freezeMs', 'wholeMs', 'pagesInFreeze']);
  for (const each of skipped) console.log(`left out: ${each.contender} (${each.case}): ${each.why}`);
};

try {
  await prepare();
  const [rows, moves, skipped]: [Row[], MoveRow[], Skipped[]] = [[], [], []];
  const { only } = values;
  if (which !== 'move')
    await measureLocal({ rounds: Number(values.rounds), ms: Number(values.ms), only }, rows, skipped);
  if (which !== 'local') await move(moves, skipped);
  report(rows, moves, skipped);
} finally {
  cleanUp();
}
