/** Arbitrary bodies. */
import fc from 'fast-check';
import type { Body } from '../../ports/body.ts';
import { Bytes } from '../../ports/bytes.ts';

/** Any code units, lone surrogates included. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((units) => String.fromCharCode(...units)),
  fc.integer({ min: 60, max: 9000 }).map((length) => 'é'.repeat(length)),
);
const key = text.filter((candidate) => candidate !== '__proto__');

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 127, 128, -1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), Number.NaN, 1 / 0, -1 / 0),
);

const memory = fc.uint8Array({ maxLength: 64 }).map((octets) => octets.slice(0, octets.length - (octets.length % 8)));

const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  number,
  text,
  fc.bigInt(),
  fc.bigInt({ min: -(1n << 300n), max: 1n << 300n }),
  fc.uint8Array({ maxLength: 200 }).map((octets) => Bytes.from(octets)),
);

const cloned = fc.oneof(
  fc.oneof(fc.date(), fc.constant(new Date(Number.NaN))),
  fc.constantFrom(/a+b/gi, /\//, /[\u{1F600}]/u, /(?:)/),
  memory.map((octets) => octets.buffer.slice(0)),
  memory.chain((octets) =>
    fc.constantFrom<Body>(
      new Uint8Array(octets),
      new Int8Array(octets.buffer.slice(0)),
      new Uint8ClampedArray(octets),
      new Int16Array(octets.buffer.slice(0)),
      new Uint16Array(octets.buffer.slice(0)),
      new Int32Array(octets.buffer.slice(0)),
      new Uint32Array(octets.buffer.slice(0)),
      new Float32Array(octets.buffer.slice(0)),
      new Float64Array(octets.buffer.slice(0)),
      new BigInt64Array(octets.buffer.slice(0)),
      new BigUint64Array(octets.buffer.slice(0)),
      new DataView(octets.buffer.slice(0)),
    ),
  ),
  fc.constantFrom(new Error('no'), new TypeError(''), new RangeError('far', { cause: 7 })),
);

const tree = (leaves: fc.Arbitrary<unknown>, hasMaps: boolean): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaves,
      tie('list'),
      tie('record'),
      ...(hasMaps ? [tie('map'), tie('set')] : []),
    ),
    list: fc.array(tie('any'), { maxLength: 40 }),
    record: fc.dictionary(key, tie('any'), { maxKeys: 6, noNullPrototype: false }),
    map: fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 4 }).map((entries) => new Map(entries)),
    set: fc.array(tie('any'), { maxLength: 4 }).map((members) => new Set(members)),
  })).any;

/** Bodies that are carried as they are. */
export const plainBody: fc.Arbitrary<Body> = tree(leaf, false) as fc.Arbitrary<Body>;
/** Bodies of every kind. */
export const anyBody: fc.Arbitrary<Body> = tree(
  fc.oneof({ weight: 3, arbitrary: leaf }, cloned),
  true,
) as fc.Arbitrary<Body>;

/** A body as text in which every difference shows that a receiver could see. */
export const shown = (body: unknown): string => {
  if (typeof body === 'string') return JSON.stringify(body);
  if (typeof body === 'bigint') return `${body}n`;
  if (typeof body !== 'object' || body === null) return Object.is(body, -0) ? '-0' : String(body);
  if (Bytes.is(body)) return `Bytes ${body.toHex()}`;
  if (Array.isArray(body)) return `[${Array.from(body, shown).join()}]`;
  if (body instanceof Map) return `Map(${[...body].map(([at, value]) => `${shown(at)}=>${shown(value)}`).join()})`;
  if (body instanceof Set) return `Set(${[...body].map(shown).join()})`;
  if (body instanceof Date) return `Date ${body.getTime()}`;
  if (body instanceof RegExp) return String(body);
  if (body instanceof ArrayBuffer) return `ArrayBuffer ${shown(Bytes.from(new Uint8Array(body)))}`;
  if (ArrayBuffer.isView(body)) {
    const octets = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
    return `${body.constructor.name} ${shown(Bytes.from(octets))}`;
  }
  if (body instanceof Error) {
    const extras = ['cause', 'errors', 'code'].filter((at) => Object.hasOwn(body, at));
    const shownExtras = extras.map((at) => `${at}:${shown((body as unknown as Record<string, unknown>)[at])}`);
    const said = `${body.name} ${JSON.stringify(body.message)} ${shownExtras.join()}`;
    return `${Object.getPrototypeOf(body).constructor.name} ${said}`;
  }
  const entries = Object.entries(body).map(([at, value]) => `${JSON.stringify(at)}:${shown(value)}`);
  return `${Object.getPrototypeOf(body) === null ? 'bare' : ''}{${entries.join()}}`;
};
