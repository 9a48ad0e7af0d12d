import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';

fc.configureGlobal({ seed: 20_240_607 });

describe('Bytes', () => {
  it('are copied when made, so that nobody can write to them', () => {
    const mine = new Uint8Array([1, 2, 3]);
    const bytes = Bytes.from(mine);
    mine[0] = 9;
    bytes.toUint8Array()[1] = 9;
    expect([...bytes]).toEqual([1, 2, 3]);
  });

  it('are copied out of a Buffer too, whose slice would share', () => {
    const mine = Buffer.from([1, 2, 3]);
    const bytes = Bytes.from(mine);
    mine[0] = 9;
    expect(bytes.at(0)).toBe(1);
    expect(viewOfBytes(bytes).constructor).toBe(Uint8Array);
  });

  it('are taken as they are when given away', () => {
    const given = new Uint8Array([1]);
    expect(viewOfBytes(Bytes.adopt(given))).toBe(given);
  });

  it('take no property, and are known by what they are, not by what they look like', () => {
    const bytes = Bytes.from([1]);
    expect(Object.isFrozen(bytes)).toBe(true);
    expect(Bytes.is(bytes)).toBe(true);
    expect(Bytes.is(Object.create(Bytes.prototype) as object)).toBe(false);
    expect(Reflect.ownKeys(bytes)).toEqual([]);
  });

  it('read numbers as a DataView does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 40 }), fc.nat(32), (octets, offset) => {
        const at = offset % (octets.length - 7);
        const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
        const bytes = Bytes.from(octets).slice(0);
        expect(bytes.u32(at)).toBe(view.getUint32(at, true));
        expect(bytes.f64(at)).toBe(view.getFloat64(at, true));
        expect(bytes.at(at)).toBe(octets[at]);
      }),
    );
  });

  it('are sliced without a copy, and slices know their bounds', () => {
    const bytes = Bytes.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const slice = bytes.slice(2, 8);
    expect(viewOfBytes(slice).buffer).toBe(viewOfBytes(bytes).buffer);
    expect([slice.length, slice.toHex(), slice.u32(1)]).toEqual([6, '020304050607', 0x06050403]);
    const target = new Uint8Array(8);
    slice.copyTo(target, 1);
    expect([...target]).toEqual([0, 2, 3, 4, 5, 6, 7, 0]);
  });

  it.each([
    ['at', (bytes: Bytes) => bytes.at(4)],
    ['at', (bytes: Bytes) => bytes.at(-1)],
    ['u32', (bytes: Bytes) => bytes.u32(1)],
    ['f64', (bytes: Bytes) => bytes.f64(0)],
    ['slice', (bytes: Bytes) => bytes.slice(3, 2)],
    ['slice', (bytes: Bytes) => bytes.slice(0, 5)],
    ['slice', (bytes: Bytes) => bytes.slice(0.5)],
    ['copyTo', (bytes: Bytes) => bytes.copyTo(new Uint8Array(3))],
  ] as const)('refuse to read outside: %s', (_name, read) => {
    expect(() => read(Bytes.from([1, 2, 3, 4]))).toThrow(RangeError);
  });

  it('are equal by content', () => {
    expect(Bytes.from([1, 2]).equals(Bytes.from([0, 1, 2]).slice(1))).toBe(true);
    expect(Bytes.from([1, 2]).equals(Bytes.from([1, 3]))).toBe(false);
    expect(Bytes.from([1]).equals(Bytes.from([1, 2]))).toBe(false);
  });
});
