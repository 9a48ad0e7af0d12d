import { describe, expect, it } from 'vitest';
import { Gen } from '../../../kernel/resumable/generator.ts';
import { CollectionIter, ListIter } from '../../../kernel/resumable/iterators.ts';
import { sys } from '../../../kernel/resumable/sys/sys.ts';
import { SysError } from '../../../kernel/resumable/sys-error.ts';
import { Bytes } from '../../../ports/bytes.ts';
import {
  counter,
  frozen,
  moved,
  names,
  Point,
  Problem,
  pair,
  Registry,
  refusal,
  type Scope,
  Secret,
  serving,
  TABLE,
} from './image-scene.ts';

const { getOwnPropertyDescriptors } = Object;

describe('a value in an image', () => {
  it.each<readonly [string, unknown]>([
    ['-0', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['a large integer', 2 ** 53 - 1],
    ['a bigint', -(2n ** 200n)],
    ['undefined', undefined],
    ['a lone surrogate', 'a\ud800b'],
    ['the empty string', ''],
  ])('stays %s', (_, value) => {
    const there = moved({ value, list: [value], map: new Map([[value, value]]) });
    expect(Object.is(there.value, value)).toBe(true);
    expect(Object.is(there.list[0], value)).toBe(true);
    // A Map has no -0: it stores 0.
    expect(there.map.has(value)).toBe(true);
  });

  it('stays the same object wherever it is met, cycles and all', () => {
    const a: Record<string, unknown> = { n: 1 };
    const list = [a, a];
    a['self'] = a;
    a['list'] = list;
    const map = new Map<unknown, unknown>([[a, list]]);
    const there = moved({ a, map });
    expect(there.a['self']).toBe(there.a);
    expect((there.a['list'] as unknown[])[1]).toBe(there.a);
    expect(there.map.get(there.a)).toBe(there.a['list']);
  });

  it('may be a list of a hundred thousand links', () => {
    let head: { next: unknown } = { next: null };
    for (let i = 0; i < 100_000; i += 1) head = { next: head };
    let length = 0;
    for (let each: unknown = moved(head); each !== null; each = (each as { next: unknown }).next) length += 1;
    expect(length).toBe(100_001);
  });

  it('keeps holes, and what an array has beside its elements', () => {
    // biome-ignore lint/suspicious/noSparseArray: it is about holes
    const holes = [1, , undefined, ,];
    const there = moved(holes);
    expect([there.length, 1 in there, 2 in there, 3 in there]).toEqual([4, false, true, false]);
    const long: unknown[] = [];
    long[4_000_000_000] = 'end';
    expect(moved(long)).toHaveLength(4_000_000_001);
    expect(moved(long)[4_000_000_000]).toBe('end');
    const match = moved(/(?<letter>b)/.exec('abc') as RegExpExecArray);
    expect([match.index, match.groups?.['letter'], [...match]]).toEqual([1, 'b', ['b', 'b']]);
  });

  it.each<readonly [string, object]>([
    ['a frozen object', Object.freeze({ a: 1, b: { c: 2 } })],
    ['a sealed object', Object.seal({ a: 1 })],
    ['an object that cannot grow', Object.preventExtensions({ a: 1 })],
    ['a frozen array', Object.freeze([1, { a: 2 }])],
    ['a sealed array', Object.seal([1, 2])],
    ['an array that cannot grow', Object.preventExtensions([1, 2])],
    ['an array whose length is fixed', Object.defineProperty([1, 2], 'length', { writable: false })],
    ['an array with a hidden element', Object.defineProperty([1, 2], 1, { enumerable: false })],
    ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['a key named __proto__', JSON.parse('{"__proto__": {"polluted": 1}, "b": 2}') as object],
    ['hidden and fixed properties', Object.defineProperties({}, { a: { value: 1 }, b: { value: 2, writable: true } })],
    ['a symbol for a key', { [Symbol.for('k')]: 1, [Symbol.toStringTag]: 'Tagged' }],
  ])('stays %s', (_, value) => {
    const there = moved(value);
    expect(there).not.toBe(value);
    expect(Object.getPrototypeOf(there)).toBe(Object.getPrototypeOf(value));
    expect(getOwnPropertyDescriptors(there)).toEqual(getOwnPropertyDescriptors(value));
    expect(Object.keys(there)).toEqual(Object.keys(value));
    expect(Object.isExtensible(there)).toBe(Object.isExtensible(value));
  });

  it('keeps accessors that the program has made', () => {
    const scope: Scope = { count: 1 };
    const there = moved({ scope, made: Object.defineProperty({}, 'next', { get: counter(scope), enumerable: true }) });
    expect((there.made as { next: number }).next).toBe(2);
    expect(there.scope.count).toBe(2);
  });

  it('keeps maps and sets in order', () => {
    const map = new Map<unknown, unknown>([
      ['b', 1],
      ['a', new Set([3, 1, 2])],
    ]);
    expect([...moved(map).keys()]).toEqual(['b', 'a']);
    expect([...(moved(map).get('a') as Set<number>)]).toEqual([3, 1, 2]);
  });

  it('keeps dates and expressions', () => {
    expect(moved(new Date(123)).getTime()).toBe(123);
    expect(moved(new Date(Number.NaN)).getTime()).toBeNaN();
    const expression = /a\/b(?=c)/giu;
    expression.lastIndex = 7;
    const there = moved(expression);
    expect([there.source, there.flags, there.lastIndex]).toEqual([expression.source, 'giu', 7]);
  });

  it('keeps errors with everything they say', () => {
    const cause = new TypeError('inner');
    const error = Object.assign(new Error('outer', { cause }), { code: 'E_X', extra: [1] });
    const there = moved(error);
    expect(there).toBeInstanceOf(Error);
    expect([there.message, there.stack, there.code, there.extra]).toEqual(['outer', error.stack, 'E_X', [1]]);
    expect(there.cause).toBeInstanceOf(TypeError);
    expect(Object.keys(there)).toEqual(['code', 'extra']);
    const several = moved(new AggregateError([cause], 'several'));
    expect([several.message, (several.errors as Error[])[0]?.message]).toEqual(['several', 'inner']);
    const problem = moved(new Problem('bad', { at: 3 }));
    expect(problem).toBeInstanceOf(Problem);
    expect([problem.name, problem.message, problem.detail]).toEqual(['Problem', 'bad', { at: 3 }]);
    const failure = moved(new SysError('MACH_RCV_TIMED_OUT', 'receive'));
    expect(failure).toBeInstanceOf(SysError);
    expect(failure).toMatchObject({ code: 'MACH_RCV_TIMED_OUT', call: 'receive', why: null });
  });

  it('keeps what several views share', () => {
    const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
    const there = moved({
      words: new Uint16Array(buffer, 2, 2),
      bytes: new Uint8Array(buffer),
      view: new DataView(buffer, 3),
      big: new BigInt64Array(buffer),
      immutable: Bytes.from([1, 2, 3]),
    });
    expect([there.words.byteOffset, there.words.length, there.view.byteOffset]).toEqual([2, 2, 3]);
    there.bytes[2] = 0xff;
    there.bytes[3] = 0xee;
    expect(there.words[0]).toBe(0xeeff);
    expect(there.view.getUint8(0)).toBe(0xee);
    expect(there.big.buffer).toBe(there.bytes.buffer);
    expect([...there.immutable]).toEqual([1, 2, 3]);
  });

  it('keeps instances of the program by value', () => {
    const there = moved([new Point(3, 4), new Registry([['k', 1]])] as const);
    expect(there[0]).toBeInstanceOf(Point);
    expect([there[0].length, there[0].sum()]).toEqual([5, 7]);
    expect(there[1]).toBeInstanceOf(Registry);
    expect([there[1].get('k'), there[1].label]).toEqual([1, 'registry']);
  });

  it('keeps registered instances by what they say, cycles through them too', () => {
    const holder: Record<string, unknown> = {};
    const secret = new Secret(holder);
    holder['secret'] = secret;
    const there = moved({ secret, again: secret, late: new Secret(new Secret([1])) });
    expect(there.secret).toBeInstanceOf(Secret);
    expect(there.again).toBe(there.secret);
    expect((there.secret.reveal() as Record<string, unknown>)['secret']).toBe(there.secret);
    expect(((there.late.reveal() as Secret).reveal() as number[])[0]).toBe(1);
  });

  it('keeps what has a name as that very thing', () => {
    const { sum } = Point.prototype;
    const getter = Object.getOwnPropertyDescriptor(Point.prototype, 'length')?.get;
    const all = [TABLE, Point, Point.prototype, sum, Point.origin, getter, sys, sys.receive, sys.vm, SysError] as const;
    const builtIn = [Math.max, Map, Array.prototype.map, JSON, Symbol.iterator, Symbol.for('x'), parseInt] as const;
    const there = moved([...all, ...builtIn]);
    expect(there.every((each, i) => each === [...all, ...builtIn][i])).toBe(true);
  });
});

describe('code in an image', () => {
  it('shares the variables that closures share', () => {
    const scope: Scope = { count: 5 };
    scope.next = counter(scope);
    const there = moved({ scope, next: scope.next, other: counter(scope) });
    expect(there.next).toBe(there.scope.next);
    expect([there.next(), there.other(), there.scope.count]).toEqual([6, 7, 7]);
    expect(there.next.name).toBe(scope.next.name);
  });

  it('makes closures after those that they hold, and beside instances', () => {
    const scope: Record<string, unknown> = { count: 0 };
    const inner = pair(undefined, scope);
    const outer = pair(inner, new Secret(scope));
    scope['outer'] = outer;
    const there = moved({ outer, scope });
    const [first, second] = there.outer() as [() => unknown[], Secret];
    expect(first()[1]).toBe(there.scope);
    expect(second.reveal()).toBe(there.scope);
    expect(there.scope['outer']).toBe(there.outer);
  });

  it('keeps the live locals of a frame and no others', () => {
    const frame = serving([1, 2], { count: 3 });
    frame.late = () => 'not live, so no harm';
    const there = moved(frame);
    expect([there.$n, there.list, there.$s1, there.late]).toEqual([1, [1, 2], { count: 3 }, undefined]);
    expect(there.$step()).toEqual([[1, 2], { count: 3 }]);
  });

  it('keeps iterators where they are', () => {
    const map = new Map([1, 2, 3, 4].map((n) => [n, n * 10]));
    const iterator = new CollectionIter(map, 'entries');
    iterator.step();
    iterator.step();
    map.delete(1);
    const list = new ListIter(['a', 'b', 'c'], 'values');
    list.step();
    const there = moved({ map, iterator, list });
    const rest: unknown[] = [];
    while (there.iterator.step()) {
      rest.push(there.iterator.value);
      there.map.delete(4);
    }
    expect(rest).toEqual([[3, 30]]);
    expect([there.list.step(), there.list.value]).toEqual([true, 'b']);
    expect([iterator.step(), iterator.value]).toEqual([true, [3, 30]]);
  });

  it('keeps generators by their frames', () => {
    const generator = new Gen(serving(['x']));
    expect(moved(generator).next()).toEqual({ value: [['x'], undefined], done: true });
  });
});

describe('what cannot be frozen', () => {
  const running = new Gen(serving(1));
  running.isRunning = true;
  const selfish = new Secret(null);
  const foreign = new (class Socket {})();

  it.each<readonly [string, unknown, string]>([
    [
      'an instance of an unknown class',
      serving([0, { sock: foreign }]),
      'F06: frame serve (hand.program.ts:12:3) > local list > 1 > sock is an instance of Socket',
    ],
    [
      'a captured one',
      serving(1, { sock: foreign }),
      'F06: frame serve (hand.program.ts:12:3) > local sock is an instance of Socket',
    ],
    ['in a map', new Map([['a', new Map([[{}, foreign]])]]), 'F06: a > value 0 is an instance of Socket'],
    ['a promise', { job: Promise.resolve() }, 'F03: job is a promise of the host'],
    ['a native iterator', { it: [1].values() }, 'F04: it is an iterator'],
    ['a native generator', { it: (function* () {})() }, 'F04: it is an iterator or generator'],
    ['a weak map', { w: new WeakMap() }, 'F05: w is a WeakMap'],
    ['a weak reference', { w: new WeakRef({}) }, 'F05: w is a WeakRef'],
    ['a boxed number', { n: Object(1) }, 'F07: n is a Number object'],
    ['a symbol of this process', { s: Symbol('mine') }, 'F08: s is Symbol(mine)'],
    ['one for a key', { a: { [Symbol('mine')]: 1 } }, 'F08: a'],
    ['shared memory', { m: new SharedArrayBuffer(8) }, 'F10: m is a SharedArrayBuffer'],
    ['a buffer of Node', { b: Buffer.from('abc') }, 'F06: b is an instance of Buffer'],
    ['a function of nobody', { f: () => 1 }, 'F02: f is function f that no module'],
    ['an intrinsic that runs text', { f: Function }, 'F02: f is function Function'],
    ['a function with properties', { f: Object.assign(counter({ count: 0 }), { extra: 1 }) }, 'F11: f > extra'],
    ['an object over an object', { o: Object.create({ a: 1 }) as unknown }, 'F06: o has an object for a prototype'],
    [
      'something that throws',
      {
        p: new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no');
            },
          },
        ),
      },
      'F14: p cannot be looked at',
    ],
    ['a generator that runs', { g: running }, 'F01: g is a generator that runs now'],
  ])('%s', (_, value, says) => {
    expect(refusal(value)).toContain(says);
  });

  it('a registered instance that is made of itself', () => {
    class Loop {}
    const scope = { Loop };
    expect(refusal({ selfish, scope })).toContain('F02: scope > Loop');
  });

  it('is told without end of a long way', () => {
    let list: unknown = foreign;
    for (let i = 0; i < 5000; i += 1) list = { list };
    expect(refusal(list).length).toBeLessThan(400);
  });

  it('changes nothing', () => {
    const value = { list: [1], foreign };
    const before = JSON.stringify(value);
    refusal(value);
    expect([JSON.stringify(value), Object.isFrozen(value), names.modules.size]).toEqual([before, false, 1]);
  });
});

describe('the weight of a graph', () => {
  it('is told by the deepest part with half of it', () => {
    const words = Array.from({ length: 500 }, (_, i) => `word ${i}`);
    const { bytes, heaviest } = frozen(serving({ small: [1], words }));
    expect(heaviest).toMatchObject({ root: 0, path: 'frame serve (hand.program.ts:12:3) > local list > words' });
    expect(heaviest?.bytes).toBeLessThanOrEqual(bytes.length);
  });

  it('says the keys of a thousand rows once', () => {
    const rows = Array.from({ length: 1000 }, (_, id) => ({ id, anExtraordinarilyLongName: id % 2, other: null }));
    expect(frozen(rows).bytes.length).toBeLessThan(20_000);
  });
});
