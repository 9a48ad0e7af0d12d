import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../../kernel/resumable/generator.ts';
import {
  CollectionIter,
  type Iter,
  iterate,
  keysIn,
  ListIter,
  type UserIter,
} from '../../../kernel/resumable/iterators.ts';
import { end, handModule } from './hand.ts';

const drain = (iter: Iter): unknown[] => {
  const seen: unknown[] = [];
  while (iter.step()) seen.push(iter.value);
  return seen;
};

class Odd extends Array<number> {
  override *[Symbol.iterator](): ArrayIterator<number> {
    for (let i = 0; i < this.length; i += 1) if (i % 2 === 1) yield this[i] as number;
  }
}

const things: readonly (readonly [string, () => Iterable<unknown>])[] = [
  ['an array with a hole', () => Object.assign(new Array(3), { 0: 1, 2: 3 })],
  ['a string of astral letters and lone halves', () => 'a\u{1F600}\ud800b\udc00'],
  ['typed arrays', () => new Float32Array([1.5, -0, Number.NaN])],
  ['big ones', () => new BigInt64Array([1n, -2n])],
  [
    'a map',
    () =>
      new Map<unknown, unknown>([
        [1, 'a'],
        [Number.NaN, 'b'],
      ]),
  ],
  ['a set', () => new Set([3, 1, 3])],
  ['an iterator of a map', () => new Map([[1, 2]]).values()],
  ['an array with an iterator of its own', () => Odd.from([1, 2, 3, 4])],
  [
    'a native generator',
    function* () {
      yield 1;
      yield 2;
    },
  ],
];

describe('what a loop goes through', () => {
  it.each(things)('%s gives what it gives natively', (_, make) => {
    expect(drain(iterate(make()))).toEqual([...make()]);
  });

  it.each(['entries', 'keys', 'values'] as const)('%s of the built-in collections', (kind) => {
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    expect(drain(iterate(map, kind))).toEqual([...map[kind]()]);
    expect(drain(iterate(new Set([5, 6]), kind))).toEqual([...new Set([5, 6])[kind]()]);
    expect(drain(iterate([7, 8], kind))).toEqual([...[7, 8][kind]()]);
    expect(drain(iterate(new Uint8Array([7, 8]), kind))).toEqual([...new Uint8Array([7, 8])[kind]()]);
    expect(drain(iterate({ [kind]: () => [9] }, kind))).toEqual([9]);
  });

  it.each([[null], [undefined], [1], [{}], [{ [Symbol.iterator]: 1 }]])('%s is refused', (target) => {
    expect(() => iterate(target)).toThrow(TypeError);
  });

  it('keys of an object are those of for-in', () => {
    const object = Object.assign(Object.create({ inherited: 1 }), { b: 1, 2: 1, a: 1, 1: 1 });
    expect(drain(keysIn(object))).toEqual(['1', '2', 'b', 'a', 'inherited']);
    expect(drain(keysIn('ab'))).toEqual(['0', '1']);
    expect([drain(keysIn(null)), drain(keysIn(undefined)), drain(keysIn(3))]).toEqual([[], [], []]);
  });

  it('a key that is deleted meanwhile does not come, one that is added does not either', () => {
    const object: Record<string, number> = { a: 1, b: 2, c: 3 };
    const iter = keysIn(object);
    iter.step();
    delete object['b'];
    object['d'] = 4;
    expect(drain(iter)).toEqual(['c']);
  });

  it('a list that grows is gone through to its end, and is over then', () => {
    const list = [1];
    const iter = iterate(list);
    iter.step();
    list.push(2);
    expect(drain(iter)).toEqual([2]);
    list.push(3);
    expect(iter.step()).toBe(false);
    expect(iter).toBeInstanceOf(ListIter);
  });
});

type Change =
  | { readonly set: number }
  | { readonly delete: number }
  | { readonly clear: true }
  | { readonly step: true };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ set: fc.nat(9) }),
  fc.record({ delete: fc.nat(9) }),
  fc.constant<Change>({ clear: true }),
  fc.constant<Change>({ step: true }),
  fc.constant<Change>({ step: true }),
);

describe('the position in a Map or Set, as data', () => {
  it('goes on as the native iterator does, whatever is changed and wherever it is put', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), fc.array(change), (start, changes) => {
        const set = new Set(start);
        const native = set.values();
        let iter = iterate(set) as CollectionIter;
        let isOver = false;
        for (const each of changes) {
          if ('set' in each) set.add(each.set);
          else if ('delete' in each) set.delete(each.delete);
          else if ('clear' in each) set.clear();
          else {
            const { done, value } = native.next();
            expect(iter.step()).toBe(done !== true);
            isOver ||= done === true;
            if (!isOver) expect(iter.value).toBe(value);
          }
          iter = new CollectionIter(set, 'values', iter.position(), iter.value);
          iter.open();
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('is asked without moving it', () => {
    const iter = iterate(
      new Map([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ]),
    ) as CollectionIter;
    iter.step();
    expect([iter.position(), iter.position()]).toEqual([1, 1]);
    expect(drain(iter)).toEqual([
      [2, 'b'],
      [3, 'c'],
    ]);
    expect(iter.position()).toBe(-1);
  });
});

describe('closing', () => {
  it('ends an iterator of the program once, and not one that is over or has failed', () => {
    const closed: string[] = [];
    const of = (name: string, next: () => IteratorResult<number>): UserIter =>
      iterate({
        [Symbol.iterator]: () => ({ next, return: () => closed.push(name) }),
      }) as UserIter;
    const early = of('early', () => ({ done: false, value: 1 }));
    early.step();
    early.close();
    early.close();
    const over = of('over', () => ({ done: true, value: undefined }));
    over.step();
    over.close();
    const broken = of('broken', () => {
      throw new RangeError('no');
    });
    expect(() => broken.step()).toThrow(RangeError);
    broken.close();
    expect(closed).toEqual(['early']);
    expect([early.step(), over.step(), broken.step()]).toEqual([false, false, false]);
  });

  it('runs the finally block of a generator', () => {
    const { define } = handModule('g');
    const log: unknown[] = [];
    const frame = define('g', [], [() => 'first', (_locals, _value, at) => end(at)], 'generator')();
    frame.$step = new Proxy(frame.$step, {
      apply(step, self, [mode, value]: [number, unknown]) {
        if (mode === 2) log.push('finally');
        return Reflect.apply(step, self, [mode, value]);
      },
    });
    const iter = iterate(generator(frame));
    expect([iter.step(), iter.value]).toEqual([true, 'first']);
    iter.close();
    expect(log).toEqual(['finally']);
  });
});
