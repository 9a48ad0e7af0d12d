/**
 * `npm run fuzz:programs -- [--seed S] [--count N] [--findings M] [--no-shrink] [--whole] [--straight] [--json]`:
 * compares the random programs of the seeds S to S + N - 1 with what JavaScript makes of them; with `--straight` none
 * is taken apart. `--whole` prints programs as they were before they were shrunk. Progress goes to stderr; an interrupt
 * ends it after the batch, with what was found. Exit code 0: no difference; 1: some; 2: it could not begin.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tell } from '../compare.ts';
import { type Finding, fuzz } from './fuzz.ts';

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
  // A fiber that fails before anybody waits for it is no failure of the fuzzer: both runs show what becomes of it.
  process.on('unhandledRejection', () => undefined);
  const began = performance.now();
  const tally = await fuzz({
    seed,
    count,
    findingsMax: natural('findings', values.findings),
    shrinks: !values['no-shrink'],
    hops: !values.straight,
    goesOn: ({ programs, skipped, hops, findings }) => {
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      process.stderr.write(
        `\r${programs + skipped} of ${count} programs, ${hops} hops, ${findings.length} findings, ${seconds} s `,
      );
      return !isStopped;
    },
  });
  process.stderr.write('\n');
  if (values.json) console.log(JSON.stringify({ seed, count, ...tally }));
  else {
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
