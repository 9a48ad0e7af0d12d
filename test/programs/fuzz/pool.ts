/** Slices of seeds, handed out to processes: each is a fuzzer of its own, so that the programs spread over the cores. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FuzzOptions, Tally } from './fuzz.ts';

/** What a process is asked to do. */
export type Slice = Omit<FuzzOptions, 'goesOn'>;

/** What a process has done since it last told. */
export interface Told {
  readonly tally: Tally;
  readonly isDone: boolean;
}

/** How to fuzz by several processes. */
export interface PoolOptions extends FuzzOptions {
  readonly workers: number;
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
/** Programs of a slice: long enough that its end does not matter, short enough that all processes end together. */
const SLICE = 100;
/** Slices after which a process makes room for a fresh one, so that nothing it keeps can slow a long run down. */
const SLICES_MAX = 50;
/** A compiler makes much that is forgotten at once: a small nursery would be collected all the time. */
const NURSERY_MIB = 64;

const start = (): ChildProcess =>
  fork(WORKER, [], { execArgv: ['--import', 'tsx', `--max-semi-space-size=${NURSERY_MIB}`] });

/** Takes seeds from the front, a slice at a time. */
class Seeds {
  readonly #end: number;
  #next: number;

  constructor(seed: number, count: number) {
    this.#next = seed;
    this.#end = seed + count;
  }

  take(): { readonly seed: number; readonly count: number } | null {
    const count = Math.min(SLICE, this.#end - this.#next);
    if (count <= 0) return null;
    const seed = this.#next;
    this.#next += count;
    return { seed, count };
  }

  get isEmpty(): boolean {
    return this.#next >= this.#end;
  }

  /** No slice is begun any more. */
  stop(): void {
    this.#next = this.#end;
  }
}

/** Has one process do slices until there is none, or it has done enough. Rejects if it dies. */
const work = (seeds: Seeds, { shrinks, hops, findingsMax }: PoolOptions, tell: (told: Told) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = start();
    let slices = 0;
    let current = '';
    const next = (): void => {
      const slice = slices < SLICES_MAX ? seeds.take() : null;
      if (slice === null) {
        child.disconnect();
        return;
      }
      slices += 1;
      current = `seeds ${slice.seed} to ${slice.seed + slice.count - 1}`;
      child.send({ ...slice, shrinks, hops, findingsMax } satisfies Slice);
    };
    child.on('message', (told: Told) => {
      tell(told);
      if (told.isDone) next();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`the process of ${current} ended with ${code ?? signal}`));
    });
    next();
  });

/**
 * Compares the programs of the seeds `seed` to `seed + count - 1` by several processes. Once there are enough findings,
 * or `goesOn` says no, slices that are begun come to their ends. Rejects if a process dies, naming its seeds.
 */
export const fuzzTogether = async (options: PoolOptions): Promise<Tally> => {
  const { seed, count, workers, findingsMax, goesOn } = options;
  const seeds = new Seeds(seed, count);
  const tally: Tally = { programs: 0, skipped: 0, calls: 0, hops: 0, findings: [] };
  const add = ({ tally: each }: Told): void => {
    tally.programs += each.programs;
    tally.skipped += each.skipped;
    tally.calls += each.calls;
    tally.hops += each.hops;
    tally.findings.push(...each.findings);
    if (!goesOn(tally) || tally.findings.length >= findingsMax) seeds.stop();
  };
  const one = async (): Promise<void> => {
    while (!seeds.isEmpty) await work(seeds, options, add);
  };
  await Promise.all(Array.from({ length: Math.min(workers, Math.ceil(count / SLICE)) }, one));
  tally.findings.sort((left, right) => left.seed - right.seed);
  return tally;
};
