/**
 * `npm run fuzz:ipc -- [--seed S] [--seconds N | --count N] [--rounds R] [--json]`: random abuse of a kernel by many
 * tasks, honest ones among them. Runs the seeds S, S + 1 and so on, N of them or for N seconds. Exit code 0: everything
 * held; 1: something did not, and the seed that repeats it is printed; 2: it could not begin.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { abuse, type Run, shortest } from './abuse.ts';

const natural = (option: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${option}: ${text} is not a natural number`);
};

const report = ({ seed, rounds, broken, history }: Run): string =>
  [
    `seed ${seed}, round ${rounds}: ${broken}`,
    ...history.map((line) => `  ${line}`),
    `repeat: npm run fuzz:ipc -- --seed ${seed} --count 1 --rounds ${rounds}`,
  ].join('\n');

const main = (): number => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      count: { type: 'string' },
      rounds: { type: 'string', default: '150' },
      json: { type: 'boolean', default: false },
    },
  });
  const seed = natural('seed', values.seed);
  const rounds = natural('rounds', values.rounds);
  const seconds = natural('seconds', values.seconds ?? (values.count === undefined ? '10' : '0'));
  const count = values.count === undefined ? Number.POSITIVE_INFINITY : natural('count', values.count);
  const began = performance.now();
  const goesOn = (done: number): boolean =>
    values.count === undefined ? performance.now() - began < seconds * 1000 : done < count;
  let [runs, traps, answers] = [0, 0, 0];
  let found: Run | null = null;
  for (; found === null && goesOn(runs); runs += 1) {
    const run = abuse(seed + runs, rounds);
    traps += run.traps;
    answers += run.answers;
    if (run.broken !== null) found = shortest(run);
  }
  if (values.json) console.log(JSON.stringify({ seed, runs, traps, answers, found }));
  else {
    if (found !== null) console.log(report(found));
    console.log(
      `${runs} runs, ${traps} random traps, ${answers} honest answers, ${found === null ? 'all held' : 'BROKEN'}`,
    );
  }
  return found === null ? 0 : 1;
};

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
