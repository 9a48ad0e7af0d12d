import { describe, expect, it } from 'vitest';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import type { MemoryObject } from '../../../kernel/vm/object.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import { address, childOf, copyOf, memory, pageOfBytes, read } from './setting.ts';

const depth = (map: AddressMap, at: number): number => {
  let count = 0;
  for (
    let each: MemoryObject | undefined = map.regions.at(at)?.object;
    each !== undefined;
    each = each.shadow?.object
  ) {
    count += 1;
  }
  return count;
};

describe('a chain of shadows', () => {
  it('stays short when children come and go', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(8 * PAGE));
    map.write(at, pageOfBytes(1, 8));
    for (let round = 0; round < 1000; round += 1) {
      const child = childOf(map.fork());
      map.access.setU8(at + (round % 8) * PAGE, round);
      child.access.setU8(at, 3);
      child.destroy();
    }
    expect(depth(map, at)).toBe(1);
    expect(pool.resident).toBe(8);
  });

  it('stays short when the parent goes each time', () => {
    const { map: first, pool } = memory();
    const at = address(first.allocate(4 * PAGE));
    let map = first;
    for (let round = 0; round < 1000; round += 1) {
      map.access.setU8(at + (round % 4) * PAGE, round);
      const child = childOf(map.fork());
      map.access.setU8(at, 1);
      map.destroy();
      map = child;
    }
    map.access.setU8(at, 5);
    expect(depth(map, at)).toBe(1);
    map.destroy();
    expect(pool.resident).toBe(0);
  });

  it('stays short under a thousand messages', () => {
    const { map, pool } = memory();
    const receiver = new AddressMap(pool);
    const at = address(map.allocate(4 * PAGE));
    for (let round = 0; round < 1000; round += 1) {
      map.access.setU8(at + PAGE, round);
      const there = address(copyOf(map.read(at, 4 * PAGE)).copyOut(receiver));
      expect(receiver.access.getU8(there + PAGE)).toBe(round & 255);
      receiver.access.setU8(there, 1);
      receiver.deallocate(there, 4 * PAGE);
    }
    expect(depth(map, at)).toBeLessThanOrEqual(2);
    expect(pool.resident).toBe(1);
  });

  it('has a link for each child that lives, and loses it with the child', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(2 * PAGE));
    const children: AddressMap[] = [];
    for (let round = 0; round < 10; round += 1) {
      map.access.setU8(at, round);
      children.push(childOf(map.fork()));
    }
    map.access.setU8(at, 99);
    expect(children.map((child) => child.access.getU8(at))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(depth(map, at)).toBe(11);
    for (const child of children.splice(0, 9)) child.destroy();
    expect(depth(map, at)).toBe(2);
    children[0]?.destroy();
    expect(depth(map, at)).toBe(1);
    map.destroy();
    expect(pool.resident).toBe(0);
  });

  it('is released without recursion, however long it is', () => {
    const { map, pool } = memory(10_000);
    const at = address(map.allocate(PAGE));
    const children: AddressMap[] = [];
    for (let round = 0; round < 5000; round += 1) {
      map.access.setU8(at, round);
      children.push(childOf(map.fork()));
    }
    map.destroy();
    for (const child of children) child.destroy();
    expect(pool.resident).toBe(0);
  });

  it('in front of few pages keeps the many where they are', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(300 * PAGE));
    for (let page = 0; page < 300; page += 1) map.access.setU32(at + page * PAGE, page);
    map.protect(at + 290 * PAGE, 10 * PAGE, 1, 'current');
    const child = childOf(map.fork());
    map.deallocate(at, 10 * PAGE);
    child.destroy();
    map.access.setU32(at + 20 * PAGE, 1);
    expect(map.access.getU32(at + 289 * PAGE)).toBe(289);
    expect(map.access.getU32(at + 299 * PAGE)).toBe(299);
    map.destroy();
    expect(pool.resident).toBe(0);
  });
});

describe('memory that tasks share', () => {
  it('is copied by a snapshot that gets the old pages', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(4 * PAGE));
    map.inherit(at, 4 * PAGE, 'SHARE');
    map.write(at, pageOfBytes(1, 4));
    const partner = childOf(map.fork());
    const early = copyOf(map.read(at, 4 * PAGE));
    partner.access.setU8(at, 2);
    const late = copyOf(partner.read(at, 4 * PAGE));
    map.access.setU8(at, 3);
    map.access.setU8(at + PAGE, 4);
    expect(partner.access.getU8(at)).toBe(3);
    const receiver = new AddressMap(pool);
    const [first, second] = [early, late].map((copy) => address(copy.copyOut(receiver))) as [number, number];
    expect([first, second].map((where) => receiver.access.getU8(where))).toEqual([1, 2]);
    receiver.access.setU8(second + PAGE, 9);
    expect([first, second].map((where) => receiver.access.getU8(where + PAGE))).toEqual([1, 9]);
    expect(read(map, at + PAGE, 1)).toBe('4×1');
    for (const each of [map, partner, receiver]) each.destroy();
    expect(pool.resident).toBe(0);
  });

  it('gives one snapshot for all copies between two writes', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    map.inherit(at, PAGE, 'SHARE');
    const partner = childOf(map.fork());
    const copies = [map.read(at, PAGE), partner.read(at, PAGE), map.read(at, PAGE)].map(copyOf);
    expect(new Set(copies.map((copy) => copy.pieces?.[0]?.object)).size).toBe(1);
    for (const copy of copies) copy.release();
  });

  it('keeps the pages of a snapshot that one of two users leaves', () => {
    const { map, pool } = memory();
    const at = address(map.allocate(PAGE));
    map.inherit(at, PAGE, 'SHARE');
    map.access.setU8(at, 1);
    const partner = childOf(map.fork());
    const copies = [map.read(at, PAGE), map.read(at, PAGE)].map(copyOf);
    const receiver = new AddressMap(pool);
    const [first, second] = copies.map((copy) => address(copy.copyOut(receiver))) as [number, number];
    partner.access.setU8(at, 2);
    receiver.deallocate(first, PAGE);
    expect(receiver.access.getU8(second)).toBe(1);
  });

  it('that was copied before it is shared, is shared from then on', () => {
    const { map } = memory();
    const at = address(map.allocate(PAGE));
    map.access.setU8(at, 1);
    const copy = childOf(map.fork());
    map.inherit(at, PAGE, 'SHARE');
    const partner = childOf(map.fork());
    map.access.setU8(at, 2);
    expect([copy, partner].map((each) => each.access.getU8(at))).toEqual([1, 2]);
    partner.access.setU8(at, 3);
    expect([copy, map].map((each) => each.access.getU8(at))).toEqual([1, 3]);
  });

  it('is seen at once, even where zeros or a page behind were seen before', () => {
    const { map } = memory();
    const at = address(map.allocate(2 * PAGE));
    map.access.setU8(at, 1);
    const copy = childOf(map.fork());
    map.inherit(at, 2 * PAGE, 'SHARE');
    const partner = childOf(map.fork());
    for (const page of [0, 1]) {
      expect(partner.access.getU8(at + page * PAGE)).toBe(1 - page);
      map.access.setU8(at + page * PAGE, 7);
      expect(partner.access.getU8(at + page * PAGE)).toBe(7);
      expect(copy.access.getU8(at + page * PAGE)).toBe(1 - page);
    }
  });
});
