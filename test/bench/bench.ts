/** What every bench is given, and what it gives back. */
import type { Children } from './children.ts';
import type { Scale } from './scales.ts';

/** A bench could not measure something, and why. */
export interface Skipped {
  readonly bench: string;
  readonly what: string;
  readonly why: string;
}

/** One run of `npm run bench`, as a bench sees it. */
export interface Run {
  readonly scale: Scale;
  /** Processes to measure in. They end with the run, however it ends. */
  readonly children: Children;
  /** Aborted when somebody wants it to stop. */
  readonly signal: AbortSignal;
  /** A line of progress, for whoever waits. */
  say(line: string): void;
  skip(bench: string, what: string, why: string): void;
  /** Something was not as it has to be: the figures are of no use, and the run fails. */
  fail(bench: string, what: string): void;
}

/** A group of figures that can be had by its name. `R` is plain data: `--json` prints it as it is. */
export interface Bench<R> {
  readonly name: string;
  run(run: Run): Promise<R>;
  /** The figures for a reader. */
  tell(result: R): readonly string[];
}
