import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitBody, type Body, BodyRefusal, bodySize } from '../../ports/body.ts';
import { Bytes } from '../../ports/bytes.ts';
import { Codec, decodeBody, encodeBody } from '../../ports/wire/codec.ts';
import { WireError } from '../../ports/wire/error.ts';
import { Reader } from '../../ports/wire/reader.ts';
import { swapElements } from '../../ports/wire/tags.ts';
import { Writer } from '../../ports/wire/writer.ts';
import { anyBody, shown } from './body-values.ts';

fc.configureGlobal({ seed: 20_240_607 });

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const octets = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replaceAll(' ', ''), 'hex'));
const nested = (depth: number): Body => (depth === 0 ? 1 : [nested(depth - 1)]);

describe('the codec', () => {
  const codec = new Codec();

  it('gives back exactly what it was given', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        expect(shown(decodeBody(encodeBody(body)))).toBe(shown(body));
        expect(shown(codec.decode(codec.encode(body)))).toBe(shown(body));
      }),
      { numRuns: 300 },
    );
  });

  it('gives equal bytes for equal bodies, never more than their size', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const encoded = encodeBody(body);
        expect(hex(codec.encode(decodeBody(encoded)))).toBe(hex(encoded));
        expect(encoded.length).toBeLessThanOrEqual(bodySize(body));
      }),
    );
  });

  it('gives a body that can be sent on', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        expect(admitBody(decodeBody(encodeBody(body)))).not.toBeInstanceOf(BodyRefusal);
      }),
    );
  });

  it('shares no memory between what it reads, what it writes, and what it read before', () => {
    const source = codec.encode({ small: Bytes.from([1]), large: Bytes.from(new Uint8Array(600).fill(2)) });
    const body = codec.decode(source) as { small: Bytes; large: Bytes };
    const copy = source.slice();
    source.fill(0xff);
    codec.encode(Bytes.from(new Uint8Array(5000).fill(9)));
    expect(shown(codec.decode(copy))).toBe(shown(body));
  });

  it.each<[string, Body]>([
    ['00', null],
    ['01', undefined],
    ['02', false],
    ['03', true],
    ['80', 0],
    ['ff', 127],
    ['04 8001', 128],
    ['05 01', -1],
    ['04 ffffffffffffff0f', 2 ** 53 - 1],
    ['06 0000000000000080', -0],
    ['06 000000000000f87f', Number.NaN],
    ['06 000000000000e03f', 0.5],
    ['07 00', 0n],
    ['08 02 0001', -256n],
    ['40', ''],
    ['42 6869', 'hi'],
    ['41 e9', 'é'],
    ['0a 01 00d8', '\ud800'],
    ['0b 02 0102', Bytes.from([1, 2])],
    ['0c 02 8180', [1, 0]],
    ['0d 01 02 61 81', { a: 1 }],
    ['0e 00', Object.create(null) as Body],
    ['0f 01 4161 81', new Map([['a', 1]])],
    ['10 01 81', new Set([1])],
    ['11 0000000000001440', new Date(5)],
    ['12 04 612b 02 67', /a+/g],
    ['13 05 12 547970654572726f72 04 6e6f 01 81', new TypeError('no', { cause: 1 })],
    ['14 01 07', new Uint8Array([7]).buffer],
    ['15 05 02 0100', new Uint16Array([1])],
  ])('writes %s for what this is', (written, body) => {
    expect(hex(encodeBody(body))).toBe(written.replaceAll(' ', ''));
  });

  it('keeps to the depth of bodies', () => {
    expect(shown(decodeBody(encodeBody(nested(64))))).toBe(shown(nested(64)));
    expect(() => encodeBody(nested(65))).toThrow(WireError);
    expect(() => decodeBody(octets(`${'0c01'.repeat(65)}81`))).toThrow('E_WIRE at byte 129: deeper than 64');
  });

  it('throws for what was never a body', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    for (const value of [() => 1, [Symbol('s')], ring, new WeakMap()])
      expect(() => encodeBody(value as Body)).toThrow(WireError);
  });

  it('makes own properties, whatever Object.prototype has of that name', () => {
    const body = Object.fromEntries(
      ['toString', 'constructor', '__defineGetter__', 'hasOwnProperty'].map((key) => [key, 1]),
    ) as Body;
    const read = decodeBody(encodeBody(body)) as object;
    expect(Object.getOwnPropertyDescriptor(read, 'toString')).toEqual({
      value: 1,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(Object.keys(read)).toHaveLength(4);
  });

  it('turns elements around for machines of the other order', () => {
    const memory = octets('0102030405060708');
    swapElements(memory, 4);
    expect(hex(memory)).toBe('0403020108070605');
  });
});

describe('what a stranger sends', () => {
  it.each([
    ['nothing', ''],
    ['more than one value', '0000'],
    ['an unknown kind', '16'],
    ['an unknown kind', '3f'],
    ['a string that is longer than all there is', '09ffffff0f61'],
    ['a string of half a code unit', '0a0100'],
    ['a string of 2^53 - 1 code units', '0affffffffffffff0f'],
    ['a number of more than 53 bits', '04ffffffffffffff1f'],
    ['a number that does not end', `04${'80'.repeat(20)}`],
    ['a number longer than it need be', '048000'],
    ['a list of a billion', '0c8094ebdc03'],
    ['a record of a billion', '0d8094ebdc03'],
    ['a map of a billion', '0f8094ebdc03'],
    ['a key named __proto__', '0d01 12 5f5f70726f746f5f5f 81'],
    ['a key twice', '0d02 02618102 6182'],
    ['a key of a map twice', '0f0281818182'],
    ['a member twice', '10028181'],
    ['an expression that is none', '12022800'],
    ['an expression with unknown flags', '12026102 71'],
    ['an error of an unknown class', '13070000 00'],
    ['an error with an unknown property', '1300000008'],
    ['a typed array of an unknown kind', '150c00'],
    ['a typed array that ends within an element', '150703 010203'],
    ['bytes that end too early', '0b05 01'],
  ])('is refused: %s', (_what, digits) => {
    expect(() => decodeBody(octets(digits))).toThrow(WireError);
  });

  it('is refused when it holds too many values, before they are made', () => {
    const many = new Uint8Array(300_004);
    many.set(octets('0c e0a712'));
    expect(() => decodeBody(many)).toThrow('more than 262144 values');
  });

  it('is quoted in no error', () => {
    const error = ((): unknown => {
      try {
        return decodeBody(octets('0d01 0c 736563726574 16'));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(String(error)).toBe('WireError: E_WIRE at byte 10: an unknown kind of value');
  });
});

describe('a writer and a reader', () => {
  it('agree on every kind of number and text', () => {
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(65_535),
        fc.nat(0xffff_ffff),
        fc.maxSafeNat(),
        fc.double(),
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        (...all) => {
          const [u8, u16, u32, u53, f64, str, bytes] = all;
          const to = new Writer(1);
          to.u8(u8);
          to.u16(u16);
          to.u32(u32);
          to.u53(u53);
          to.varint(u53);
          to.f64(f64);
          to.str(str);
          to.bytes(bytes);
          const from = new Reader(to.copy());
          expect([
            from.u8(),
            from.u16(),
            from.u32(),
            from.u53(),
            from.varint(),
            from.f64(),
            from.str(),
            from.bytes(),
          ]).toEqual([u8, u16, u32, u53, u53, f64, str, bytes]);
          expect(to.written()).toEqual(to.copy());
          from.finish();
        },
      ),
    );
  });

  it('stops at the end that it was given, and says where', () => {
    const from = new Reader(octets('0102030405'), 1, 3);
    expect([from.left, from.u16(), from.left, from.at]).toEqual([2, 0x0302, 0, 3]);
    expect(() => from.u8()).toThrow('E_WIRE at byte 3: ends too early');
    expect(() => from.u32()).toThrow(WireError);
    expect(() => from.raw(1)).toThrow(WireError);
  });
});
