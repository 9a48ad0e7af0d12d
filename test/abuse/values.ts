/** Values that nothing in a call should be: each made anew, as some can be used only once. */

/** What a wrong value is, and how one is made. */
export interface WrongValue {
  readonly name: string;
  readonly make: () => unknown;
  /** What a body of it comes to: it is carried, or the code of the refusal. */
  readonly asBody: 'carried' | 'MACH_SEND_INVALID_DATA' | 'MACH_SEND_NO_BUFFER' | 'either';
}

const thrower = (): never => {
  throw new Error('an accessor of the program');
};

const throwing = (): object => ({
  get name() {
    return thrower();
  },
  get kind() {
    return thrower();
  },
  get body() {
    return thrower();
  },
  get remote() {
    return thrower();
  },
  get op() {
    return thrower();
  },
  get timeoutMs() {
    return thrower();
  },
});

const cycle = (): object => {
  const value: Record<string, unknown> = {};
  value['self'] = [value];
  return value;
};

const deepTree = ((): object => {
  let value: object = {};
  for (let i = 0; i < 100_000; i += 1) value = { value };
  return value;
})();
const longText = 'x'.repeat(2_000_000);

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const changing = (): object => {
  let reads = 0;
  return {
    get value() {
      reads += 1;
      return reads === 1 ? 1 : () => undefined;
    },
  };
};

const shifting = (): unknown[] => {
  const list: unknown[] = [1, 2, 3];
  Object.defineProperty(list, 1, {
    get: () => {
      list.length = 0;
      return 1;
    },
  });
  return list;
};

const detached = (): ArrayBuffer => {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};

const wrong = (name: string, asBody: WrongValue['asBody'], make: () => unknown): WrongValue => ({ name, asBody, make });
const REFUSED = 'MACH_SEND_INVALID_DATA';

/** All kinds. */
export const WRONG_VALUES: readonly WrongValue[] = [
  wrong('a function', REFUSED, () => () => undefined),
  wrong('a symbol', REFUSED, () => Symbol('s')),
  wrong('null', 'carried', () => null),
  wrong('a text', 'carried', () => 'text'),
  wrong('a big integer', 'carried', () => 7n),
  wrong('not a number', 'carried', () => Number.NaN),
  wrong('a fraction', 'carried', () => 1.5),
  wrong('a negative number', 'carried', () => -3),
  wrong('infinity', 'carried', () => Number.POSITIVE_INFINITY),
  wrong('a number beyond 53 bits', 'carried', () => 2 ** 60),
  wrong('a record', 'carried', () => ({ a: 1 })),
  wrong('a number in disguise', REFUSED, () => ({ valueOf: () => 11 })),
  wrong('throwing accessors', REFUSED, throwing),
  wrong('an accessor that changes', REFUSED, changing),
  wrong('an array that changes under way', REFUSED, shifting),
  wrong('a cycle', REFUSED, cycle),
  wrong('a tree 100,000 deep', REFUSED, () => deepTree),
  wrong('a key __proto__', REFUSED, () => JSON.parse('{"__proto__":{"a":1}}')),
  wrong(
    'a proxy that throws',
    REFUSED,
    () => new Proxy({}, { get: thrower, ownKeys: thrower, getPrototypeOf: thrower }),
  ),
  wrong('a revoked proxy', REFUSED, revoked),
  wrong('a huge array', REFUSED, () => new Array(2 ** 32 - 1)),
  wrong('a text of two million letters', 'MACH_SEND_NO_BUFFER', () => longText),
  wrong('an array with holes', REFUSED, () => [1, 2].concat(new Array(1))),
  wrong('a detached buffer', 'either', detached),
  wrong('an array over a detached buffer', 'either', () => {
    const view = new Uint8Array(8);
    structuredClone(view.buffer, { transfer: [view.buffer] });
    return view;
  }),
  wrong('shared memory', REFUSED, () => new SharedArrayBuffer(8)),
  wrong('an array over shared memory', REFUSED, () => new Uint8Array(new SharedArrayBuffer(8))),
  wrong('an instance of a class', REFUSED, () => new (class Own {})()),
  wrong('a promise', REFUSED, () => Promise.resolve(1)),
];

/** A value of a kind, by its number. */
export const wrongValue = (n: number): unknown => (WRONG_VALUES[n % WRONG_VALUES.length] as WrongValue).make();
