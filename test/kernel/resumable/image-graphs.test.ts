/** Random graphs: what comes out of an image has the shape of what went in, identity included; or the path is named. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moved, Point, refusal, Secret } from './image-scene.ts';

const RUNS = 150;

/** Values without identity, with those that codecs like to lose. */
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, false, 0, -0, Number.NaN, 1e21, 2 ** 53, '\ud800', 'a\udfffb', ''),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
);

const buffer = new Map<number, (shared: ArrayBuffer) => ArrayBufferView>([
  [0, (shared: ArrayBuffer) => new Uint8Array(shared, 1, 3)],
  [1, (shared: ArrayBuffer) => new Float64Array(shared, 8, 1)],
  [2, (shared: ArrayBuffer) => new DataView(shared, 2)],
]);

/** Makes one object that still lacks what it refers to, and takes it. */
interface Shell {
  readonly made: object;
  readonly add: (key: string, value: unknown) => void;
}

const record = (made: object): Shell => ({
  made,
  add: (key, value) => void Object.defineProperty(made, key, { value, ...PLAIN }),
});
const PLAIN = { writable: true, enumerable: true, configurable: true } as const;

const SHELLS: readonly ((shared: ArrayBuffer) => Shell)[] = [
  () => record({}),
  () => record(Object.create(null) as object),
  () => record(new Point(1, -0)),
  () => record(new RangeError('out', { cause: 'why' })),
  () => record(new Date(Number.NaN)),
  () => record(new Date(-0)),
  () => {
    const made: unknown[] = [];
    return { made, add: (key, value) => (key.length % 3 === 0 ? void (made.length += 1) : void made.push(value)) };
  },
  () => {
    const made = new Map<unknown, unknown>();
    return { made, add: (key, value) => void made.set(key.length % 2 === 0 ? value : key, value) };
  },
  () => {
    const made = new Set<unknown>();
    return { made, add: (_key, value) => void made.add(value) };
  },
  (shared) => record(buffer.get(0)?.(shared) as object),
  (shared) => record(buffer.get(1)?.(shared) as object),
  (shared) => record(buffer.get(2)?.(shared) as object),
  (shared) => record(shared),
  () => ({ made: new Secret('kept'), add: () => undefined }),
];

/** A property of an object: its owner, its name, and what it holds: one of the objects, or a value. */
interface Edge {
  readonly owner: number;
  readonly key: string;
  readonly target: number | { readonly leaf: unknown };
}

const plan = fc.record({
  kinds: fc.array(fc.nat(SHELLS.length - 1), { minLength: 1, maxLength: 12 }),
  edges: fc.array(
    fc.record<Edge>({
      owner: fc.nat(100),
      key: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', '$n', 'x'), fc.string({ maxLength: 5 })),
      target: fc.oneof(fc.nat(100), fc.record({ leaf })),
    }),
    { maxLength: 30 },
  ),
});

/** The objects of a plan, each with its references. All are reached from the list. */
const graphOf = ({ kinds, edges }: { kinds: readonly number[]; edges: readonly Edge[] }): Shell[] => {
  const shared = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]).buffer;
  const shells = kinds.map((kind) => (SHELLS[kind] as (typeof SHELLS)[number])(shared));
  for (const { owner, key, target } of edges) {
    const to = shells[owner % shells.length] as Shell;
    // An index of a typed array is memory, no property.
    if (ArrayBuffer.isView(to.made) && /^-?[\d.]|^(NaN|-?Infinity)$/.test(key)) continue;
    to.add(key, typeof target === 'number' ? (shells[target % shells.length] as Shell).made : target.leaf);
  }
  return shells;
};

/** The first difference between two graphs, as a path; null if one is the other's image. */
const differs = (one: unknown, other: unknown): string | null => {
  const there = new Map<unknown, unknown>();
  const back = new Map<unknown, unknown>();
  const left: [unknown, unknown, string][] = [[one, other, '']];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [a, b, path] = next;
    if (typeof a !== 'object' || a === null) {
      if (!Object.is(a, b)) return path;
      continue;
    }
    if (there.has(a) || back.has(b)) {
      if (there.get(a) !== b || back.get(b) !== a) return `${path}: another identity`;
      continue;
    }
    there.set(a, b);
    back.set(b, a);
    if (typeof b !== 'object' || b === null || birthOf(a) !== birthOf(b)) return `${path}: of another kind`;
    const mine = partsOf(a);
    const theirs = partsOf(b);
    if (mine.length !== theirs.length) return `${path}: another count`;
    for (const [at, [name, value]] of mine.entries()) {
      const [otherName, otherValue] = theirs[at] as readonly [string, unknown];
      if (name !== otherName) return `${path}.${name}: is ${otherName}`;
      left.push([value, otherValue, `${path}.${name}`]);
    }
  }
  return null;
};

const birthOf = (value: object): string => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null
    ? 'none'
    : String((prototype as { readonly constructor: { name: string } }).constructor.name);
};

/** What an object consists of, in order, by name. */
const partsOf = (value: object): (readonly [string, unknown])[] => {
  const parts: (readonly [string, unknown])[] = [];
  if (value instanceof Map) for (const [k, v] of value) parts.push(['key', k], ['value', v]);
  if (value instanceof Set) for (const member of value) parts.push(['member', member]);
  if (value instanceof Date) parts.push(['time', value.getTime()]);
  if (value instanceof Secret) parts.push(['secret', value.reveal()]);
  if (value instanceof ArrayBuffer) parts.push(['octets', new Uint8Array(value).join()]);
  if (ArrayBuffer.isView(value))
    parts.push(['buffer', value.buffer], ['at', value.byteOffset], ['size', value.byteLength]);
  for (const key of Object.getOwnPropertyNames(value)) {
    if (ArrayBuffer.isView(value) && /^\d+$/.test(key)) continue;
    const property = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    const { writable, enumerable, configurable } = property;
    parts.push([`${key} ${Number(writable)}${Number(enumerable)}${Number(configurable)}`, property.value]);
  }
  return parts;
};

describe('a random graph', () => {
  it('has the same shape after it has been an image', () => {
    fc.assert(
      fc.property(plan, (given) => {
        const graph = graphOf(given).map(({ made }) => made);
        expect(differs(graph, moved(graph))).toBeNull();
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['F08', () => Symbol('mine')],
    ['F03', () => Promise.resolve()],
    ['F05', () => new WeakMap()],
    ['F02', () => () => 1],
    ['F07', () => Object(1) as object],
  ])('is refused (%s) with the path to what cannot be kept', (code, make) => {
    fc.assert(
      fc.property(plan, fc.nat(100), fc.stringMatching(/^[a-z]{1,8}$/), (given, at, key) => {
        const shells = graphOf(given);
        const owner = record({});
        owner.add(key, make());
        const list: unknown[] = shells.map(({ made }) => made);
        list.splice(at % (list.length + 1), 0, owner.made);
        const index = list.indexOf(owner.made);
        expect(refusal(list)).toMatch(new RegExp(`^${code}: ${index} > ${key} `));
      }),
      { numRuns: 15 },
    );
  });
});

describe('the comparison of graphs', () => {
  const inner = {};
  it.each<[string, unknown, unknown]>([
    ['a lost identity', [inner, inner], [{}, {}]],
    ['an identity too many', [{}, {}], [inner, inner]],
    ['-0', [-0], [0]],
    ['a hole', new Array(1), [undefined]],
    [
      'an order of entries',
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([
        [2, 2],
        [1, 1],
      ]),
    ],
    ['another prototype', Object.create(null), {}],
    ['an attribute', Object.freeze({ x: 1 }), { x: 1 }],
  ])('sees %s', (_what, one, other) => {
    expect(differs(one, other)).not.toBeNull();
  });
});
