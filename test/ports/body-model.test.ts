/**
 * Admission against a model of it, on values of every kind, hostile ones among them. A value is made from a recipe, so
 * that it can be made again as fresh as the first time.
 */
import { types } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitBody, admitPlain, admitWhole, BodyRefusal, bodySize, NOT_PLAIN, sizeOfWeight } from '../../ports/body.ts';
import { Bytes } from '../../ports/bytes.ts';
import { BODY_DEPTH_MAX } from '../../ports/limits.ts';

fc.configureGlobal({ seed: 20_240_607 });

type Trick =
  | 'getter'
  | 'setter'
  | 'hidden'
  | 'symbol'
  | 'proto'
  | 'method'
  | 'cycle'
  | 'instance'
  | 'proxy'
  | 'extra'
  | 'hole'
  | 'bare'
  | 'frozen'
  | 'deep'
  | 'wide'
  | 'twice';

type Recipe =
  | { readonly kind: 'leaf'; readonly leaf: unknown }
  | {
      readonly kind: 'tree';
      readonly isList: boolean;
      readonly children: readonly Recipe[];
      readonly trick: Trick | null;
    };

const leaf = fc
  .constantFrom<unknown>(
    0,
    -0,
    1.5,
    7n,
    1n << 80n,
    '',
    'text',
    true,
    null,
    undefined,
    Bytes.from([1, 2, 3]),
    Symbol('s'),
  )
  .map((each): Recipe => ({ kind: 'leaf', leaf: each }));

const tricks: readonly Trick[] = [
  'getter',
  'setter',
  'hidden',
  'symbol',
  'proto',
  'method',
  'cycle',
  'instance',
  'proxy',
  'extra',
  'hole',
  'bare',
  'frozen',
  'deep',
  'wide',
  'twice',
];

const trick: fc.Arbitrary<Trick | null> = fc.option(fc.constantFrom<Trick>(...tricks), { freq: 4 });

const recipe: fc.Arbitrary<Recipe> = fc.letrec<{ any: Recipe; tree: Recipe }>((tie) => ({
  any: fc.oneof({ depthSize: 'small' }, { weight: 3, arbitrary: leaf }, tie('tree')),
  tree: fc.record({
    kind: fc.constant('tree' as const),
    isList: fc.boolean(),
    children: fc.array(tie('any'), { maxLength: 5 }),
    trick,
  }),
})).any;

class Point {
  x = 1;
}

let reads = 0;
const spy = (): number => (reads += 1);

const applyTrick = (made: Record<string | symbol, unknown>, trick: Trick): unknown => {
  const options = { enumerable: true, configurable: true };
  switch (trick) {
    case 'getter':
      return Object.defineProperty(made, '1', { get: spy, ...options });
    case 'setter':
      return Object.defineProperty(made, '1', { set: spy, ...options });
    case 'hidden':
      return Object.defineProperty(made, 'hidden', { value: 1 });
    case 'symbol':
      return Object.defineProperty(made, Symbol('key'), { get: spy });
    case 'proto':
      return Object.defineProperty(made, '__proto__', { value: 1, ...options });
    case 'method':
      return Object.assign(made, { 0: spy });
    case 'cycle':
      return Object.assign(made, { 0: { back: made } });
    case 'instance':
      return new Point();
    case 'proxy':
      return new Proxy(made, {});
    case 'extra':
      return Object.assign(made, { extra: 1 });
    case 'hole':
      return Object.assign(made, { 7: 1 });
    case 'bare':
      return Array.isArray(made) ? made : Object.setPrototypeOf(made, null);
    case 'frozen':
      return Object.freeze(made);
    case 'deep':
      return Array.from({ length: 70 }).reduce((inner: unknown) => ({ inner }), made);
    case 'wide':
      return Object.assign(
        made,
        Array.from({ length: 40 }, (_, at) => ({ at })),
      );
    case 'twice':
      return { first: made, second: made };
  }
};

const make = (from: Recipe): unknown => {
  if (from.kind === 'leaf') return from.leaf;
  const children = from.children.map(make);
  const made = from.isList ? children : Object.fromEntries(children.map((child, at) => [`k${at}`, child]));
  return from.trick === null ? made : applyTrick(made as Record<string, unknown>, from.trick);
};

interface Measure {
  readonly size: number;
  readonly height: number;
}

const scalarSizes: Readonly<Record<string, (value: never) => number>> = {
  undefined: () => 1,
  boolean: () => 1,
  number: () => 9,
  string: (value: string) => 6 + 2 * value.length,
  bigint: (value: bigint) => 8 + (BigInt.asIntN(64, value) === value ? 8 : value.toString(16).length >> 1),
};

/** The rules, one by one and in no hurry: null for what is refused. */
const measured = (value: unknown, above: readonly unknown[] = []): Measure | null => {
  const sizeOf = scalarSizes[typeof value];
  if (sizeOf !== undefined) return { size: sizeOf(value as never), height: 0 };
  if (value === null) return { size: 1, height: 0 };
  if (typeof value !== 'object' || types.isProxy(value) || above.includes(value)) return null;
  if (Bytes.is(value)) return { size: 6 + value.length, height: 0 };
  if (above.length >= BODY_DEPTH_MAX) return null;
  const prototype = Object.getPrototypeOf(value);
  const isList = Array.isArray(value);
  if (isList ? prototype !== Array.prototype : prototype !== Object.prototype && prototype !== null) return null;
  const keys = Reflect.ownKeys(value).filter((key) => !(isList && key === 'length'));
  if (isList && !(keys.length === value.length && keys.every((key, at) => key === String(at)))) return null;
  let size = 6;
  let height = 0;
  for (const key of keys) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (typeof key === 'symbol' || key === '__proto__' || property?.enumerable !== true || !('value' in property)) {
      return null;
    }
    const child = measured(property.value, [...above, value]);
    if (child === null) return null;
    size += child.size + (isList ? 0 : 6 + 2 * key.length);
    height = Math.max(height, child.height);
  }
  return { size, height: height + 1 };
};

/** Every object in a value that can be seen without reading an accessor, and that was made here. */
const objectsIn = (value: unknown, found: Set<object> = new Set()): Set<object> => {
  if (typeof value !== 'object' || value === null || Bytes.is(value) || types.isProxy(value) || found.has(value)) {
    return found;
  }
  found.add(value);
  for (const { value: child } of Object.values(Object.getOwnPropertyDescriptors(value))) objectsIn(child, found);
  return found;
};

const frozenIn = (value: unknown): object[] => [...objectsIn(value)].filter((each) => Object.isFrozen(each));

describe('the short way and the whole way of admission', () => {
  it('say what the rules say, weigh as they weigh, and freeze nothing that they refuse', () => {
    let [plain, whole, refused] = [0, 0, 0];
    fc.assert(
      fc.property(recipe, (each) => {
        const [first, second, third] = [make(each), make(each), make(each)];
        const expected = measured(first);
        const before = frozenIn(first).length;
        const weight = admitPlain(first, types.isProxy);
        const admitted = admitWhole(second, types.isProxy);
        if (expected === null) {
          refused += 1;
          expect(weight).toBe(NOT_PLAIN);
          expect(admitted).toBeInstanceOf(BodyRefusal);
          expect([frozenIn(first).length, frozenIn(second).length]).toEqual([before, before]);
          return;
        }
        const { size, height } = expected;
        if (weight !== NOT_PLAIN) {
          plain += 1;
          expect([sizeOfWeight(weight), weight % 128]).toEqual([size, height]);
          expect(frozenIn(first)).toEqual([...objectsIn(first)]);
          expect(admitPlain(first, types.isProxy)).toBe(weight);
        } else whole += 1;
        if (admitted instanceof BodyRefusal) throw new Error(`${admitted.path} ${admitted.why}`);
        expect([sizeOfWeight(admitted.weight), admitted.weight % 128]).toEqual([size, height]);
        expect(admitted.body).toBe(second);
        expect(frozenIn(second)).toEqual([...objectsIn(second)]);
        expect(admitBody(third, types.isProxy)).toBe(third);
        expect(bodySize(admitted.body)).toBe(size);
      }),
      { numRuns: 1500 },
    );
    expect(reads).toBe(0);
    // Each of the three ways has been gone often.
    expect(Math.min(plain, whole, refused)).toBeGreaterThan(10);
  });
});
