/**
 * From a case to the runs it stands for (`vary`, `interleave`), and from a run to its plain steps (`repeat`, `if`).
 * Steps are unfolded as they are asked for: a slow case has more than 50 000 of them, and an `if` looks at what the
 * steps before it have bound.
 */

import type { Counters } from './counters.ts';
import { substitute } from './counters.ts';
import { chooseMerges, countMerges, mergeAt } from './merges.ts';
import type { Case, Json, JsonObject, Step } from './scenario.ts';
import { checkCount, ScenarioError } from './scenario.ts';

/** One run of a case. */
export interface Variant {
  /** What tells it from the other runs of the case, for a reader; empty if there is only one. */
  readonly label: string;
  readonly counters: Counters;
  /** The order chosen for each `interleave` of the case. */
  readonly merges: ReadonlyMap<Step, readonly Step[]>;
}

/** A step ready to be played: no counter is left in it. */
export interface Move {
  readonly actor: string;
  readonly call: string;
  readonly args: JsonObject;
  readonly expect: Json;
  /** The number of the step of the case, from 1, that it comes from. */
  readonly step: number;
  /** Which step inside that one: `3.2 i=17`. */
  readonly trail: string;
}

/** Whether the `do` of an `if` is run; only the session knows the variables. */
export type Decide = (condition: JsonObject) => boolean;

/** Where we are: within which top step, with which counters. */
interface Place {
  readonly step: number;
  readonly trail: string;
  readonly counters: Counters;
}

const MERGES_MAX = 10_000; // of one interleave that names no limit
const RUNS_MAX = 100_000; // of one case

export const variantsOf = (scenario: Case): readonly Variant[] => {
  const variants: Variant[] = [];
  for (const counters of combinations(scenario.vary)) {
    for (const { label, merges } of mergesOf(interleavesIn(scenario.steps), counters)) {
      variants.push({ label: [labelOf(counters), label].filter((part) => part !== '').join(' '), counters, merges });
      if (variants.length > RUNS_MAX) throw new ScenarioError(`${scenario.id}: more than ${RUNS_MAX} runs`);
    }
  }
  return variants;
};

/** The plain steps of a run, in order. */
export function* unfold(scenario: Case, variant: Variant, decide: Decide): Generator<Move> {
  for (const [index, step] of scenario.steps.entries()) {
    const place = { step: index + 1, trail: String(index + 1), counters: variant.counters };
    yield* unfoldStep(step, place, { merges: variant.merges, decide });
  }
}

interface Choices {
  readonly merges: Variant['merges'];
  readonly decide: Decide;
}

function* unfoldStep(step: Step, place: Place, choices: Choices): Generator<Move> {
  const [actor, call, args, expect] = step;
  const { counters } = place;
  if (actor === '-' && call === 'repeat') {
    yield* unfoldRepeat(args, place, choices);
  } else if (actor === '-' && call === 'if') {
    const { do: body, ...condition } = args;
    if (choices.decide(substitute(condition, counters) as JsonObject)) yield* unfoldAll(stepsOf(body), place, choices);
  } else if (actor === '-' && call === 'interleave') {
    yield* unfoldAll(choices.merges.get(step) ?? [], place, choices);
  } else {
    yield {
      actor: String(substitute(actor, counters)),
      call,
      args: substitute(args, counters) as JsonObject,
      expect: substitute(expect, counters),
      step: place.step,
      trail: place.trail,
    };
  }
}

function* unfoldRepeat(args: JsonObject, place: Place, choices: Choices): Generator<Move> {
  const { do: body, ...rest } = args;
  const { times, from = 1, var: name = 'i' } = substitute(rest, place.counters) as JsonObject;
  checkCount(times, `step ${place.trail}: repeat: times`);
  if (typeof times !== 'number') throw new ScenarioError(`step ${place.trail}: repeat: times has no value`);
  if (typeof from !== 'number' || typeof name !== 'string') {
    throw new ScenarioError(`step ${place.trail}: repeat: from is no number or var no string`);
  }
  for (let i = from; i < from + times; i += 1) {
    const counters = { ...place.counters, [name]: i };
    yield* unfoldAll(stepsOf(body), { ...place, trail: `${place.trail} ${name}=${i}`, counters }, choices);
  }
}

function* unfoldAll(steps: readonly Step[], place: Place, choices: Choices): Generator<Move> {
  for (const [index, step] of steps.entries()) {
    yield* unfoldStep(step, { ...place, trail: `${place.trail}.${index + 1}` }, choices);
  }
}

const stepsOf = (value: Json | undefined): readonly Step[] => (value ?? []) as readonly Json[] as readonly Step[];

const branchesOf = (interleave: Step): readonly (readonly Step[])[] =>
  (interleave[2]['of'] as readonly Json[]).map((branch) => stepsOf(branch));

/** Every interleave of the case, also those inside other steps. */
const interleavesIn = (steps: readonly Step[]): readonly Step[] =>
  steps.flatMap((step) => {
    const [actor, call, args] = step;
    if (actor !== '-') return [];
    if (call === 'interleave') return [step, ...branchesOf(step).flatMap(interleavesIn)];
    return call === 'repeat' || call === 'if' ? interleavesIn(stepsOf(args['do'])) : [];
  });

interface Merging {
  readonly label: string;
  readonly merges: ReadonlyMap<Step, readonly Step[]>;
}

/** One merging for each combination of a merge of every interleave. */
const mergesOf = (interleaves: readonly Step[], counters: Counters): readonly Merging[] => {
  let mergings: readonly Merging[] = [{ label: '', merges: new Map() }];
  for (const interleave of interleaves) {
    const orders = ordersOf(interleave, counters);
    mergings = mergings.flatMap(({ label, merges }) =>
      orders.map((order) => ({
        label: `${label}${label === '' ? '' : '/'}${order.join('')}`,
        merges: new Map([...merges, [interleave, mergedBy(order, branchesOf(interleave))]]),
      })),
    );
    if (mergings.length > RUNS_MAX) throw new ScenarioError(`interleave: more than ${RUNS_MAX} runs`);
  }
  return mergings;
};

const ordersOf = (interleave: Step, counters: Counters): readonly (readonly number[])[] => {
  const lengths = branchesOf(interleave).map((branch) => branch.length);
  const count = countMerges(lengths);
  const limit = substitute(interleave[2]['limit'] ?? MERGES_MAX, counters);
  if (typeof limit !== 'number' || limit < 1) throw new ScenarioError('interleave: limit is no number from 1');
  if (!('limit' in interleave[2]) && count > BigInt(MERGES_MAX)) {
    throw new ScenarioError(`interleave: ${count} merges and no limit`);
  }
  return chooseMerges(count, limit).map((number) => mergeAt(lengths, number));
};

const mergedBy = (order: readonly number[], branches: readonly (readonly Step[])[]): readonly Step[] => {
  const taken = branches.map(() => 0);
  return order.flatMap((from) => {
    const at = taken[from] ?? 0;
    taken[from] = at + 1;
    const step = branches[from]?.[at];
    return step === undefined ? [] : [step];
  });
};

const combinations = (vary: Case['vary']): readonly Counters[] => {
  let all: readonly Counters[] = [{}];
  for (const [name, choices] of Object.entries(vary)) {
    all = all.flatMap((counters) => choices.map((choice) => ({ ...counters, [name]: choice })));
    if (all.length > RUNS_MAX) throw new ScenarioError(`vary: more than ${RUNS_MAX} runs`);
  }
  return all;
};

const labelOf = (counters: Counters): string =>
  Object.entries(counters)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
