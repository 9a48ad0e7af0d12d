/**
 * `npm run fuzz:programs -- [--seed S] [--count N] [--workers W] [--findings M] [--no-shrink] [--whole] [--straight]
 * [--json]`: compares the random programs of the seeds S to S + N - 1 with what JavaScript makes of them, by W processes
 * (by default one for each core); with `--straight` none is taken apart. `--whole` prints programs as they were before
 * they were shrunk, `--json` one line with everything. Progress goes to stderr; an interrupt ends it after the slices
 * that are begun, with what was found. Exit code 0: no difference; 1: some; 2: it could not begin, or a process died.
 */
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tell } from '../compare.ts';
import type { Finding } from './fuzz.ts';
import { fuzzTogether } from './pool.ts';

const natural = (option: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${option}: ${text} is not a natural number`);
};

const report = ({ seed, program, shrunk, difference, refusal }: Finding, isWhole: boolean): string =>
  [
    `seed ${seed}: ${difference === null ? `not compiled: ${refusal}` : tell(difference)}`,
    `shrunk:${shrunk}`,
    ...(isWhole ? [`whole:${program}`] : []),
    `repeat: npm run fuzz:programs -- --seed ${seed} --count 1`,
  ].join('\n');

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '300' },
      workers: { type: 'string', default: String(availableParallelism()) },
      findings: { type: 'string', default: '5' },
      'no-shrink': { type: 'boolean', default: false },
      whole: { type: 'boolean', default: false },
      straight: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const seed = natural('seed', values.seed);
  const count = natural('count', values.count);
  let isStopped = false;
  process.once('SIGINT', () => {
    isStopped = true;
  });
  const began = performance.now();
  const secondsNow = (): number => (performance.now() - began) / 1000;
  const workers = natural('workers', values.workers);
  if (workers === 0) throw new Error('--workers: somebody has to do it');
  const tally = await fuzzTogether({
    ...{ seed, count, workers },
    findingsMax: natural('findings', values.findings),
    shrinks: !values['no-shrink'],
    hops: !values.straight,
    goesOn: ({ programs, skipped, hops, findings }) => {
      const seconds = secondsNow().toFixed(0);
      process.stderr.write(
        `\r${programs + skipped} of ${count} programs, ${hops} hops, ${findings.length} findings, ${seconds} s `,
      );
      return !isStopped;
    },
  });
  process.stderr.write('\n');
  if (values.json) {
    const [seeds, seconds] = [`${seed}..${seed + count - 1}`, Math.round(secondsNow() * 10) / 10];
    console.log(JSON.stringify({ seeds, workers, seconds, ...tally }));
  } else {
    for (const finding of tally.findings) console.log(report(finding, values.whole));
    const { programs, skipped, calls, hops, findings } = tally;
    console.log(
      `${programs} programs (${skipped} left out), ${calls} calls, ${hops} hops, ${findings.length} findings`,
    );
  }
  return tally.findings.length === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
