/**
 * A session plays one run of one case: it opens a setting, lets the actors make their calls in order and looks at
 * each answer. A thread whose call blocks is left alone until its `await`. When the steps are over all tasks are
 * terminated, and then nothing may be left that was not there before the tasks.
 */
import { Bindings, equal, variableIn } from './bindings.ts';
import { substitute } from './counters.ts';
import type { Answer, Driver, Options, Placement, Profile, Relocation, Result, Setting } from './driver.ts';
import { Unsupported } from './driver.ts';
import type { Move, Variant } from './expand.ts';
import { unfold } from './expand.ts';
import { match } from './match.ts';
import { drain, PlayedRoutine } from './routine.ts';
import type { Case, Json, JsonObject } from './scenario.ts';
import { isList, isObject, ScenarioError } from './scenario.ts';
import type { Args, Scope } from './values.ts';
import { resolve, resolveArgs } from './values.ts';

export interface Circumstances {
  readonly profile: Profile;
  readonly place: Placement;
  readonly relocate: Relocation;
  readonly strategy: string | undefined;
}

export type Outcome =
  | { readonly status: 'passed' }
  | { readonly status: 'unsupported'; readonly call: string }
  | Failure;

export interface Failure {
  readonly status: 'failed';
  readonly step: number;
  readonly trail: string;
  readonly call: string;
  readonly expected: unknown;
  readonly got: unknown;
  /** Where in the answer the difference is, if it is not the whole. */
  readonly path: string;
}

/** What a thread is in the middle of. A thread without state is free to begin a call. */
type ThreadState =
  | { readonly at: 'call'; readonly eventually: Json | undefined; readonly routine: PlayedRoutine | undefined }
  | { readonly at: 'answered'; readonly answer: Answer }; // an `eventually` that came at once; may still be awaited

/** The kernels that relocation moves tasks between. Steps of 1 and 2 let tasks meet and part. */
const HAVENS = ['Relocation-1', 'Relocation-2', 'Relocation-3'] as const;
/** In the first this many steps tasks are moved after each, later only after every hundredth: slow cases end, too. */
const EAGER_STEPS = 2_000;
const LAZY_INTERVAL = 100;
/** A crash is noticed by then, and what was under way has arrived. */
const REST_MS = 60_000;

export const play = (driver: Driver, scenario: Case, variant: Variant, where: Circumstances): Outcome => {
  const session = new Session(scenario, variant);
  try {
    return session.run(driver, where);
  } catch (error) {
    if (error instanceof Unsupported) return { status: 'unsupported', call: error.call };
    return session.blame(error);
  } finally {
    session.close();
  }
};

class Session {
  readonly #scenario: Case;
  readonly #variant: Variant;
  readonly #bindings = new Bindings();
  readonly #threads = new Map<string, ThreadState>();
  /** The case's tasks, and those it has created, by label. */
  readonly #tasks: string[];
  #setting: Setting | undefined;
  #stepsPlayed = 0;
  #moves = 0;
  /** What is being done, for a failure that is not an answer. */
  #current: Pick<Move, 'step' | 'trail' | 'call'> = { step: 0, trail: '0', call: 'open' };

  constructor(scenario: Case, variant: Variant) {
    this.#scenario = scenario;
    this.#variant = variant;
    this.#tasks = scenario.tasks.map((task) => String(substitute(task, variant.counters)));
  }

  run(driver: Driver, where: Circumstances): Outcome {
    const setting = (this.#setting = driver.open(this.#optionsFor(where)));
    const before = setting.census();
    this.#current = { step: 0, trail: '0', call: 'wire' };
    this.#wire(setting);
    const movable = where.relocate === 'every' ? this.#movable() : [];
    const decide = (condition: JsonObject): boolean => this.#holds(condition);
    for (const move of unfold(this.#scenario, this.#variant, decide)) {
      if (this.#current.step > 0) this.#relocate(movable);
      this.#current = move;
      const failure = this.#play(move);
      if (failure !== undefined) return failure;
      this.#bindings.commit();
    }
    return this.#finish(setting, before);
  }

  close(): void {
    this.#setting?.close();
  }

  /** A failure that is no answer: the scenario is wrong, or the system under test broke. */
  blame(error: unknown): Failure {
    const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { status: 'failed', ...pick(this.#current), expected: null, got, path: '' };
  }

  get #scope(): Scope {
    return { bindings: this.#bindings, geometry: this.#open.geometry };
  }

  get #open(): Setting {
    if (this.#setting === undefined) throw new Error('the session is not open');
    return this.#setting;
  }

  /** A case that may not be moved runs as it is written, whatever is asked for. */
  #optionsFor(where: Circumstances): Options {
    const { relocatable, strict } = this.#scenario;
    const [first] = this.#scenario.steps;
    const kernels = first?.[1] === 'kernels' ? substitute(first[2], this.#variant.counters) : undefined;
    return {
      ...where,
      place: relocatable ? where.place : 'together',
      relocate: relocatable ? where.relocate : 'none',
      tasks: [...this.#tasks],
      movable: this.#movable(),
      kernels: kernels as Options['kernels'],
      strict,
    };
  }

  #movable(): readonly string[] {
    if (!this.#scenario.relocatable) return [];
    return this.#scenario.relocate ?? [...this.#tasks];
  }

  #wire(setting: Setting): void {
    const given = this.#scenario.given.map((wire) => substitute(wire, this.#variant.counters) as JsonObject);
    for (const [name, value] of Object.entries(setting.wire(given))) {
      const variable = variableIn(`$${name}`);
      if (variable === undefined) throw new Error(`the driver wired ${name}, which is no variable`);
      this.#bindings.bind(variable, value);
    }
    setting.settle();
    this.#bindings.commit();
  }

  /** The condition of an `if`. */
  #holds({ value, is, isNot }: JsonObject): boolean {
    const actual = resolve(value ?? null, this.#scope);
    if (isList(isNot)) return !isNot.some((each) => equal(resolve(each, this.#scope), actual));
    return equal(resolve(is ?? null, this.#scope), actual);
  }

  #play(move: Move): Failure | undefined {
    if (move.actor === '-') return this.#control(move);
    if (move.call === 'await') return this.#await(move);
    const args = this.#begin(move);
    if (move.call === 'drain') {
      const answer = drain(this.#open, move.actor, args);
      if (answer['blocks'] !== true) this.#threads.delete(move.actor);
      return this.#compare(move, expectOf(move), answer);
    }
    this.#open.start(move.actor, move.call, args);
    this.#open.settle();
    const failure = this.#judge(move, this.#open.result(move.actor));
    if (failure === undefined && move.call === 'task_create' && typeof args['as'] === 'string') {
      this.#tasks.push(args['as']);
    }
    return failure;
  }

  /** Takes the thread for a call, and resolves the call's arguments. */
  #begin({ actor, call, args, expect }: Pick<Move, 'actor' | 'call' | 'args' | 'expect'>): Args {
    if (this.#threads.get(actor)?.at === 'call') throw new ScenarioError(`${actor} is still in its call`);
    const { routine: text, ...plain } = args;
    const routine = call === 'server_once' && isObject(text) ? new PlayedRoutine(text, this.#scope) : undefined;
    const eventually = isObject(expect) ? expect['eventually'] : undefined;
    this.#threads.set(actor, { at: 'call', eventually, routine });
    return routine === undefined ? resolveArgs(args, this.#scope) : { ...resolveArgs(plain, this.#scope), routine };
  }

  /** Looks at what a thread answers to the step that began its call. */
  #judge(move: Move, result: Result): Failure | undefined {
    const state = this.#threads.get(move.actor);
    if (state?.at !== 'call') throw new Error(`${move.actor} is in no call`);
    const fault = state.routine?.fault;
    if (fault !== undefined) return failureOf({ ...move, call: fault.call }, fault.expected, fault.got);
    if (isBlocked(result)) {
      const mayBlock = state.eventually !== undefined || expectsBlock(move.expect);
      return mayBlock ? undefined : failureOf(move, move.expect, BLOCKS);
    }
    if (state.eventually === undefined) this.#threads.delete(move.actor);
    else this.#threads.set(move.actor, { at: 'answered', answer: result });
    return this.#compare(move, state.eventually ?? expectOf(move), result);
  }

  #await(move: Move): Failure | undefined {
    const state = this.#threads.get(move.actor);
    if (state === undefined) throw new ScenarioError(`await: ${move.actor} is in no call`);
    if (state.at === 'answered') {
      this.#threads.delete(move.actor);
      return this.#compare(move, expectOf(move), state.answer);
    }
    const result = this.#open.result(move.actor);
    const fault = state.routine?.fault;
    if (fault !== undefined) return failureOf({ ...move, call: fault.call }, fault.expected, fault.got);
    if (isBlocked(result)) return expectsBlock(move.expect) ? undefined : failureOf(move, move.expect, BLOCKS);
    this.#threads.delete(move.actor);
    const late = state.eventually === undefined ? undefined : this.#compare(move, withKr(state.eventually), result);
    return late ?? this.#compare(move, expectOf(move), result);
  }

  #control(move: Move): Failure | undefined {
    const { call, expect } = move;
    if (call === 'fail') return failureOf(move, expect, move.args['why'] ?? 'fail');
    if (call === 'together') return this.#together(move);
    const args = resolveArgs(move.args, this.#scope);
    if (call === 'advance') {
      this.#open.advance(Number(args['ms']));
      return undefined;
    }
    const answer = call === 'census' ? { ...this.#open.census() } : this.#open.control(call, args);
    this.#open.settle();
    return this.#compare(move, expectOf(move), answer);
  }

  /** Begins several calls before any kernel runs. */
  #together(move: Move): Failure | undefined {
    const calls = (move.args['calls'] ?? []) as readonly (readonly [string, string, JsonObject])[];
    for (const [actor, call, args] of calls) {
      this.#open.start(actor, call, this.#begin({ actor, call, args, expect: {} }));
    }
    this.#open.settle();
    const answers = calls.map(([actor]) => {
      const result = this.#open.result(actor);
      if (isBlocked(result)) return BLOCKS;
      this.#threads.delete(actor);
      return result;
    });
    return this.#compare(move, expectOf(move), { answers });
  }

  /** Moves every task that may be moved to its next haven; a task that is dead stays so. */
  #relocate(movable: readonly string[]): void {
    this.#stepsPlayed += 1;
    const isDue = this.#stepsPlayed <= EAGER_STEPS || this.#stepsPlayed % LAZY_INTERVAL === 0;
    if (movable.length === 0 || !isDue) return;
    this.#moves += 1;
    for (const [index, task] of movable.entries()) {
      const to = HAVENS[(this.#moves * (1 + (index % 2)) + index) % HAVENS.length];
      const { kr } = this.#open.control('relocate', { task, to });
      this.#open.settle();
      if (kr === 'KERN_SUCCESS' || this.#open.control('where', { task })['kernel'] === 'NONE') continue;
      this.#current = { ...this.#current, call: 'relocate' };
      throw new Error(`between this step and the next, ${task} could not be moved to ${to}: ${String(kr)}`);
    }
  }

  #finish(setting: Setting, { residentPages: _, ...before }: ReturnType<Setting['census']>): Outcome {
    this.#current = { step: this.#scenario.steps.length + 1, trail: 'end', call: 'census' };
    for (const [actor, state] of this.#threads) {
      if (state.at === 'call' && state.eventually !== undefined) {
        throw new ScenarioError(`${actor} has an eventually that is never awaited`);
      }
    }
    for (const task of this.#tasks) {
      setting.control('task_terminate', { task });
      setting.settle();
    }
    setting.advance(REST_MS);
    setting.settle();
    const after = setting.census();
    const mismatch = match(before, after, this.#scope);
    if (mismatch === undefined) return { status: 'passed' };
    return { status: 'failed', ...pick(this.#current), expected: before, got: after, path: mismatch.path };
  }

  #compare(move: Move, expected: Json, got: unknown): Failure | undefined {
    const mismatch = match(withKr(expected), got, this.#scope);
    return mismatch === undefined ? undefined : { ...failureOf(move, expected, got), path: mismatch.path };
  }
}

const BLOCKS: Answer = { blocks: true };

const isBlocked = (result: Result): boolean => result['blocked'] === true;

const expectsBlock = (expect: Json): boolean => isObject(expect) && expect['blocks'] === true;

/** A plain string is short for the code. */
const withKr = (expect: Json): Json => (typeof expect === 'string' ? { kr: expect } : expect);

const expectOf = ({ expect }: Move): Json => withKr(expect);

const pick = ({ step, trail, call }: Pick<Move, 'step' | 'trail' | 'call'>): Pick<Move, 'step' | 'trail' | 'call'> => ({
  step,
  trail,
  call,
});

const failureOf = (move: Move, expected: Json, got: unknown): Failure => ({
  status: 'failed',
  ...pick(move),
  expected,
  got,
  path: '',
});
