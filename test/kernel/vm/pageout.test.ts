/** Anonymous memory goes to the default pager when frames are short, and comes back when it is touched. */
import { describe, expect, it } from 'vitest';
import { PageFault } from '../../../kernel/vm/access.ts';
import type { AddressMap } from '../../../kernel/vm/address-map.ts';
import { type DefaultPager, LAUNDRY_MAX, type PagedMemory } from '../../../kernel/vm/default-pager.ts';
import { evict } from '../../../kernel/vm/describe.ts';
import { isBlocked, resolveFault } from '../../../kernel/vm/fault.ts';
import { isWait, ownPage } from '../../../kernel/vm/obtain.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import type { PagePool } from '../../../kernel/vm/pool.ts';
import { address, childOf, memory, pageOfBytes, read, Waiter, waitOf } from './setting.ts';
import { Swap } from './swap.ts';

/** A default pager that writes down what it is told, keeps what it gets, and answers when it is asked to. */
class Script implements DefaultPager {
  readonly lines: string[] = [];
  readonly kept: Map<number, Uint8Array> = new Map();
  memory: PagedMemory | null = null;
  room: 'room' | 'full' | 'later' = 'room';

  take(): string[] {
    return this.lines.splice(0);
  }

  create(told: PagedMemory, size: number): void {
    this.memory = told;
    this.lines.push(`create ${size / PAGE}`);
  }

  dataRequest(_: PagedMemory, offset: number, length: number): void {
    this.lines.push(`request ${offset / PAGE}+${length / PAGE}`);
  }

  dataInitialize(told: PagedMemory, offset: number, data: Uint8Array): void {
    this.#store('initialize', told, offset, data);
  }

  dataReturn(told: PagedMemory, offset: number, data: Uint8Array): void {
    this.#store('return', told, offset, data);
  }

  #store(word: string, told: PagedMemory, offset: number, data: Uint8Array): void {
    this.lines.push(
      `${word} ${offset / PAGE} [${Array.from({ length: data.length / PAGE }, (_, i) => data[i * PAGE])}]`,
    );
    for (let at = 0; at < data.length; at += PAGE) this.kept.set((offset + at) / PAGE, data.slice(at, at + PAGE));
    if (this.room !== 'later') told.stored(data.length, this.room);
  }

  terminate(): void {
    this.lines.push('terminate');
  }

  /** Answers a request. */
  give(page: number): string | undefined {
    return this.memory?.supply(page * PAGE, this.kept.get(page) ?? new Uint8Array(PAGE));
  }
}

interface Scene {
  readonly pool: PagePool;
  readonly map: AddressMap;
  readonly pager: Script;
  /** Four pages, written with 1 2 3 4. */
  readonly at: number;
}

const scene = (limit?: number): Scene => {
  const { pool, map } = memory(limit);
  const pager = new Script();
  expect(pool.backing.set(pager)).toBe(null);
  const at = address(map.allocate(4 * PAGE));
  for (let page = 0; page < 4; page += 1) map.write(at + page * PAGE, pageOfBytes(page + 1));
  return { pool, map, pager, at };
};

const touch = (map: AddressMap, at: number, access: 'read' | 'write' = 'read') => resolveFault(map, at, access);

describe('a page of anonymous memory', () => {
  it('goes out once, and comes back when it is touched', () => {
    const { pool, map, pager, at } = scene();
    expect(evict(map, at, 2 * PAGE)).toBe(2);
    expect(pool.resident).toBe(2);
    expect(pager.take()).toEqual(['create 4', 'initialize 0 [1,2]']);
    const waiter = new Waiter();
    waitOf(touch(map, at + PAGE)).join(waiter);
    expect(touch(map, at + PAGE)).toEqual(touch(map, at + PAGE)); // joins the request that is open
    expect(pager.take()).toEqual(['request 1+1']);
    expect(pager.give(1)).toBe('KERN_SUCCESS');
    expect(waiter.told).toBe(1);
    expect(read(map, at + PAGE, 3 * PAGE)).toBe('2×4096 3×4096 4×4096');
  });

  it('is not returned again unless it was written', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    touch(map, at);
    pager.give(0);
    pager.take();
    expect(evict(map, at, PAGE)).toBe(1);
    expect(pager.take()).toEqual([]);
    touch(map, at);
    pager.give(0);
    map.access.setU8(at, 9);
    evict(map, at, PAGE);
    expect(pager.take()).toEqual(['request 0+1', 'return 0 [9]']);
  });

  it('that was evicted with others comes back with them', () => {
    const { map, pager, at } = scene();
    evict(map, at, 4 * PAGE);
    pager.take();
    touch(map, at + PAGE);
    expect(pager.take()).toEqual(['request 1+3']);
  });

  it('does not go out while it is asked for', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    touch(map, at);
    map.write(at, pageOfBytes(8));
    expect(evict(map, at, PAGE)).toBe(0);
    pager.give(0);
    expect(evict(map, at, PAGE)).toBe(1);
    expect(pager.take().at(-1)).toBe('initialize 0 [8]');
  });

  it('that is overwritten while it is asked for keeps what was written', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    touch(map, at);
    map.write(at, pageOfBytes(8));
    pager.give(0);
    expect(read(map, at, PAGE)).toBe('8×4096');
  });

  it('that is unmapped while it is asked for does not come back in new memory', () => {
    const { map, pager, at } = scene();
    evict(map, at + 3 * PAGE, PAGE);
    touch(map, at + 3 * PAGE);
    map.deallocate(at + 3 * PAGE, PAGE);
    expect(map.allocate(PAGE, at + 3 * PAGE)).toBe(at + 3 * PAGE);
    pager.give(3);
    expect(read(map, at + 3 * PAGE, PAGE)).toBe('0×4096');
    expect(map.regions.list.length).toBe(1);
  });

  it('is not taken from a pager that was not asked', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    pager.give(0);
    expect(isBlocked(touch(map, at))).toBe(true);
    expect([pager.memory?.supply(1, new Uint8Array(PAGE)), pager.memory?.supply(0, new Uint8Array(7))]).toEqual([
      'KERN_INVALID_ARGUMENT',
      'KERN_INVALID_ARGUMENT',
    ]);
  });

  it('that the pager has lost is an error, never zeros', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    const waiter = new Waiter();
    waitOf(touch(map, at)).join(waiter);
    pager.memory?.error(0, PAGE);
    expect(waiter.told).toBe(1);
    expect(touch(map, at)).toMatchObject({ failed: 'KERN_MEMORY_ERROR' });
    expect(map.write(at, pageOfBytes(5))).toBe('KERN_SUCCESS');
    expect(read(map, at, PAGE)).toBe('5×4096');
  });

  it('counts as written for a move, here or not', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    const object = map.regions.list[0]?.object;
    expect(object?.takeModified()).toEqual([0, 1, 2, 3]);
    expect([object?.residentPages()[0], object?.ownPages()[0]]).toEqual([0b1110, 0b1111]);
    if (object === undefined) return;
    expect(isWait(ownPage(object, 0))).toBe(true);
    pager.give(0);
    expect(ownPage(object, 0)).toEqual(pageOfBytes(1));
    expect(ownPage(object, 4)).toBe('none');
  });
});

describe('an object at the default pager', () => {
  it('ends when nobody refers to it', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    pager.take();
    map.deallocate(at, 4 * PAGE);
    expect(pager.take()).toEqual(['terminate']);
    expect(pager.memory?.supply(0, pageOfBytes(1))).toBe('KERN_INVALID_ARGUMENT');
  });

  it('has no pager if nothing of it ever went out', () => {
    const { map, pager, at } = scene();
    map.deallocate(at, 4 * PAGE);
    expect(pager.take()).toEqual([]);
  });

  it('is copied on write as ever: the copy sees what was, wherever it is', () => {
    const { map, pager, at } = scene();
    const child = childOf(map.fork());
    map.write(at, pageOfBytes(7));
    evict(child, at, 4 * PAGE);
    pager.take();
    expect(read(child, at, PAGE)).toBe('blocked');
    for (const page of [0, 1, 2, 3]) pager.give(page);
    expect([read(child, at, PAGE), read(map, at, PAGE)]).toEqual(['1×4096', '7×4096']);
  });

  it('hands its pager on when a chain of shadows is shortened', () => {
    const { map, pager, at } = scene();
    evict(map, at, 4 * PAGE);
    const child = childOf(map.fork());
    touch(child, at, 'write');
    for (const page of [0, 1, 2, 3]) pager.give(page);
    child.access.setU8(at, 7);
    evict(map, at, 4 * PAGE);
    pager.take();
    map.destroy();
    expect(pager.take()).toEqual([]); // not terminated: the child still needs it
    expect(child.regions.list[0]?.object.shadow).toBe(null);
    expect(read(child, at + PAGE, PAGE)).toBe('blocked');
    for (const page of [1, 2, 3]) pager.give(page);
    expect(read(child, at + PAGE, 3 * PAGE)).toBe('2×4096 3×4096 4×4096');
    expect(child.access.getU8(at)).toBe(7);
    child.destroy();
    expect(pager.take().at(-1)).toBe('terminate');
  });

  it('grows like any other', () => {
    const { map, pager, at } = scene();
    evict(map, at, 4 * PAGE);
    expect(map.allocate(PAGE)).toBe(at + 4 * PAGE);
    expect(map.regions.list.length).toBe(1);
    expect(read(map, at + 4 * PAGE, PAGE)).toBe('0×4096');
    expect(pager.take()).toEqual(['create 4', 'initialize 0 [1,2,3,4]']);
  });

  it('keeps what is here when its pager dies, and loses the rest', () => {
    const { map, pager, at } = scene();
    evict(map, at, PAGE);
    const waiter = new Waiter();
    waitOf(touch(map, at)).join(waiter);
    pager.memory?.pagerDied();
    expect(waiter.told).toBe(1);
    expect(touch(map, at)).toMatchObject({ failed: 'KERN_MEMORY_ERROR' });
    expect(read(map, at + PAGE, PAGE)).toBe('2×4096');
    expect(evict(map, at + PAGE, PAGE)).toBe(0);
  });
});

describe('a kernel that is short of frames', () => {
  it('refuses without a default pager', () => {
    const { map } = memory(8);
    const at = address(map.allocate(9 * PAGE));
    for (let page = 0; page < 8; page += 1) map.access.setU8(at + page * PAGE, 1);
    expect(touch(map, at + 8 * PAGE, 'write')).toMatchObject({ failed: 'KERN_RESOURCE_SHORTAGE' });
  });

  it('waits for what is under way, and refuses when the pager is full', () => {
    const { pool, map, pager } = scene(8);
    const at = address(map.allocate(40 * PAGE));
    pager.room = 'later';
    let out = 0;
    for (let page = 0; page < 40 && out === 0; page += 1) {
      if (isBlocked(touch(map, at + page * PAGE, 'write'))) out = page;
    }
    expect(out).toBe(0); // the laundry is far from its limit
    expect(pool.backing.laundry).toBeGreaterThan(0);
    pool.backing.handOver(LAUNDRY_MAX);
    const waiter = new Waiter();
    const fresh = address(map.allocate(20 * PAGE));
    let waited: unknown = null;
    for (let page = 0; page < 20 && waited === null; page += 1) {
      const result = touch(map, fresh + page * PAGE, 'write');
      if (isBlocked(result)) waited = result;
    }
    waitOf(waited).join(waiter);
    pool.backing.settle(LAUNDRY_MAX, 'full');
    expect(waiter.told).toBe(1);
    pool.backing.settle(pool.backing.laundry, 'full');
    let failed: unknown = 'resident';
    for (let page = 0; page < 20 && failed === 'resident'; page += 1) failed = touch(map, fresh + page * PAGE, 'write');
    expect(failed).toMatchObject({ failed: 'KERN_RESOURCE_SHORTAGE' });
    pool.backing.retry();
    expect(touch(map, fresh + 19 * PAGE, 'write')).toBe('resident');
  });

  it('lets a step that is run again after each fault gather its pages, if they fit', () => {
    const { pool, map } = memory(48);
    const swap = new Swap(1);
    pool.backing.set(swap);
    const at = address(map.allocate(400 * PAGE));
    let faults = 0;
    /** Runs a step as the scheduler does: from its beginning after each fault. */
    const run = (step: () => void): void => {
      for (;;) {
        try {
          return step();
        } catch (fault) {
          if (!(fault instanceof PageFault) || !isBlocked(fault.outcome)) throw fault;
          faults += 1;
          swap.until(fault.outcome.wait);
        }
      }
    };
    for (let page = 0; page < 400; page += 1) run(() => map.access.setU32(at + page * PAGE, page));
    for (let step = 0; step < 20; step += 1) {
      const pages = Array.from({ length: 24 }, (_, index) => (step * 131 + index * 17) % 400);
      run(() => {
        for (const page of pages) expect(map.access.getU32(at + page * PAGE)).toBe(page);
      });
    }
    expect(faults).toBeLessThanOrEqual(20 * 24 + 400);
    expect(swap.wrongs).toEqual([]);
  });
});
