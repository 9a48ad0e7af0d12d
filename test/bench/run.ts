/**
 * Numbers.
 *
 *   npm run bench [-- NAME...] [--scale full|middle|smoke] [--json] [--sizes 1,16,64] [--rounds 7] [--ms 60]
 *                  [--only TEXT]
 *
 * Names: local, freeze, processes, fault, relocate, programs; all of them if none is named. README.md says how each
 * figure is to be read. `--only` takes those cases of `local` whose title contains the text. Progress goes to stderr,
 * the figures to stdout. What is measured is bundled first: it runs as it would be published. Exit code 0: all was
 * measured, or left out with its reason; 1: something failed or was not as it has to be; 2: not understood; 130:
 * interrupted. No speed is a failure.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench, Run, Skipped } from './bench.ts';
import { Children } from './children.ts';
import { fault } from './fault.ts';
import { freeze } from './freeze.ts';
import { local } from './local.ts';
import { processes } from './processes.ts';
import { programs } from './programs.ts';
import { relocate } from './relocate.ts';
import { SCALES, type Scale, withSizes } from './scales.ts';

const options = {
  json: { type: 'boolean', default: false },
  scale: { type: 'string', default: 'full' },
  sizes: { type: 'string' },
  rounds: { type: 'string' },
  ms: { type: 'string' },
  only: { type: 'string', default: '' },
} as const;

const benches: readonly Bench<never>[] = [local, freeze, processes, fault, relocate, programs] as never;

interface Wanted {
  readonly chosen: readonly Bench<never>[];
  readonly scale: Scale;
  readonly isJson: boolean;
}

/** What was asked for; a text says why it cannot be understood. */
const understood = (): Wanted | string => {
  try {
    return wanted();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const wanted = (): Wanted => {
  const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options });
  const named = positionals.map((name) => {
    const found = benches.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new TypeError(`there is no bench ${name}; there are ${benches.map((each) => each.name).join(', ')}`);
  });
  if (!(values.scale in SCALES)) throw new TypeError(`--scale: one of ${Object.keys(SCALES).join(', ')}`);
  let scale = SCALES[values.scale as Scale['name']];
  const { rounds = scale.local.rounds, ms = scale.local.ms } = values;
  scale = {
    ...scale,
    local: { ...scale.local, rounds: natural('rounds', rounds), ms: natural('ms', ms), only: values.only },
  };
  if (values.sizes !== undefined) {
    scale = withSizes(
      scale,
      values.sizes.split(',').map((size) => natural('sizes', size)),
    );
  }
  return { chosen: named.length === 0 ? benches : named, scale, isJson: values.json };
};

const natural = (option: string, text: string | number): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`--${option}: ${text} is not a number above 0`);
};

/** Whatever decides how fast a machine is, as far as it tells. */
const machineFacts = () => ({
  node: process.version,
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cpus: os.availableParallelism(),
  memoryMib: Math.round(os.totalmem() / 2 ** 20),
  os: `${os.type()} ${os.release()}`,
  load: os.loadavg().map((load) => Number(load.toFixed(2))),
});

interface Outcome {
  readonly results: Record<string, unknown>;
  readonly lines: string[];
  readonly seconds: Record<string, number>;
}

/** Runs one bench after the other. One that breaks is a failure, and the others are measured all the same. */
const perform = async (chosen: readonly Bench<never>[], run: Run): Promise<Outcome> => {
  const outcome: Outcome = { results: {}, lines: [], seconds: {} };
  for (const bench of chosen) {
    const began = performance.now();
    run.say(`${bench.name}: begins`);
    try {
      const result = await bench.run(run);
      outcome.results[bench.name] = result;
      outcome.lines.push('', `== ${bench.name}`, ...bench.tell(result));
    } catch (error) {
      if (run.signal.aborted) throw error;
      run.fail(bench.name, error instanceof Error ? error.message : String(error));
    }
    outcome.seconds[bench.name] = Math.round((performance.now() - began) / 1000);
  }
  return outcome;
};

const main = async (): Promise<number> => {
  const asked = understood();
  if (typeof asked === 'string') {
    console.error(asked);
    return 2;
  }
  const { chosen, scale, isJson } = asked;
  const stop = new AbortController();
  const children = await Children.prepare();
  const interrupted = (): void => {
    stop.abort(new Error('interrupted'));
    void children.close(); // whoever waits for a process hears that it has ended
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  const [skipped, failures]: [Skipped[], { bench: string; what: string }[]] = [[], []];
  const began = performance.now();
  const run: Run = {
    scale,
    children,
    signal: stop.signal,
    say: (line) => console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`),
    skip: (bench, what, why) => void skipped.push({ bench, what, why }),
    fail: (bench, what) => void failures.push({ bench, what }),
  };
  const machine = machineFacts();
  try {
    const { results, lines, seconds } = await perform(chosen, run);
    if (isJson) {
      console.log(JSON.stringify({ machine, scale: scale.name, ...results, seconds, skipped, failures }, null, 2));
    } else {
      console.log(`node ${machine.node}, ${machine.cpus} processors (${machine.cpu}), load ${machine.load.join(' ')}`);
      for (const line of lines) console.log(line);
      console.log('');
      for (const { bench, what, why } of skipped) console.log(`left out: ${bench}, ${what}: ${why}`);
      for (const { bench, what } of failures) console.log(`FAILED: ${bench}: ${what}`);
      console.log(`${Math.round((performance.now() - began) / 1000)} s; ${failures.length} failures`);
    }
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error('interrupted');
    return 130;
  } finally {
    await children.close();
  }
};

process.exitCode = await main();
