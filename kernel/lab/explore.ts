/** Every order in which threads can have their turns: each run in a kernel of its own, from the beginning. */
import type { Laboratory } from './laboratory.ts';

/** One outcome, and how often. */
export interface Explored<T> {
  readonly outcome: T;
  /** Orders that came to it. */
  readonly runs: number;
  /** The first of them: whose turn it was, in order. */
  readonly schedule: readonly string[];
}

/** What all runs came to. */
export interface Exploration<T> {
  readonly outcomes: readonly Explored<T>[];
  readonly runs: number;
  /** Every order was tried. */
  readonly isComplete: boolean;
}

/** Runs, unless told otherwise. */
const RUNS_MAX = 1000;
/** Turns of one run. */
const TURNS_MAX = 1000;

/**
 * Runs `make()` to its rest in every order of turns, at most `runsMax` times, and tells the distinct outcomes, most
 * frequent first. `make` must do the same each time. Outcomes are the same if their JSON is.
 */
export const explore = <T>(
  make: () => Laboratory,
  outcomeOf: (lab: Laboratory) => T,
  runsMax: number = RUNS_MAX,
): Exploration<T> => {
  const found = new Map<string, { outcome: T; runs: number; schedule: readonly string[] }>();
  const open: (readonly number[])[] = [[]];
  let runs = 0;
  for (let choices = open.pop(); choices !== undefined && runs < runsMax; choices = open.pop()) {
    runs += 1;
    const lab = make();
    const { schedule, others } = run(lab, choices);
    open.push(...others);
    const outcome = outcomeOf(lab);
    lab.end();
    const key = JSON.stringify(outcome);
    const known = found.get(key);
    if (known === undefined) found.set(key, { outcome, runs: 1, schedule });
    else known.runs += 1;
  }
  const outcomes = [...found.values()].sort((a, b) => b.runs - a.runs);
  return { outcomes, runs, isComplete: open.length === 0 };
};

/** Runs by the choices, then with the first of those that are ready; tells the choices that were not made. */
const run = (
  lab: Laboratory,
  choices: readonly number[],
): { readonly schedule: string[]; readonly others: (readonly number[])[] } => {
  const schedule: string[] = [];
  const others: (readonly number[])[] = [];
  const made: number[] = [];
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    const { ready } = lab;
    if (ready.length === 0) break;
    let choice = 0;
    if (ready.length > 1) {
      choice = choices[made.length] ?? 0;
      if (made.length >= choices.length) for (let at = 1; at < ready.length; at += 1) others.push([...made, at]);
      made.push(choice);
    }
    const thread = ready[choice];
    if (thread === undefined) break;
    schedule.push(lab.labels.thread(thread));
    lab.step(thread);
  }
  return { schedule, others };
};
