import { describe, expect, it } from 'vitest';
import { isFault, PageFault } from '../../../kernel/vm/access.ts';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { LOCK_NO_CHANGE } from '../../../kernel/vm/control.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import { address, copyOf, memory, paged, pageOfBytes, read, runs } from './setting.ts';

const faultOf = (act: () => unknown): PageFault => {
  try {
    act();
  } catch (fault) {
    if (isFault(fault)) return fault;
    throw fault;
  }
  throw new Error('no fault');
};

describe('number accessors', () => {
  it('are little-endian and work at any address', () => {
    const { map } = memory();
    const at = address(map.allocate(2 * PAGE));
    const { access } = map;
    access.setU32(at, 0x04030201);
    expect(access.readBytes(at, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
    for (const where of [at + 1, at + PAGE - 3, at + PAGE - 7]) {
      access.setU32(where, 0xfedcba98);
      expect(access.getU32(where)).toBe(0xfedcba98);
      expect(access.getI32(where)).toBe(0xfedcba98 | 0);
      access.setF64(where, -1234.5);
      expect(access.getF64(where)).toBe(-1234.5);
    }
  });

  it('fault with the address and the code, and change nothing', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    for (const bad of [0, -1, -5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, at + PAGE]) {
      const fault = faultOf(() => map.access.getU8(bad));
      expect(fault).toMatchObject({ fault: 'page', access: 'read', outcome: { failed: 'KERN_INVALID_ADDRESS' } });
      expect(fault.address).toBe(bad);
    }
    expect(faultOf(() => map.access.setU32(at + PAGE - 2, 1)).address).toBe(at + PAGE);
    expect(map.access.getU8(at + PAGE - 1)).toBe(0);
    map.protect(at, PAGE, 2, 'current');
    map.access.setU8(at, 1);
    expect(faultOf(() => map.access.getU8(at)).outcome).toMatchObject({ failed: 'KERN_PROTECTION_FAILURE' });
  });

  it('say whom to wait for', () => {
    const { map } = memory();
    const { control, at } = paged(map, 1);
    control.ready(false, 'DELAY');
    const { outcome } = faultOf(() => map.access.getU8(at + 8));
    expect('wait' in outcome && outcome.wait.page).toBe(0);
    control.supply(0, pageOfBytes(3), 0, false);
    expect(map.access.getU8(at + 8)).toBe(3);
  });

  it('read zeros without a frame, and see what is written later', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(100 * PAGE));
    for (let page = 0; page < 100; page += 1) expect(map.access.getU8(at + page * PAGE)).toBe(0);
    expect(map.access.getU8(at)).toBe(0);
    expect(pool.resident).toBe(0);
    map.write(at, Uint8Array.of(5));
    expect(map.access.getU8(at)).toBe(5);
  });

  it('never use a translation that is stale', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(PAGE));
    map.access.setU8(at, 1);
    const copy = copyOf(map.read(at, PAGE));
    map.access.setU8(at, 2);
    const other = new AddressMap(pool);
    const there = address(copy.copyOut(other));
    expect(other.access.getU8(there)).toBe(1);
    map.deallocate(at, PAGE);
    expect(() => map.access.getU8(at)).toThrow();
    expect(map.allocate(PAGE, at)).toBe(at);
    expect(map.access.getU8(at)).toBe(0);
  });
});

describe('a window', () => {
  it('reads and writes by offset, at any alignment and across pages', () => {
    const { map } = memory();
    const at = address(map.allocate(3 * PAGE));
    const opened = map.access.window({ address: at + 1, size: 2 * PAGE }, 'write');
    opened.setU32(PAGE - 3, 0xdeadbeef);
    opened.setF64(PAGE - 12, 0.5);
    opened.setU8(2 * PAGE - 1, 9);
    expect([opened.getU32(PAGE - 3), opened.getI32(PAGE - 3), opened.getF64(PAGE - 12)]).toEqual([
      0xdeadbeef,
      0xdeadbeef | 0,
      0.5,
    ]);
    expect(map.access.getU8(at + 2 * PAGE)).toBe(9);
    opened.write(4, Uint8Array.of(1, 2, 3));
    const target = new Uint8Array(4);
    opened.read(3, target);
    expect([...target]).toEqual([0, 1, 2, 3]);
  });

  it('ends where it ends, and one for reading is not written', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    const opened = map.access.window({ address: at, size: 8 }, 'read');
    for (const offset of [-1, 5, 8, Number.NaN]) expect(() => opened.getU32(offset)).toThrow(RangeError);
    expect(() => opened.read(1, new Uint8Array(8))).toThrow(RangeError);
    expect(() => opened.setU8(0, 1)).toThrow(TypeError);
    expect(() => opened.write(0, Uint8Array.of(1))).toThrow(TypeError);
  });

  it('shows its bytes as a copy: what the callback leaves is written back, what it keeps has no hold', () => {
    const { map } = memory();
    const at = address(map.allocate(3 * PAGE));
    const opened = map.access.window({ address: at + 100, size: 2 * PAGE }, 'write');
    let kept: Uint8Array = new Uint8Array(0);
    const size = opened.bytes((bytes) => {
      kept = bytes;
      bytes.fill(1);
      return bytes.length;
    });
    expect([size, read(map, at, 3 * PAGE)]).toEqual([2 * PAGE, `0×100 1×${2 * PAGE} 0×${PAGE - 100}`]);
    kept.fill(7);
    expect(map.access.getU8(at + 100)).toBe(1);
    expect(() =>
      opened.bytes(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    map.access.window({ address: at, size: PAGE }, 'read').bytes((bytes) => bytes.fill(5));
    expect(map.access.getU8(at)).toBe(0);
  });

  it('for writing is private from the start, and is opened again when something happened', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(2 * PAGE));
    map.write(at, pageOfBytes(1, 2));
    const early = copyOf(map.read(at, 2 * PAGE));
    const opened = map.access.window({ address: at, size: 2 * PAGE }, 'write');
    expect(pool.resident).toBe(4);
    expect(opened.isFresh).toBe(true);
    const late = copyOf(map.read(at, 2 * PAGE));
    expect(opened.isFresh).toBe(false);
    opened.bytes((bytes) => bytes.fill(9));
    for (const copy of [early, late]) expect(copy.view(1)?.every((byte) => byte === 1)).toBe(true);
    map.deallocate(at + PAGE, PAGE);
    expect(faultOf(() => opened.setU8(0, 1))).toMatchObject({ address: at + PAGE });
    expect(map.access.getU8(at)).toBe(9);
  });

  it('counts as written when it is opened, and not again unless it is opened again', () => {
    const { map } = memory();
    const { control, at, pager } = paged(map, 2);
    control.ready(false, 'DELAY');
    control.supply(0, pageOfBytes(1, 2), 0, false);
    const opened = map.access.window({ address: at, size: PAGE }, 'write');
    control.lockRequest(0, 2 * PAGE, 'DIRTY', false, LOCK_NO_CHANGE);
    expect(pager.take().at(-1)).toBe('return 0 [1] dirty kept');
    opened.setU8(0, 3);
    control.lockRequest(0, 2 * PAGE, 'DIRTY', false, LOCK_NO_CHANGE);
    expect(pager.take()).toEqual(['return 0 [3] dirty kept']);
  });

  it('that cannot be opened at once is a fault', () => {
    const { map } = memory();
    const { control, at } = paged(map, 2);
    control.ready(false, 'DELAY');
    expect(faultOf(() => map.access.window({ address: at + 10, size: PAGE }, 'read'))).toMatchObject({
      access: 'read',
    });
  });
});

describe('bulk access', () => {
  it('answers the fault, and writes all or nothing', () => {
    const { map } = memory();
    const at = address(map.allocate(2 * PAGE));
    expect(map.access.writeBytes(at + PAGE, pageOfBytes(1, 2))).toMatchObject({ address: at + 2 * PAGE });
    expect(read(map, at + PAGE, PAGE)).toBe('0×4096');
    expect(map.access.writeBytes(at + 5, pageOfBytes(3))).toBe(null);
    const target = new Uint8Array(PAGE);
    map.access.read(at + 5, target);
    expect(runs(target)).toBe('3×4096');
    expect(() => map.access.write(at, pageOfBytes(1, 3))).toThrow();
    expect(map.access.readBytes(at, 3 * PAGE)).toBeInstanceOf(PageFault);
  });
});
