import { describe as chapter, expect, it } from 'vitest';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { createPagedObject, type PagerControl } from '../../../kernel/vm/control.ts';
import { describe, objectsOf, restore } from '../../../kernel/vm/describe.ts';
import { resolveFault } from '../../../kernel/vm/fault.ts';
import { MemoryObject } from '../../../kernel/vm/object.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import { address, childOf, copyOf, memory, paged, pageOfBytes, read, Transcript, waitOf } from './setting.ts';

/** A map with copies, a window on a shadow, and memory shown twice. */
const varied = () => {
  const { map, pool } = memory();
  const at = address(map.allocate(8 * PAGE));
  map.write(at, pageOfBytes(1, 6));
  const twin = address(copyOf(map.read(at, 8 * PAGE)).copyOut(map));
  map.write(at + PAGE, pageOfBytes(2));
  map.write(twin + 2 * PAGE, pageOfBytes(3));
  map.protect(at, PAGE, 1, 'current');
  return { map, pool, at, twin };
};

chapter('a description', () => {
  it('is plain data, with what is shadowed first', () => {
    const { map } = varied();
    const told = describe(map);
    expect(structuredClone(told)).toEqual(told);
    const order = told.objects.map(({ id }) => id);
    for (const { id, shadow } of told.objects) {
      if (shadow !== null) expect(order.indexOf(shadow.object)).toBeLessThan(order.indexOf(id));
    }
    expect(told.objects).toHaveLength(3);
    expect(told.regions).toHaveLength(3);
  });

  it('tells named objects from anonymous ones, and who else uses an object', () => {
    const { map } = memory();
    paged(map, 2).control.ready(false, 'DELAY');
    const at = address(map.allocate(PAGE));
    map.inherit(at, PAGE, 'SHARE');
    const child = childOf(map.fork());
    expect(describe(child).objects.at(-1)).toMatchObject({ kind: 'anonymous', isShared: true, references: 2 });
    expect(describe(map).objects).toMatchObject([{ kind: 'named' }, { kind: 'anonymous' }]);
  });

  it('is restored page by page, on demand or pushed, with copies still copies', () => {
    const { map, at, twin } = varied();
    const told = describe(map);
    const source = objectsOf(map);
    const pool = new PagePool(1000);
    const arrived = new AddressMap(pool);
    const controls = new Map<number, PagerControl>();
    const pager = new Transcript();
    const objects = restore(arrived, told, ({ id, pages }) => {
      const control = createPagedObject(pool, pages, pager, { role: 'moved' });
      controls.set(id, control);
      control.ready(false, 'NONE');
      return control.object;
    });
    expect(describe(arrived).regions.map(({ start }) => start)).toEqual(told.regions.map(({ start }) => start));
    // The shadow in front has no such page at the source, the object behind has.
    pager.take();
    waitOf(resolveFault(arrived, at + 3 * PAGE, 'read'));
    expect(pager.take()).toEqual(['request 3+1 1']);
    for (const [id, control] of controls) {
      const held = source.get(id);
      if (held === undefined) throw new Error('no such object');
      control.settle(held.residentPages());
      held.forEachPage((page, bytes) => expect(control.supplyPage(page, bytes)).toBe('KERN_SUCCESS'));
    }
    const frames = pool.resident;
    expect(frames).toBe(8);
    for (const control of controls.values()) control.complete();
    expect([...objects.values()].every(({ source: pagerOf }) => pagerOf === null)).toBe(true);
    for (const from of [at, twin]) expect(read(arrived, from, 8 * PAGE)).toBe(read(map, from, 8 * PAGE));
    arrived.access.setU8(twin, 77);
    expect(arrived.access.getU8(at)).toBe(1);
    arrived.destroy();
    expect(pool.resident).toBe(0);
  });

  it('keeps sharing inside the map and limits', () => {
    const { map } = memory();
    const object = new MemoryObject(map.pool, 2);
    for (const where of [0x20000, 0x40000]) {
      const request = { size: 2 * PAGE, where, object, offset: 0, share: 'share' } as const;
      address(map.map({ ...request, protection: 3, max: 3, inheritance: 'SHARE' }));
    }
    map.setSizeLimit(1 << 20, 1 << 21, 'user');
    const arrived = new AddressMap(new PagePool(10));
    restore(arrived, describe(map), ({ pages }) => new MemoryObject(arrived.pool, pages));
    arrived.access.setU8(0x20000, 5);
    expect(arrived.access.getU8(0x40000)).toBe(5);
    expect(arrived.sizeLimit).toEqual({ current: 1 << 20, max: 1 << 21 });
  });
});

chapter('pages of a frozen map', () => {
  it('are found by object and number', () => {
    const { map, at } = varied();
    const region = map.regions.at(at + PAGE);
    const object = objectsOf(map).get(region?.object.id ?? 0);
    expect(object?.view(1)?.[0]).toBe(2);
    expect(object?.residentPages()[0]).toBe(0b10);
  });
});

chapter('rounds of copying', () => {
  it('are told what was written since the last', () => {
    const { map } = memory();
    const at = address(map.allocate(8 * PAGE));
    for (const page of [1, 3]) map.access.setU8(at + page * PAGE, 1);
    const object = map.regions.at(at)?.object;
    expect(object?.takeModified()).toEqual([1, 3]);
    expect(object?.takeModified()).toEqual([]);
    map.access.setU8(at + 3 * PAGE, 2);
    map.access.setU8(at + 5 * PAGE, 2);
    expect(object?.takeModified()).toEqual([3, 5]);
  });
});
