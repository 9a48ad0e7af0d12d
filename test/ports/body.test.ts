import { types } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitBody, type Body, BodyRefusal, bodySize } from '../../ports/body.ts';
import { Bytes } from '../../ports/bytes.ts';
import { anyBody, plainBody, shown } from './body-values.ts';

fc.configureGlobal({ seed: 20_240_607 });

const isDeepFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeepFrozen));

const isDeepLoose = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  Bytes.is(value) ||
  (!Object.isFrozen(value) && Object.values(value).every(isDeepLoose));

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? { in: value } : [value];
  return value;
};

const cyclic = (): unknown => {
  const ring: Record<string, unknown> = { list: [1, {}] };
  (ring['list'] as unknown[])[1] = { back: ring };
  return ring;
};

const holes = [1, 2, 3];
delete holes[1];
const withGetter = Object.defineProperty([1], 0, { get: () => 1, enumerable: true, configurable: true });
const hidden = Object.defineProperty({ a: 1 }, 'b', { value: 2 });
const tagged = Object.assign([1, 2], { index: 4 });
class Point {
  x = 1;
}

describe('an admitted body', () => {
  it('is the very value that was sent, frozen all through', () => {
    fc.assert(
      fc.property(plainBody, (value) => {
        const before = shown(value);
        expect(admitBody(value)).toBe(value);
        expect(isDeepFrozen(value)).toBe(true);
        expect(shown(value)).toBe(before);
        expect(admitBody(value)).toBe(value);
      }),
    );
  });

  it('says the same with clones in it, and shares nothing that can change', () => {
    fc.assert(
      fc.property(anyBody, (value) => {
        const body = admitBody(value);
        expect(shown(body)).toBe(shown(value));
        expect(shown(admitBody(body))).toBe(shown(value));
      }),
    );
  });

  it('freezes what is not frozen inside what is', () => {
    const inner = { x: 1 };
    const outer = Object.freeze({ inner, list: Object.freeze([{ y: 1 }]) });
    expect(admitBody(outer)).toBe(outer);
    expect(isDeepFrozen(outer)).toBe(true);
  });

  it('has clones of its own, and leaves the sender what it did not freeze', () => {
    const when = new Date(5);
    const sent = { when, keep: { a: 1 }, map: new Map([['k', [new Uint8Array([1, 2]).subarray(1)]]]) };
    const body = admitBody(sent) as typeof sent;
    when.setTime(6);
    sent.map.clear();
    expect(body.when.getTime()).toBe(5);
    expect(body.map.get('k')?.[0]).toEqual(new Uint8Array([2]));
    expect(body.keep).toBe(sent.keep);
    expect([Object.isFrozen(sent), Object.isFrozen(body), Object.isFrozen(sent.keep)]).toEqual([false, true, true]);
  });

  it('is cloned again each time it is passed on', () => {
    const first = admitBody({ set: new Set([1]) }) as { set: Set<number> };
    const second = admitBody(first) as { set: Set<number> };
    first.set.add(2);
    expect([...second.set]).toEqual([1]);
  });

  it('takes a Buffer for the Uint8Array that it is', () => {
    const body = admitBody(Buffer.from([1, 2])) as Uint8Array;
    expect(body.constructor).toBe(Uint8Array);
    expect([...body]).toEqual([1, 2]);
  });

  it('keeps of an error what it says, not where it was thrown', () => {
    class Lost extends TypeError {
      override readonly name = 'Lost';
      readonly code = 'E_LOST';
    }
    const body = admitBody(new Lost('at sea', { cause: { depth: 9 } })) as Lost;
    expect([body instanceof TypeError, body.name, body.message, body.code, body.cause]).toEqual([
      true,
      'Lost',
      'at sea',
      'E_LOST',
      { depth: 9 },
    ]);
    expect(body.stack).toBe('Lost: at sea');
  });

  it('may be 64 high, built in one or many steps', () => {
    expect(admitBody(nested(64))).not.toBeInstanceOf(BodyRefusal);
    let step: unknown = 1;
    for (let height = 1; height <= 64; height += 1) expect(admitBody((step = { step }))).toBe(step);
    expect(admitBody({ step })).toMatchObject({ why: 'is nested deeper than 64' });
    expect(admitBody(Object.freeze([step]))).toMatchObject({ path: 'body[0]' });
  });

  it('may hold the same object twice, even where that multiplies without end', () => {
    let twice: unknown = { end: 1 };
    for (let level = 0; level < 50; level += 1) expect(admitBody((twice = [twice, twice]))).toBe(twice);
    expect(bodySize(twice as Body)).toBeGreaterThanOrEqual(2 ** 27);
    let fresh: unknown = { end: 1 };
    for (let level = 0; level < 50; level += 1) fresh = [fresh, fresh];
    expect(admitBody(fresh)).toMatchObject({ why: 'holds more than 262144 values' });
  });
});

describe('a refused body', () => {
  it.each<[string, string, unknown]>([
    ['body', 'is a function', () => 1],
    ['body', 'is a symbol', Symbol('s')],
    ['body.items[3].x', 'is a function', { items: [1, 2, 3, { x: () => 1 }] }],
    ['body["a b"].c', 'is a symbol', { 'a b': { c: Symbol('s') } }],
    ['body.o', 'has a symbol for a key', { o: { [Symbol('s')]: 1 } }],
    [
      'body.a',
      'is an accessor',
      {
        get a() {
          return 1;
        },
      },
    ],
    ['body.a', 'is an accessor', { set a(_value: number) {} }],
    ['body[0]', 'is an accessor', withGetter],
    ['body.list[1].back', 'contains itself', cyclic()],
    ['body[1]', 'is missing: the array has holes', holes],
    ['body[0]', 'is missing: the array has holes', new Array(2)],
    ['body.b', 'is not enumerable', hidden],
    ['body', 'is an array with more than its elements', tagged],
    ['body.p', 'is an instance of Point', { p: new Point() }],
    ['body.p', 'is an instance of Promise', { p: Promise.resolve() }],
    ['body.p', 'is an instance of Number', { p: new Number(1) }],
    ['body.p', 'is an instance of WeakMap', { p: new WeakMap() }],
    ['body', 'is an instance of MyMap', new (class MyMap extends Map {})()],
    ['body.__proto__', 'is named __proto__', JSON.parse('{"__proto__": 1}')],
    ['body.s', 'is a SharedArrayBuffer', { s: new SharedArrayBuffer(8) }],
    ['body.s', 'is memory in a SharedArrayBuffer', { s: new Uint8Array(new SharedArrayBuffer(8)) }],
    ['body<key 0>', 'is a function', new Map([[() => 1, 1]])],
    [
      'body.m<value 1>.x',
      'is a function',
      {
        m: new Map<number, unknown>([
          [1, 1],
          [2, { x: () => 1 }],
        ]),
      },
    ],
    ['body<value 0>', 'is a symbol', new Set([Symbol('s')])],
    ['body.cause', 'is a function', new Error('e', { cause: () => 1 })],
    ['body', 'is an instance of Map with properties of its own', Object.assign(new Map(), { x: 1 })],
    [
      'body',
      'cannot be read: looking at it throws',
      new Proxy(
        {},
        {
          getPrototypeOf: () => {
            throw new Error('trap');
          },
        },
      ),
    ],
  ])('%s %s', (path, why, value) => {
    expect(admitBody(value)).toEqual(new BodyRefusal(path, why));
  });

  it('names a proxy where proxies can be told', () => {
    const value = { a: [new Proxy({}, {})] };
    expect(admitBody(value, types.isProxy)).toEqual(new BodyRefusal('body.a[0]', 'is a proxy'));
    expect(admitBody(new Proxy({}, {}), types.isProxy)).toEqual(new BodyRefusal('body', 'is a proxy'));
  });

  it('names the path of what is too deep', () => {
    expect(admitBody(nested(65))).toMatchObject({
      why: 'is nested deeper than 64',
      path: `body${'.in[0]'.repeat(32)}`,
    });
  });

  it('never calls a getter', () => {
    let calls = 0;
    const spy = { enumerable: true, get: () => (calls += 1) };
    admitBody(Object.defineProperty({}, 'x', spy));
    admitBody({ deep: { er: [Object.defineProperty({}, 'x', spy)] } });
    admitBody(Object.defineProperty([1, 2], 1, spy));
    expect(calls).toBe(0);
  });

  it('has frozen nothing, wherever the culprit is', () => {
    fc.assert(
      fc.property(fc.array(plainBody, { maxLength: 5 }), fc.nat(5), (values, at) => {
        const loose = values.filter(isDeepLoose);
        const body = { first: loose.slice(0, at), culprit: () => 1, last: loose.slice(at) };
        expect(admitBody(body)).toBeInstanceOf(BodyRefusal);
        expect(isDeepLoose(body.first) && isDeepLoose(body.last) && !Object.isFrozen(body)).toBe(true);
      }),
    );
  });
});

describe('the size of a body', () => {
  it('is the same fresh, admitted and passed on', () => {
    fc.assert(
      fc.property(anyBody, (value) => {
        const size = bodySize(value);
        const body = admitBody(value) as Body;
        expect(bodySize(body)).toBe(size);
        expect(bodySize(admitBody(body) as Body)).toBe(size);
      }),
    );
  });

  it.each([
    [null, 1],
    [undefined, 1],
    [7, 9],
    ['abc', 12],
    [Bytes.from([1, 2]), 8],
    [[], 6],
    [{ a: 1 }, 23],
  ] as [Body, number][])('of %s is %i', (body, size) => expect(bodySize(body)).toBe(size));
});
