/**
 * Generators of resumable programs. A generator is its frame and who waits for it. An async generator runs on the fiber
 * that asks it: its frame lies on top of the frame of the question for as long as that takes.
 */
import { Future, settleFuture } from './fiber.ts';
import {
  type Awaitable,
  Delegate,
  ENDED,
  Enter,
  Frame,
  MODE_DELEGATED,
  MODE_NEXT,
  MODE_RETURN,
  MODE_THROW,
  MODE_YIELDED,
  type Mode,
  Yielded,
} from './frame.ts';
import { delegated } from './iterators.ts';

/** An iterator as generators use one. */
interface AnyIterator {
  next(value?: unknown): unknown;
  return?(value?: unknown): unknown;
  throw?(reason?: unknown): unknown;
}

interface Answer {
  readonly done: boolean;
  readonly value: unknown;
}

const iteratorOf = (target: unknown, key: typeof Symbol.iterator | typeof Symbol.asyncIterator): AnyIterator | null => {
  const method = (target as Record<symbol, unknown> | null | undefined)?.[key];
  if (typeof method === 'function') {
    return (key === Symbol.iterator ? delegated(target) : null) ?? (method.call(target) as AnyIterator);
  }
  if (key === Symbol.asyncIterator) return null;
  throw new TypeError(`${String(target)} is not iterable`);
};

const answerOf = (result: unknown): Answer => {
  if (typeof result !== 'object' || result === null)
    throw new TypeError(`Iterator result ${String(result)} is not an object`);
  return result as Answer;
};

/** A synchronous generator: steps run on the native stack of whoever asks, and never wait. */
export class Gen {
  readonly frame: Frame;
  isRunning = false;
  /** The iterator that a `yield*` is in. */
  inner: AnyIterator | null = null;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  next(value?: unknown): Answer {
    return this.#ask(MODE_NEXT, value);
  }

  throw(reason?: unknown): Answer {
    return this.#ask(MODE_THROW, reason);
  }

  return(value?: unknown): Answer {
    return this.#ask(MODE_RETURN, value);
  }

  [Symbol.iterator](): this {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return 'Generator';
  }

  #ask(mode: Mode, value: unknown): Answer {
    if (this.isRunning) throw new TypeError('Generator is already running');
    const { frame } = this;
    if (frame.$n === 0 && mode !== MODE_NEXT) frame.$n = ENDED;
    if (frame.$n === ENDED) {
      if (mode === MODE_THROW) throw value;
      return { value: mode === MODE_RETURN ? value : undefined, done: true };
    }
    this.isRunning = true;
    try {
      return this.#run(mode, value);
    } catch (thrown) {
      frame.$n = ENDED;
      throw thrown;
    } finally {
      this.isRunning = false;
    }
  }

  #run(firstMode: Mode, firstValue: unknown): Answer {
    let mode = firstMode;
    let value = firstValue;
    for (;;) {
      if (this.inner !== null) {
        const [answer, goesOn] = this.#askInner(this.inner, mode, value);
        if (goesOn === null) return answer;
        mode = goesOn;
        value = answer.value;
      }
      const out = this.frame.$step(mode, value);
      if (this.frame.$n === ENDED) return { value: out, done: true };
      if (!(out instanceof Delegate)) return { value: out, done: false };
      this.inner = iteratorOf(out.target, Symbol.iterator);
      mode = MODE_NEXT;
      value = undefined;
    }
  }

  /** Asks the inner iterator; the mode in which the outer one goes on, null if it does not. */
  #askInner(inner: AnyIterator, mode: Mode, value: unknown): [Answer, Mode | null] {
    try {
      const asked = askOther(inner, mode, value);
      if (asked === null) {
        this.inner = null;
        return [{ value, done: true }, mode];
      }
      const answer = answerOf(asked.result);
      if (!answer.done) return [answer, null];
      this.inner = null;
      return [answer, mode === MODE_RETURN ? MODE_RETURN : MODE_NEXT];
    } catch (thrown) {
      this.inner = null;
      return [{ value: thrown, done: true }, MODE_THROW];
    }
  }
}

/** Asks an iterator that may lack `return` (null: nothing to ask) or `throw` (a TypeError, and it is closed). */
const askOther = (inner: AnyIterator, mode: Mode, value: unknown): { readonly result: unknown } | null => {
  if (mode === MODE_NEXT) return { result: inner.next(value) };
  if (mode === MODE_RETURN) return inner.return === undefined ? null : { result: inner.return(value) };
  if (inner.throw !== undefined) return { result: inner.throw(value) };
  inner.return?.();
  throw new TypeError("The iterator does not provide a 'throw' method");
};

/** (Compiled code) The generator of a frame. */
export const generator = (frame: Frame): Gen => new Gen(frame);

/** An async generator. Questions are answered one after the other. */
export class AsyncGen {
  readonly frame: Frame;
  /** A question is being answered. */
  isBusy = false;
  /** Turns of the questions that wait for it. */
  readonly turns: Future[] = [];
  /** The iterator that a `yield*` is in, and whether its answers are awaited. */
  inner: AnyIterator | null = null;

  constructor(frame: Frame) {
    this.frame = frame;
  }

  next(value?: unknown): Question {
    return new Question(this, MODE_NEXT, value);
  }

  throw(reason?: unknown): Question {
    return new Question(this, MODE_THROW, reason);
  }

  return(value?: unknown): Question {
    return new Question(this, MODE_RETURN, value);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  get [Symbol.toStringTag](): string {
    return 'AsyncGenerator';
  }
}

/** States of a question. */
const ASKED = 0;
/** It waits for its turn. */
const WAITING = 1;
/** The generator's frame runs, on top of it. */
const RUNNING = 2;
/** The inner iterator of a `yield*` was asked. */
const DELEGATED = 3;
/** The value of a `return` is awaited, of a generator that is over or has not begun. */
const RETURNING = 4;

/** One question to an async generator: `next`, `throw` or `return`. A frame of the runtime. */
export class Question extends Frame {
  readonly of: AsyncGen;
  mode: Mode;
  value: unknown;

  constructor(of: AsyncGen, mode: Mode, value: unknown) {
    super();
    this.of = of;
    this.mode = mode;
    this.value = value;
  }

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case ASKED:
        if (!this.of.isBusy) return this.#begin();
        this.$n = WAITING;
        return this.#turn();
      case WAITING:
        if (mode === MODE_THROW) throw value; // cancelled while it waited; its turn passes by (`passOn`)
        return this.#begin();
      case RUNNING:
        return this.#answered(mode, value);
      case DELEGATED:
        return this.#delegated(mode, value);
      default:
        return this.#returned(mode, value);
    }
  }

  #turn(): Future {
    const turn = new Future();
    this.of.turns.push(turn);
    return turn;
  }

  #begin(): unknown {
    const { of } = this;
    of.isBusy = true;
    if (of.frame.$n === 0 && this.mode !== MODE_NEXT) of.frame.$n = ENDED;
    if (of.frame.$n === ENDED) {
      if (this.mode === MODE_THROW) return this.#fail(this.value);
      if (this.mode === MODE_NEXT) return this.#end(undefined, true);
      this.$n = RETURNING;
      return this.value;
    }
    if (of.inner !== null) return this.#askInner(of.inner, this.mode, this.value);
    return this.#enter(this.mode, this.value);
  }

  #enter(mode: Mode, value: unknown): Enter {
    this.$n = RUNNING;
    return new Enter(this.of.frame, mode, value);
  }

  #answered(mode: Mode, value: unknown): unknown {
    if (mode === MODE_THROW) return this.#fail(value);
    if (mode === MODE_YIELDED) return this.#end(value, false);
    if (mode !== MODE_DELEGATED) return this.#end(value, true);
    try {
      this.of.inner = iteratorOf(value, Symbol.asyncIterator) ?? iteratorOf(value, Symbol.iterator);
    } catch (thrown) {
      return this.#enter(MODE_THROW, thrown);
    }
    return this.of.inner === null ? undefined : this.#askInner(this.of.inner, MODE_NEXT, undefined);
  }

  #askInner(inner: AnyIterator, mode: Mode, value: unknown): unknown {
    this.mode = mode;
    try {
      const asked = askOther(inner, mode, value);
      if (asked === null) {
        this.of.inner = null;
        return this.#enter(mode, value);
      }
      this.$n = DELEGATED;
      return asked.result;
    } catch (thrown) {
      this.of.inner = null;
      return this.#enter(MODE_THROW, thrown);
    }
  }

  #delegated(mode: Mode, value: unknown): unknown {
    const { of } = this;
    if (mode === MODE_THROW) {
      of.inner = null;
      return this.#enter(MODE_THROW, value);
    }
    if (typeof value !== 'object' || value === null) {
      of.inner = null;
      return this.#enter(MODE_THROW, new TypeError(`Iterator result ${String(value)} is not an object`));
    }
    const answer = value as Answer;
    if (!answer.done) return this.#end(answer.value, false);
    of.inner = null;
    return this.#enter(this.mode === MODE_RETURN ? MODE_RETURN : MODE_NEXT, answer.value);
  }

  #returned(mode: Mode, value: unknown): unknown {
    return mode === MODE_THROW ? this.#fail(value) : this.#end(value, true);
  }

  #end(value: unknown, done: boolean): Answer {
    this.$n = ENDED;
    this.#passOn();
    return { value, done };
  }

  #fail(reason: unknown): never {
    this.$n = ENDED;
    this.#passOn();
    throw reason;
  }

  /** The next question has its turn. One whose fiber does not wait any more has none. */
  #passOn(): void {
    const { of } = this;
    of.isBusy = false;
    for (let turn = of.turns.shift(); turn !== undefined; turn = of.turns.shift()) {
      const isWaited = (turn.waiting?.length ?? 0) > 0;
      settleFuture(turn, MODE_NEXT, undefined);
      if (!isWaited) continue;
      of.isBusy = true;
      return;
    }
  }
}

/** (Compiled code) The async generator of a frame. */
export const asyncGenerator = (frame: Frame): AsyncGen => new AsyncGen(frame);

/** (Compiled code) `yield` in an async generator: what its step returns. */
export const yielded = (value: unknown): Awaitable => new Yielded(value);

/** (Compiled code) `yield*`: what the step of a generator returns. */
export const delegate = (target: unknown): Awaitable => new Delegate(target);
