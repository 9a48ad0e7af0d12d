/**
 * The long runs: seeded simulation and random programs over ranges no commit waits for, the conformance suite in every
 * placement, and the bench with its middle setting, for the figures in its output and because it checks what it
 * measures.
 *
 *   tsx test/nightly.ts [--seeds 20000] [--slice 1000] [--programs 20000] [--first N]
 *
 * Each slice is a process of its own: one that dies or hangs costs its slice. Without `--first` the ranges move on by
 * the day.
 * Exit code 0: every run passed; 1: some did not.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Run {
  readonly title: string;
  readonly script: string;
  readonly args: readonly string[];
}

interface Outcome {
  readonly run: Run;
  readonly exit: number | string;
  readonly seconds: number;
  readonly tail: string;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const timeoutMs = 30 * 60_000;
const tailMax = 12_000;

/** The flags that place a scenario's tasks; the runner's defaults are the smoke of every commit. */
const placements: readonly (readonly string[])[] = [
  ['--place', 'together', '--relocate', 'none'],
  ['--place', 'together', '--relocate', 'every'],
  ['--place', 'together', '--relocate', 'every', '--strategy', 'eager-all'],
  ['--place', 'apart', '--relocate', 'none'],
  ['--place', 'apart', '--relocate', 'every'],
  ['--place', 'apart', '--relocate', 'every', '--strategy', 'eager-all'],
];

const conformanceRuns = (): readonly Run[] =>
  placements.map((args) => ({ title: `conformance ${args.join(' ')}`, script: 'test/conformance/run.ts', args }));

const simulationRuns = (first: number, seeds: number, slice: number): readonly Run[] =>
  Array.from({ length: Math.ceil(seeds / slice) }, (_, index) => {
    const from = first + index * slice;
    const count = Math.min(slice, first + seeds - from);
    return {
      title: `simulate ${from} to ${from + count - 1}`,
      script: 'test/simulation/run.ts',
      args: ['--first', String(from), '--seeds', String(count)],
    };
  });

const fuzzRuns = (first: number, programs: number, slice: number): readonly Run[] =>
  Array.from({ length: Math.ceil(programs / slice) }, (_, index) => {
    const from = first + index * slice;
    const count = Math.min(slice, first + programs - from);
    return {
      title: `fuzz programs ${from} to ${from + count - 1}`,
      script: 'test/programs/fuzz/run.ts',
      args: ['--seed', String(from), '--count', String(count), '--workers', '1'],
    };
  });

const perform = (run: Run): Promise<Outcome> =>
  new Promise((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', run.script, ...run.args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let tail = '';
    const keep = (chunk: Buffer): void => {
      tail = (tail + chunk.toString()).slice(-tailMax);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const done = (exit: number | string): void =>
      resolve({ run, exit, seconds: (performance.now() - began) / 1000, tail });
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code ?? signal ?? 'lost'));
  });

/** Alone and last: what runs beside it would be measured too. */
const benchRun: Run = { title: 'bench --scale middle', script: 'test/bench/run.ts', args: ['--scale', 'middle'] };

/** Takes runs from the front until none is left; several workers share one list. */
const work = async (runs: Run[], outcomes: Outcome[]): Promise<void> => {
  for (let run = runs.shift(); run !== undefined; run = runs.shift()) {
    const outcome = await perform(run);
    outcomes.push(outcome);
    const verdict = outcome.exit === 0 ? 'ok    ' : 'FAILED';
    process.stdout.write(`${verdict} ${run.title} (${outcome.seconds.toFixed(1)} s)\n`);
    if (run === benchRun) process.stdout.write(outcome.tail);
    if (outcome.exit !== 0) process.stdout.write(`       exit: ${outcome.exit}\n${outcome.tail}\n`);
  }
};

const natural = (option: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${option}: ${text} is not a natural number`);
};

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '20000' },
      slice: { type: 'string', default: '1000' },
      programs: { type: 'string', default: '20000' },
      first: { type: 'string' },
    },
  });
  const seeds = natural('seeds', values.seeds);
  const slice = Math.max(1, natural('slice', values.slice));
  const day = Math.floor(Date.now() / 86_400_000);
  const first = values.first === undefined ? day * seeds : natural('first', values.first);
  const programs = natural('programs', values.programs);
  const firstProgram = values.first === undefined ? day * programs : first;
  const planned = [
    ...conformanceRuns(),
    ...simulationRuns(first, seeds, slice),
    ...fuzzRuns(firstProgram, programs, slice),
  ];
  const runs = planned.filter(({ script }) => existsSync(new URL(script, `file://${root}`)));
  const outcomes: Outcome[] = [];
  await Promise.all(Array.from({ length: availableParallelism() }, () => work(runs, outcomes)));
  await work([benchRun], outcomes);
  const failed = outcomes.filter(({ exit }) => exit !== 0);
  process.stdout.write(`\n${outcomes.length - failed.length} of ${outcomes.length} runs passed\n`);
  for (const { run } of failed) {
    process.stdout.write(`repeat: npx tsx ${run.script} ${run.args.join(' ')}\n`);
  }
  process.exitCode = failed.length === 0 && outcomes.length > 0 ? 0 : 1;
};

await main();
