/** Random programs in batches: each run natively, compiled, and compiled and taken apart at every call. */
import { Comparison, type Difference } from '../compare.ts';
import { type Compiled, compileTroupe, programFrom } from '../compiled.ts';
import { nativeTroupe, troupeOf } from '../troupe.ts';
import { Chance } from './chance.ts';
import { generate } from './generate.ts';
import { HEADER, type Program, render, smaller } from './statements.ts';

/** A program of which two runs differ, or which cannot be compiled. */
export interface Finding {
  readonly seed: number;
  readonly program: string;
  readonly shrunk: string;
  /** Null if it could not be compiled: `refusal` says why. */
  readonly difference: Difference | null;
  readonly refusal: string | null;
}

/** What was done so far. */
export interface Tally {
  programs: number;
  /** Programs left out, because their native run makes far too many calls. */
  skipped: number;
  calls: number;
  hops: number;
  readonly findings: Finding[];
}

const FILE = 'fuzz/batch.program.ts';
const BATCH = 20;
/** Instances of a batch's modules: a task that is taken apart goes on in the next of them. */
const INSTANCES = 3;
const SHRINKS_MAX = 600;

const troupe = (programs: readonly Program[]) =>
  troupeOf(FILE, HEADER + programs.map(render).join(''), ['fuzz/around.program.ts']);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Outcome = Pick<Finding, 'difference' | 'refusal'>;

const FINE: Outcome = { difference: null, refusal: null };

const compareAll = async (
  programs: readonly Program[],
  tally: Tally,
  hops: boolean,
): Promise<readonly Outcome[] | string> => {
  const whole = troupe(programs);
  const native = await nativeTroupe(whole);
  let compiled: Compiled;
  try {
    compiled = await compileTroupe(whole);
  } catch (error) {
    return messageOf(error);
  }
  const instances = Array.from({ length: INSTANCES }, () => programFrom(compiled));
  let turn = 0;
  const next = () => instances[(turn += 1) % INSTANCES] as (typeof instances)[number];
  const outcomes: Outcome[] = [];
  for (const { name } of programs) {
    let comparison: Comparison;
    try {
      comparison = await Comparison.of(name, native, compiled);
    } catch {
      tally.skipped += 1;
      outcomes.push(FINE);
      continue;
    }
    const difference = comparison.straight(next()) ?? (hops ? comparison.hopping(next(), next) : null);
    tally.programs += 1;
    tally.calls += comparison.native.length;
    tally.hops += comparison.hops;
    outcomes.push({ difference, refusal: null });
  }
  return outcomes;
};

const compareOne = async (program: Program, tally: Tally, hops: boolean): Promise<Outcome> => {
  const outcomes = await compareAll([program], tally, hops);
  return typeof outcomes === 'string' ? { difference: null, refusal: outcomes } : (outcomes[0] ?? FINE);
};

const nothing = (): Tally => ({ programs: 0, skipped: 0, calls: 0, hops: 0, findings: [] });

/** The kind of trouble, so that a smaller program with another one is not taken for the same. */
const kindOf = ({ difference, refusal }: Outcome): string => {
  if (refusal !== null) return refusal.replaceAll(/\d+/g, '0').split('\n')[0] ?? '';
  if (difference === null) return '';
  return difference.way.startsWith('compiled') ? 'compiled' : 'taken apart';
};

/** Leaves statements out for as long as the trouble stays. */
const shrink = async (program: Program, outcome: Outcome, hops: boolean): Promise<Program> => {
  const kind = kindOf(outcome);
  let best = program;
  let left = SHRINKS_MAX;
  for (let improved = true; improved; ) {
    improved = false;
    for (const candidate of smaller(best)) {
      left -= 1;
      if (left < 0) return best;
      const now = await compareOne(candidate, nothing(), hops).catch(() => FINE);
      if (kindOf(now) !== kind) continue;
      best = candidate;
      improved = true;
      break;
    }
  }
  return best;
};

const found = async (
  seed: number,
  program: Program,
  outcome: Outcome,
  { shrinks, hops }: FuzzOptions,
): Promise<Finding> => {
  const smallest = shrinks ? await shrink(program, outcome, hops) : program;
  const last = shrinks ? await compareOne(smallest, nothing(), hops) : outcome;
  return { seed, program: render(program), shrunk: render(smallest), ...(kindOf(last) === '' ? outcome : last) };
};

/** How to fuzz. */
export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** Findings after which it ends. */
  readonly findingsMax: number;
  readonly shrinks: boolean;
  /** Whether programs are taken apart, too. */
  readonly hops: boolean;
  /** Called after each batch; false ends it. */
  readonly goesOn: (tally: Tally) => boolean;
}

/** Compares the programs of the seeds `seed` to `seed + count - 1`. */
export const fuzz = async (options: FuzzOptions): Promise<Tally> => {
  const { seed, count, findingsMax, hops, goesOn } = options;
  const tally = nothing();
  for (let first = seed; first < seed + count; first += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, seed + count - first) }, (_, at) => first + at);
    const programs = seeds.map((each) => generate(new Chance(each), `p${each}`));
    const together = await compareAll(programs, tally, hops);
    for (const [at, program] of programs.entries()) {
      const outcome = typeof together === 'string' ? await compareOne(program, tally, hops) : (together[at] ?? FINE);
      if (kindOf(outcome) === '') continue;
      tally.findings.push(await found(first + at, program, outcome, options));
      if (tally.findings.length >= findingsMax) return tally;
    }
    if (!goesOn(tally)) return tally;
  }
  return tally;
};
