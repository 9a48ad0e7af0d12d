import { describe, expect, it } from 'vitest';
import { AddressMap, DEFAULT_LIMITS } from '../../../kernel/vm/address-map.ts';
import { resolveFault } from '../../../kernel/vm/fault.ts';
import { MAP_END, PAGE } from '../../../kernel/vm/page.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import { address, childOf, copyOf, mapping, memory, pageOfBytes, read } from './setting.ts';

const END = MAP_END - PAGE;

describe('vm_allocate', () => {
  it('of nothing answers address 0', () => {
    expect(memory().map.allocate(0)).toBe(0);
  });

  it('at an address truncates it, and refuses what is taken or outside', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    expect(map.allocate(PAGE, at + 5)).toBe('KERN_NO_SPACE');
    expect(map.deallocate(at, PAGE)).toBe('KERN_SUCCESS');
    expect(map.allocate(PAGE, at + 5)).toBe(at);
    expect(map.allocate(PAGE, 0)).toBe('KERN_INVALID_ADDRESS');
    expect(map.allocate(PAGE, MAP_END)).toBe('KERN_INVALID_ADDRESS');
    expect(map.allocate(-1)).toBe('KERN_INVALID_ARGUMENT');
    expect(map.allocate(PAGE, 0xdead_b000)).toBe(0xdead_b000);
  });

  it('anywhere never gives the last page, and answers NO_SPACE when all is taken', () => {
    const { map } = memory();
    expect(map.allocate(MAP_END)).toBe('KERN_NO_SPACE');
    const rest = END - 0x10000;
    expect(map.allocate(rest)).toBe(0x10000);
    expect(map.allocate(PAGE)).toBe('KERN_NO_SPACE');
    expect(map.region(END)).toBe('KERN_NO_SPACE');
  });

  it('fills the lowest gap, and lengthens what it touches', () => {
    const { map } = memory();
    const at = address(map.allocate(4 * PAGE));
    map.write(at, pageOfBytes(7, 4));
    map.deallocate(at + PAGE, PAGE);
    expect(map.allocate(PAGE)).toBe(at + PAGE);
    expect(read(map, at + PAGE, 1)).toBe('0×1');
    expect(map.allocate(PAGE)).toBe(at + 4 * PAGE);
    map.deallocate(at + 3 * PAGE, 2 * PAGE);
    expect(map.allocate(2 * PAGE)).toBe(at + 3 * PAGE);
    expect(read(map, at + 3 * PAGE, 2 * PAGE)).toBe('0×8192');
  });

  it('is refused at the limit of regions', () => {
    const map = new AddressMap(new PagePool(10), { ...DEFAULT_LIMITS, regions: 2 });
    const at = address(map.allocate(3 * PAGE, 0x20000));
    expect(map.allocate(PAGE, 0x40000)).toBe(0x40000);
    expect(map.allocate(PAGE, 0x60000)).toBe('KERN_RESOURCE_SHORTAGE');
    expect(map.deallocate(at + PAGE, PAGE)).toBe('KERN_RESOURCE_SHORTAGE');
    expect(map.deallocate(at, PAGE)).toBe('KERN_SUCCESS');
    expect(map.protect(at + PAGE, PAGE, 1, 'current')).toBe('KERN_RESOURCE_SHORTAGE');
  });
});

describe('vm_deallocate', () => {
  it('does not mind size 0 and holes', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(PAGE));
    map.access.setU8(at, 5);
    expect(map.deallocate(at, 0)).toBe('KERN_SUCCESS');
    expect(map.access.getU8(at)).toBe(5);
    expect(map.deallocate(at, PAGE)).toBe('KERN_SUCCESS');
    expect(map.deallocate(at, PAGE)).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at + 3, 'write')).toEqual({ failed: 'KERN_INVALID_ADDRESS', subcode: at + 3 });
    expect(pool.resident).toBe(0);
  });

  it('of part of a region gives its frames back', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(8 * PAGE));
    map.write(at, pageOfBytes(1, 8));
    map.deallocate(at + 2 * PAGE, 4 * PAGE);
    expect(pool.resident).toBe(4);
  });
});

describe('vm_protect', () => {
  it('refuses bad bits, more than the maximum, and holes, in this order', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    map.access.setU8(at, 5);
    expect(map.protect(at, PAGE, 64, 'current')).toBe('KERN_INVALID_ARGUMENT');
    expect(map.protect(at, PAGE, 1, 'current')).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at, 'read')).toBe('resident');
    expect(resolveFault(map, at, 'write')).toEqual({ failed: 'KERN_PROTECTION_FAILURE', subcode: at });
    expect(() => map.access.setU8(at, 1)).toThrow();
    expect(map.protect(at, PAGE, 3, 'current')).toBe('KERN_SUCCESS');
    map.access.setU8(at, 6);
    expect(map.protect(at, PAGE, 1, 'maximum')).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at, 'write')).toEqual({ failed: 'KERN_PROTECTION_FAILURE', subcode: at });
    expect(map.protect(at, PAGE, 2, 'current')).toBe('KERN_PROTECTION_FAILURE');
    expect(map.protect(at, PAGE, 3, 'maximum')).toBe('KERN_PROTECTION_FAILURE');
    expect(map.region(at)).toMatchObject({ address: at, protection: 1, max: 1 });
    map.deallocate(at, PAGE);
    expect(map.protect(at, PAGE, 1, 'current')).toBe('KERN_INVALID_ADDRESS');
  });

  it('clips regions, and makes them one again', () => {
    const { map } = memory();
    const at = address(map.allocate(6 * PAGE));
    map.protect(at + 2 * PAGE, PAGE, 1, 'current');
    expect(map.region(at)).toMatchObject({ address: at, size: 2 * PAGE, protection: 3 });
    expect(map.region(at + 2 * PAGE)).toMatchObject({ address: at + 2 * PAGE, size: PAGE, protection: 1 });
    expect(map.region(at + 4 * PAGE)).toMatchObject({ address: at + 3 * PAGE, size: 3 * PAGE, protection: 3 });
    map.protect(at + 2 * PAGE, PAGE, 3, 'current');
    expect(map.region(at)).toMatchObject({ address: at, size: 6 * PAGE });
    expect(map.region(at + 6 * PAGE)).toBe('KERN_NO_SPACE');
  });
});

describe('vm_inherit and a child', () => {
  it('shares, copies, or leaves out', () => {
    const { map } = memory();
    const [shared, copied, none] = [0, 1, 2].map(() => address(map.allocate(PAGE))) as [number, number, number];
    expect(map.inherit(shared, PAGE, 99)).toBe('KERN_INVALID_ARGUMENT');
    expect(map.inherit(shared, PAGE, 'SHARE')).toBe('KERN_SUCCESS');
    expect(map.inherit(none, PAGE, 2)).toBe('KERN_SUCCESS');
    for (const at of [shared, copied, none]) map.access.setU8(at, 1);
    const child = childOf(map.fork());
    map.access.setU8(shared, 2);
    map.access.setU8(copied, 2);
    expect(child.access.getU8(shared)).toBe(2);
    expect(child.access.getU8(copied)).toBe(1);
    expect(resolveFault(child, none, 'read')).toEqual({ failed: 'KERN_INVALID_ADDRESS', subcode: none });
    child.access.setU8(shared, 3);
    child.access.setU8(copied, 9);
    expect([shared, copied, none].map((at) => map.access.getU8(at))).toEqual([3, 2, 1]);
    expect(child.access.getU8(copied)).toBe(9);
    expect(map.region(shared)).toMatchObject({ inheritance: 'SHARE', shared: true });
  });
});

describe('vm_read and vm_write', () => {
  it('work at any address, and name the first thing that is wrong', () => {
    const { map } = memory();
    const at = address(map.allocate(2 * PAGE));
    map.write(at + 7, Uint8Array.of(1, 2, 3, 4, 5));
    expect(read(map, at + 7, 5)).toBe('1×1 2×1 3×1 4×1 5×1');
    map.deallocate(at + PAGE, PAGE);
    expect(read(map, at, 2 * PAGE)).toBe('KERN_INVALID_ADDRESS');
    expect(read(map, at + PAGE, 1)).toBe('KERN_INVALID_ADDRESS');
    expect(map.write(at, pageOfBytes(7, 2))).toBe('KERN_INVALID_ADDRESS');
    expect(read(map, at, 5)).toBe('0×5');
    map.protect(at, PAGE, 1, 'current');
    expect(map.write(at, pageOfBytes(7))).toBe('KERN_PROTECTION_FAILURE');
    map.protect(at, PAGE, 0, 'current');
    expect(read(map, at, 1)).toBe('KERN_PROTECTION_FAILURE');
  });

  it('refuse what the kernel has no frames for, and have changed nothing', () => {
    const { map, pool } = memory(4);
    const at = address(map.allocate(8 * PAGE));
    expect(map.write(at, pageOfBytes(1, 5))).toBe('KERN_RESOURCE_SHORTAGE');
    expect(pool.resident).toBe(0);
    expect(map.write(at, pageOfBytes(1, 4))).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at + 4 * PAGE, 'write')).toMatchObject({ failed: 'KERN_RESOURCE_SHORTAGE' });
    expect(read(map, at + 4 * PAGE, PAGE)).toBe('0×4096');
  });
});

describe('vm_copy', () => {
  it('takes the source as it was, even where it overlaps', () => {
    const { map } = memory();
    const at = address(map.allocate(8 * PAGE));
    for (let page = 0; page < 8; page += 1) map.write(at + page * PAGE, pageOfBytes(page));
    expect(map.copy(at, 4 * PAGE, at + PAGE)).toBe('KERN_SUCCESS');
    const bytes = Array.from({ length: 8 }, (_, page) => map.access.getU8(at + page * PAGE));
    expect(bytes).toEqual([0, 0, 1, 2, 3, 5, 6, 7]);
    map.access.setU8(at + PAGE, 77);
    expect(map.access.getU8(at)).toBe(0);
  });

  it('of whole pages costs no frame', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(64 * PAGE));
    map.write(at, pageOfBytes(3, 32));
    expect(map.copy(at, 32 * PAGE, at + 32 * PAGE)).toBe('KERN_SUCCESS');
    expect(pool.resident).toBe(32);
    expect(read(map, at + 40 * PAGE, PAGE)).toBe('3×4096');
  });

  it('between unlike places goes byte by byte, and checks both ends', () => {
    const { map } = memory();
    const at = address(map.allocate(3 * PAGE));
    map.write(at + 5, Uint8Array.of(1, 2, 3));
    expect(map.copy(at + 5, 3, at + 2 * PAGE - 1)).toBe('KERN_SUCCESS');
    expect(read(map, at + 2 * PAGE - 1, 3)).toBe('1×1 2×1 3×1');
    expect(map.copy(at, PAGE, at + 3 * PAGE)).toBe('KERN_INVALID_ADDRESS');
    expect(map.copy(at - PAGE, PAGE, at)).toBe('KERN_INVALID_ADDRESS');
  });
});

describe('vm_map', () => {
  it.each([
    ['size 0', { size: 0 }],
    ['protection', { protection: 64 }],
    ['maximum', { max: 64 }],
    ['inheritance', { inheritance: 9 }],
    ['offset', { offset: 5 }],
  ])('refuses a bad %s', (_, more) => {
    expect(memory().map.map(mapping(null, 1, more))).toBe('KERN_INVALID_ARGUMENT');
  });

  it('of no object is fresh memory, copied or not', () => {
    const { map } = memory();
    for (const share of ['share', 'copy'] as const) {
      const at = address(map.map(mapping(null, 1, { share })));
      expect(map.access.getU8(at)).toBe(0);
      map.access.setU8(at, 3);
      expect(map.access.getU8(at)).toBe(3);
    }
  });

  it('lets protection rise to its maximum only', () => {
    const { map } = memory();
    const at = address(map.map(mapping(null, 1, { protection: 1, max: 3 })));
    expect(map.protect(at, PAGE, 7, 'current')).toBe('KERN_PROTECTION_FAILURE');
    expect(resolveFault(map, at, 'write')).toMatchObject({ failed: 'KERN_PROTECTION_FAILURE' });
    expect(map.protect(at, PAGE, 3, 'current')).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at, 'write')).toBe('resident');
  });
});

describe('size limits', () => {
  const MB = 1024 * 1024;

  it('bound what is mapped; the privileged raise them; memory that can never be used does not count', () => {
    const { map } = memory();
    expect(map.setSizeLimit(128 * MB, 512 * MB, 'user')).toBe('KERN_SUCCESS');
    expect(map.setSizeLimit(128 * MB, 1024 * MB, 'user')).toBe('KERN_NO_ACCESS');
    expect(map.setSizeLimit(2, 1, 'user')).toBe('KERN_INVALID_ARGUMENT');
    expect(map.sizeLimit).toEqual({ current: 128 * MB, max: 512 * MB });
    const at = address(map.allocate(128 * 1024));
    map.deallocate(at, 128 * 1024);
    expect(map.allocate(256 * MB)).toBe('KERN_NO_SPACE');
    expect(map.setSizeLimit(640 * MB, 1024 * MB, 'privileged')).toBe('KERN_SUCCESS');
    const big = address(map.allocate(256 * MB));
    map.deallocate(big, 256 * MB);
    const none = { protection: 0, max: 0, share: 'copy' } as const;
    address(map.map(mapping(null, (1536 * MB) / PAGE, none)));
    address(map.allocate(512 * MB));
    expect(map.allocate(256 * MB)).toBe('KERN_NO_SPACE');
  });
});

describe('out-of-line memory', () => {
  it('is a snapshot', () => {
    const { map, pool } = memory();
    const receiver = new AddressMap(pool);
    const at = address(map.allocate(65536));
    map.write(at, new Uint8Array(65536).fill(255));
    const copy = copyOf(map.read(at, 65536));
    map.write(at, new Uint8Array(65536));
    const there = address(copy.copyOut(receiver));
    expect(read(receiver, there, 65536)).toBe('255×65536');
    receiver.write(there, new Uint8Array(65536).fill(9));
    expect(read(map, at, 65536)).toBe('0×65536');
    receiver.deallocate(there, 65536);
    map.deallocate(at, 65536);
    expect(pool.resident).toBe(0);
  });

  it('keeps its place in the page, and is deallocated by pages', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(3 * PAGE));
    map.write(at, pageOfBytes(17, 3));
    const copy = copyOf(map.read(at + PAGE + 100, 10, 'deallocate'));
    expect(read(map, at + PAGE, 1)).toBe('KERN_INVALID_ADDRESS');
    expect(read(map, at + 2 * PAGE - 1, 1)).toBe('KERN_INVALID_ADDRESS');
    expect(read(map, at, PAGE)).toBe('17×4096');
    expect(read(map, at + 2 * PAGE, PAGE)).toBe('17×4096');
    const there = address(copy.copyOut(map));
    expect(there % PAGE).toBe(100);
    expect(read(map, there, 10)).toBe('17×10');
    map.destroy();
    expect(pool.resident).toBe(0);
  });

  it('of length 0 needs no address and gets none', () => {
    const { map } = memory();
    const copy = copyOf(map.read(0xdead_beef, 0));
    expect(copy.copyOut(map)).toBe(0);
  });

  it('arrives private and writable, whatever it was before', () => {
    const { map } = memory();
    const at = address(map.allocate(2 * PAGE));
    map.protect(at, 2 * PAGE, 1, 'current');
    const there = address(copyOf(map.read(at, 2 * PAGE)).copyOut(map));
    expect(map.region(there)).toMatchObject({ protection: 3, shared: false, size: 2 * PAGE });
    map.access.setU8(there, 66);
    expect(map.access.getU8(at)).toBe(0);
  });

  it('to ten receivers is one copy until somebody writes', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(1 << 20));
    map.write(at, new Uint8Array(1 << 20).fill(90));
    const before = pool.resident;
    const receivers = Array.from({ length: 10 }, () => {
      const receiver = new AddressMap(pool);
      const there = address(copyOf(map.read(at, 1 << 20)).copyOut(receiver));
      expect(receiver.access.getU8(there)).toBe(90);
      return { receiver, there };
    });
    expect(pool.resident).toBe(before);
    const third = receivers[2] ?? { receiver: map, there: at };
    third.receiver.access.setU8(third.there, 1);
    third.receiver.access.setU8(third.there + PAGE, 1);
    expect(pool.resident).toBe(before + 2);
    expect(map.access.getU8(at)).toBe(90);
    for (const { receiver } of receivers) receiver.destroy();
    map.access.setU8(at, 91);
    expect(pool.resident).toBe(before);
  });

  it('is written in place once the message is gone', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(16 * PAGE));
    map.write(at, pageOfBytes(1, 16));
    copyOf(map.read(at, 16 * PAGE)).release();
    map.write(at, pageOfBytes(2, 16));
    expect(pool.resident).toBe(16);
    expect(map.regions.at(at)?.object.shadow).toBe(null);
  });
});
