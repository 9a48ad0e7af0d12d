import { describe, expect, it } from 'vitest';
import { start } from '../../../kernel/resumable/future.ts';
import {
  type AsyncGen,
  asyncGenerator,
  delegate,
  type Gen,
  generator,
  yielded,
} from '../../../kernel/resumable/generator.ts';
import { type AsyncIter, iterateAsync } from '../../../kernel/resumable/iterators.ts';
import { Join } from '../../../kernel/resumable/join.ts';
import { sys } from '../../../kernel/resumable/sys.ts';
import { end, go, handModule, type Locals, type Step } from './hand.ts';
import { play, type Scene } from './hand-scene.ts';

const { define } = handModule('generators.program.ts');
const log: unknown[] = [];

const gen = (...steps: readonly Step[]): Gen => generator(define('gen', [], steps, 'generator')());
const asyncGen = (...steps: readonly Step[]): AsyncGen =>
  asyncGenerator(define('asyncGen', [], steps, 'async-generator')());
const script = (...steps: readonly Step[]): Scene => {
  log.length = 0;
  return play(define('main', [], steps));
};

describe('a generator', () => {
  it('gives, is given, and ends with a value', () => {
    const made = gen(
      () => 1,
      (_, value) => value,
      (_, value, frame) => end(frame, value),
    );
    expect([made.next('lost'), made.next('a'), made.next('b'), made.next('c')]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 'a' },
      { done: true, value: 'b' },
      { done: true, value: undefined },
    ]);
    expect([
      ...gen(
        () => 1,
        () => 2,
        (_l, _v, frame) => end(frame, 3),
      ),
    ]).toEqual([1, 2]);
    expect(String(made)).toBe('[object Generator]');
  });

  it('is closed early, before it begins and in the middle', () => {
    expect([gen(() => 1).return(5), gen(() => 1).next()]).toEqual([
      { done: true, value: 5 },
      { done: false, value: 1 },
    ]);
    const made = gen(
      () => 1,
      () => 2,
    );
    made.next();
    expect([made.return(7), made.next(), made.return(8)]).toEqual([
      { done: true, value: 7 },
      { done: true, value: undefined },
      { done: true, value: 8 },
    ]);
  });

  it('is thrown into, and is over by what it throws', () => {
    const made = gen(
      (locals) => {
        locals['catch'] = 1;
        return 1;
      },
      (_, thrown) => `caught ${thrown}`,
    );
    made.next();
    expect(made.throw('x')).toEqual({ done: false, value: 'caught x' });
    expect(() => made.throw(new RangeError('y'))).toThrow(RangeError);
    expect(made.next()).toEqual({ done: true, value: undefined });
    expect(() => gen(() => 1).throw(new RangeError('z'))).toThrow(RangeError);
  });

  it('refuses to run inside itself', () => {
    const box: { made?: Gen } = {};
    box.made = gen(() => box.made?.next());
    expect(() => box.made?.next()).toThrow(TypeError);
  });

  it('delegates to another and to any iterator, in all three ways', () => {
    const inner = (): Gen =>
      gen(
        () => 1,
        (_, value) => value,
        (_, value, frame) => end(frame, `end ${value}`),
      );
    const outer = (target: unknown): Gen =>
      gen(
        () => delegate(target),
        (_, value, frame) => end(frame, value),
      );
    const made = outer(inner());
    expect([made.next('lost'), made.next('a'), made.next('b')]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 'a' },
      { done: true, value: 'end b' },
    ]);
    expect([...outer([1, 2])]).toEqual([1, 2]);
    const closed = outer(inner());
    closed.next();
    expect([closed.return(4), closed.next()]).toEqual([
      { done: true, value: 4 },
      { done: true, value: undefined },
    ]);
    const broken = outer(inner());
    broken.next();
    expect(() => broken.throw(new RangeError('no'))).toThrow(RangeError);
    expect(() => outer(3).next()).toThrow(TypeError);
    const bare = outer({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) });
    bare.next();
    expect(() => bare.throw('x')).toThrow(TypeError);
  });
});

/** Counts to `to`, sleeping before each. */
const counter = (to: number): AsyncGen =>
  asyncGen(
    () => sys.sleep(1),
    (locals) => {
      locals['n'] = ((locals['n'] as number | undefined) ?? 0) + 1;
      return yielded(locals['n']);
    },
    (locals, _, frame) => (locals['n'] === to ? end(frame, 'all') : go(frame, 0)),
  );

describe('an async generator', () => {
  it('is asked until it ends', () => {
    const made = counter(2);
    const ask: Step = (_, value) => log.push(value) && made.next();
    const { lab } = script(
      () => made.next(),
      ask,
      ask,
      ask,
      (_l, value, frame) => end(frame, log.push(value)),
    );
    lab.advance(1);
    lab.advance(1);
    expect(log).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: 'all' },
      { done: true, value: undefined },
    ]);
    expect(lab.kernel.tasks.size).toBe(0);
  });

  it('answers questions that come together one after the other', () => {
    const made = counter(2);
    const { lab } = script(
      () => Join.all([made.next(), made.next(), made.next(), made.return(9)]),
      (_l, value, frame) => end(frame, log.push(value)),
    );
    for (let i = 0; i < 4; i += 1) lab.advance(1);
    expect(log).toEqual([
      [
        { done: false, value: 1 },
        { done: false, value: 2 },
        { done: true, value: 'all' },
        { done: true, value: 9 },
      ],
    ]);
  });

  it('is left early, and thrown into', () => {
    const left = counter(9);
    const thrown = counter(9);
    const { lab } = script(
      () => left.next(),
      () => left.return('bye'),
      (_, value) => log.push(value) && left.next(),
      (_, value) => log.push(value) && thrown.next(),
      (locals) => {
        locals['catch'] = 5;
        return thrown.throw(new RangeError('out'));
      },
      (_, error) => log.push(String(error)) && thrown.next(),
      (_l, value, frame) => end(frame, log.push(value)),
    );
    lab.advance(1);
    lab.advance(1);
    const over = { done: true, value: undefined };
    expect(log).toEqual([{ done: true, value: 'bye' }, over, 'RangeError: out', over]);
  });

  it('delegates to another, and to a plain iterator', () => {
    const made = asyncGen(
      () => delegate(counter(2)),
      (_, value) => log.push(value) && delegate(['a']),
      (_l, _v, frame) => end(frame, 'end'),
    );
    const ask: Step = (_, value) => log.push(value) && made.next();
    const { lab, failures } = script(
      () => made.next(),
      ask,
      ask,
      (_l, value, frame) => end(frame, log.push(value)),
      ask,
    );
    lab.advance(1);
    lab.advance(1);
    expect(failures()).toEqual([]);
    expect(log).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, 'all', { done: false, value: 'a' }]);
  });

  it('passes by a question that was cancelled while it waited', () => {
    const made = counter(3);
    const { lab } = script(
      (locals) => {
        Object.assign(locals, { first: start(made.next()), second: start(made.next()), third: start(made.next()) });
        return sys.yield();
      },
      (locals) => {
        (locals['second'] as { cancel(): boolean }).cancel();
        return Join.allSettled([locals['first'], locals['second'], locals['third']]);
      },
      (_l, value, frame) => end(frame, log.push(value)),
    );
    lab.advance(1);
    lab.advance(1);
    expect(log).toMatchObject([
      [
        { value: { done: false, value: 1 } },
        { status: 'rejected', reason: { code: 'E_CANCELLED' } },
        { value: { done: false, value: 2 } },
      ],
    ]);
  });
});

describe('a loop that awaits what it goes through', () => {
  const loop = (target: unknown, leaveAt = Number.POSITIVE_INFINITY): Scene =>
    script(
      (locals) => {
        locals['it'] = iterateAsync(target);
        return undefined;
      },
      (locals) => (locals as { it: AsyncIter }).it.next(),
      (locals: Locals, result: { done: boolean; value: unknown }, frame) => {
        if (result.done) return end(frame, log.push('over'));
        log.push(result.value);
        return result.value === leaveAt ? (locals as { it: AsyncIter }).it.return() : go(frame, 1);
      },
      (_l, value, frame) => end(frame, log.push('left', value)),
    );

  it('of an async generator, to its end and not', () => {
    const { lab } = loop(counter(2));
    lab.advance(1);
    lab.advance(1);
    expect(log).toEqual([1, 2, 'over']);
    const left = loop(counter(9), 1);
    left.lab.advance(1);
    expect([log, left.lab.kernel.tasks.size]).toEqual([[1, 'left', undefined], 0]);
  });

  it('of plain things, calls and futures', () => {
    loop([1, define('two', [], [(_l, _v, frame) => end(frame, 2)])(), Join.resolve(3)]);
    expect(log).toEqual([1, 2, 3, 'over']);
    loop(new Set([1, 2]), 1);
    expect(log).toEqual([1, 'left', undefined]);
  });

  it('of an async iterator of the program', () => {
    let n = 0;
    const closed: string[] = [];
    const next = define(
      'next',
      [],
      [() => sys.yield(), (_l, _v, frame) => end(frame, { done: (n += 1) > 2, value: n })],
    );
    const target = { [Symbol.asyncIterator]: () => ({ next, return: () => closed.push('closed') }) };
    loop(target);
    expect([log, closed]).toEqual([[1, 2, 'over'], []]);
    n = 0;
    loop(target, 1);
    expect([log.slice(0, 2), closed]).toEqual([[1, 'left'], ['closed']]);
  });

  it('of what cannot be gone through is refused', () => {
    expect(loop(5).failures()).toEqual([expect.stringContaining('TypeError')]);
    expect(loop({ [Symbol.asyncIterator]: () => ({ next: () => 1 }) }).failures()).toEqual([
      expect.stringContaining('TypeError'),
    ]);
  });
});
