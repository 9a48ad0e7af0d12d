import { describe, expect, it } from 'vitest';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { createPagedObject, LOCK_NO_CHANGE } from '../../../kernel/vm/control.ts';
import { evict } from '../../../kernel/vm/describe.ts';
import { resolveFault } from '../../../kernel/vm/fault.ts';
import { MapCopy } from '../../../kernel/vm/map-copy.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import {
  address,
  childOf,
  copyOf,
  mapping,
  memory,
  paged,
  pageOfBytes,
  read,
  Transcript,
  Waiter,
  waitOf,
} from './setting.ts';

describe('a pager that is not ready', () => {
  it('is asked nothing; what was held back follows', () => {
    const { map } = memory();
    const { pager, control, at } = paged(map, 2);
    const waiter = new Waiter();
    waitOf(resolveFault(map, at, 'read')).join(waiter);
    expect(pager.take()).toEqual(['init']);
    expect(control.ready(false, 'DELAY')).toBe('KERN_SUCCESS');
    expect(pager.take()).toEqual(['request 0+1 1']);
    expect(control.supply(0, pageOfBytes(170), 0, false)).toEqual({ result: 'KERN_SUCCESS', errorOffset: PAGE });
    expect(waiter.told).toBe(1);
    expect(map.access.getU8(at)).toBe(170);
    expect(pager.take()).toEqual([]);
  });

  it('holds copies back as well', () => {
    const { map } = memory();
    const { control, at } = paged(map, 1);
    const waiter = new Waiter();
    waitOf(map.read(at, PAGE)).join(waiter);
    control.ready(false, 'DELAY');
    expect(waiter.told).toBe(1);
    copyOf(map.read(at, PAGE)).release();
  });

  it('may refuse the object: the mapping stays, every touch fails', () => {
    const { map } = memory();
    const { pager, control, at } = paged(map, 1);
    const waiter = new Waiter();
    waitOf(resolveFault(map, at, 'read')).join(waiter);
    expect(control.destroy()).toBe('KERN_SUCCESS');
    expect(waiter.told).toBe(1);
    expect(pager.take()).toEqual(['init', 'terminate']);
    expect(map.region(at)).toMatchObject({ address: at, protection: 3 });
    for (const access of ['read', 'write'] as const) {
      expect(resolveFault(map, at, access)).toEqual({ failed: 'KERN_MEMORY_FAILURE', subcode: at });
    }
    map.deallocate(at, PAGE);
    expect(pager.take()).toEqual([]);
  });
});

const ready = (pages: number, cluster = 1) => {
  const { map, pool } = memory();
  const setting = { map, pool, ...paged(map, pages, { cluster }) };
  setting.control.ready(false, 'DELAY');
  setting.pager.take();
  return setting;
};

describe('a fault', () => {
  it('of five threads on one page is one request', () => {
    const { map, pager, control, at } = ready(1);
    const waiters = Array.from({ length: 5 }, () => new Waiter());
    for (const waiter of waiters) waitOf(resolveFault(map, at, 'read')).join(waiter);
    const aborted = new Waiter();
    const wait = waitOf(resolveFault(map, at, 'write'));
    wait.join(aborted);
    wait.leave(aborted);
    expect(pager.take()).toEqual(['request 0+1 1']);
    control.supply(0, [pageOfBytes(1)], 0, false);
    expect(waiters.map(({ told }) => told)).toEqual([1, 1, 1, 1, 1]);
    expect(aborted.told).toBe(0);
  });

  it('asks for a cluster, as far as nobody has asked', () => {
    const { map, pager, control, at } = ready(10, 4);
    control.supply(6 * PAGE, pageOfBytes(1), 0, false);
    waitOf(resolveFault(map, at + 4 * PAGE, 'write'));
    waitOf(resolveFault(map, at + 5 * PAGE, 'write'));
    waitOf(resolveFault(map, at, 'read'));
    waitOf(resolveFault(map, at + 9 * PAGE, 'read'));
    expect(pager.take()).toEqual(['request 4+2 3', 'request 0+4 1', 'request 9+1 1']);
    expect(control.outstanding).toBe(7);
    control.unavailable(0, 10 * PAGE);
    expect(control.outstanding).toBe(0);
    expect(read(map, at, PAGE)).toBe('0×4096');
    expect(pager.take()).toEqual([]);
  });

  it('that the pager cannot settle fails; the other pages work', () => {
    const { map, pager, control, at } = ready(2);
    waitOf(resolveFault(map, at, 'read'));
    expect(control.error(0, PAGE)).toBe('KERN_SUCCESS');
    expect(resolveFault(map, at, 'read')).toEqual({ failed: 'KERN_MEMORY_ERROR', subcode: at });
    waitOf(resolveFault(map, at + PAGE, 'read'));
    control.supply(PAGE, pageOfBytes(9), 0, false);
    expect(map.access.getU8(at + PAGE)).toBe(9);
    expect(pager.take()).toEqual(['request 0+1 1', 'request 1+1 1']);
    control.lockRequest(0, PAGE, 'NONE', true, LOCK_NO_CHANGE);
    waitOf(resolveFault(map, at, 'read'));
  });

  it('on a page the pager has not is zero, and can be written', () => {
    const { map, pager, control, at } = ready(1);
    waitOf(resolveFault(map, at, 'read'));
    control.unavailable(0, PAGE);
    expect(map.access.getU8(at)).toBe(0);
    map.access.setU8(at, 3);
    expect(map.access.getU8(at)).toBe(3);
    expect(pager.take()).toEqual(['request 0+1 1']);
  });

  it('may be settled while it asks', () => {
    const { map, pool } = memory();
    const pager = new (class extends Transcript {
      override dataRequest(): void {
        control.supply(0, pageOfBytes(4), 2, false);
      }
      override dataUnlock(): void {
        control.lockRequest(0, PAGE, 'NONE', false, 0);
      }
    })();
    const control = createPagedObject(pool, 1, pager);
    control.ready(false, 'DELAY');
    const at = address(map.map(mapping(control.object, 1)));
    expect(map.access.getU8(at)).toBe(4);
    map.access.setU8(at, 5);
    expect(map.access.getU8(at)).toBe(5);
  });
});

describe('data_supply', () => {
  it('of part of a page, or with unknown lock bits, is refused and settles nothing', () => {
    const { map, control, at } = ready(1);
    const wait = waitOf(resolveFault(map, at, 'read'));
    expect(control.supply(0, new Uint8Array(100), 0, false)).toBe('KERN_INVALID_ARGUMENT');
    expect(control.supply(0, pageOfBytes(1), 64, false)).toBe('KERN_INVALID_ARGUMENT');
    expect(control.supply(5, pageOfBytes(1), 0, false)).toBe('KERN_INVALID_ARGUMENT');
    expect(wait.isOver).toBe(false);
  });

  it('stops at a page that is here', () => {
    const { map, control, at } = ready(4);
    control.supply(2 * PAGE, pageOfBytes(1), 0, false);
    const answer = control.supply(0, pageOfBytes(2, 4), 0, false);
    expect(answer).toEqual({ result: 'KERN_MEMORY_PRESENT', errorOffset: 2 * PAGE });
    expect([0, 1, 2].map((page) => map.access.getU8(at + page * PAGE))).toEqual([2, 2, 1]);
    waitOf(resolveFault(map, at + 3 * PAGE, 'read'));
  });

  it('takes out-of-line memory', () => {
    const { map, pool, control, at } = ready(2);
    const other = new AddressMap(pool);
    const from = address(other.allocate(2 * PAGE));
    other.write(from, pageOfBytes(8));
    const data = copyOf(other.read(from, 2 * PAGE));
    expect(control.supply(0, data, 0, false)).toMatchObject({ result: 'KERN_SUCCESS' });
    data.release();
    expect(read(map, at, 2 * PAGE)).toBe('8×4096 0×4096');
    const bytes = MapCopy.fromBytes(pool, pageOfBytes(5));
    expect(control.supply(2 * PAGE, bytes, 0, false)).toMatchObject({ result: 'KERN_SUCCESS' });
  });
});

describe('a locked page', () => {
  it('asks to be unlocked, once, and not for data', () => {
    const { map, pager, control, at } = ready(1);
    control.supply(0, pageOfBytes(170), 2, false);
    const waiter = new Waiter();
    waitOf(resolveFault(map, at, 'write')).join(waiter);
    waitOf(resolveFault(map, at, 'write'));
    expect(map.access.getU8(at)).toBe(170);
    expect(pager.take()).toEqual(['unlock 0+1 3']);
    expect(control.lockRequest(0, PAGE, 'NONE', false, 0)).toBe('KERN_SUCCESS');
    expect(waiter.told).toBe(1);
    map.access.setU8(at, 3);
    map.access.setU8(at + 1, 4);
    expect(pager.take()).toEqual([]);
    control.lockRequest(0, PAGE, 'NONE', false, 2);
    expect(() => map.access.setU8(at, 1)).toThrow();
    expect(map.access.getU8(at)).toBe(3);
  });
});

describe('lock_request', () => {
  it('returns what is dirty, in runs, and only once', () => {
    const { map, pager, control, at } = ready(6);
    control.supply(0, pageOfBytes(170, 6), 0, false);
    for (const page of [0, 2, 3, 5]) map.access.setU8(at + page * PAGE, 10 + page);
    expect(control.lockRequest(0, 6 * PAGE, 'DIRTY', false, LOCK_NO_CHANGE)).toBe('KERN_SUCCESS');
    expect(pager.take()).toEqual([
      'return 0 [10] dirty kept',
      'return 2 [12,13] dirty kept',
      'return 5 [15] dirty kept',
    ]);
    expect(map.access.getU8(at)).toBe(10);
    control.lockRequest(0, 6 * PAGE, 'DIRTY', false, LOCK_NO_CHANGE);
    expect(pager.take()).toEqual([]);
    map.access.setU8(at + 2 * PAGE, 22);
    control.lockRequest(0, 6 * PAGE, 'DIRTY', false, LOCK_NO_CHANGE);
    expect(pager.take()).toEqual(['return 2 [22] dirty kept']);
    expect(control.lockRequest(0, PAGE, 'NONE', false, 64)).toBe('KERN_INVALID_ARGUMENT');
  });

  it('returns precious pages with ALL, and flushes after that', () => {
    const { map, pool, pager, control, at } = ready(3);
    control.supply(0, pageOfBytes(1), 0, true);
    control.supply(PAGE, pageOfBytes(2), 0, false);
    control.supply(2 * PAGE, pageOfBytes(3), 0, true);
    map.access.setU8(at, 7);
    control.lockRequest(0, 3 * PAGE, 'ALL', true, LOCK_NO_CHANGE);
    expect(pager.take()).toEqual(['return 0 [7] dirty', 'return 2 [3]']);
    expect(pool.resident).toBe(0);
    waitOf(resolveFault(map, at, 'read'));
    expect(pager.take()).toEqual(['request 0+1 1']);
  });
});

describe('the last unmapping', () => {
  it('returns dirty and precious pages, then terminates', () => {
    const { map, pool, pager, control, at } = ready(4);
    control.supply(0, pageOfBytes(170, 3), 0, false);
    control.supply(3 * PAGE, pageOfBytes(1), 0, true);
    map.access.setU8(at, 10);
    map.access.setU8(at + 2 * PAGE, 12);
    map.deallocate(at, 2 * PAGE);
    expect(pager.take()).toEqual([]);
    map.deallocate(at + 2 * PAGE, 2 * PAGE);
    expect(pager.take()).toEqual(['return 0 [10] dirty', 'return 2 [12] dirty', 'return 3 [1]', 'terminate']);
    expect(pool.resident).toBe(0);
  });

  it('keeps an object whose pager allows it, until the kernel needs the frames', () => {
    const { map, pool, pager, control, at } = ready(2);
    control.changeAttributes(true, 'DELAY');
    control.supply(0, pageOfBytes(5, 2), 0, false);
    map.deallocate(at, 2 * PAGE);
    expect([pager.take(), pool.resident]).toEqual([[], 2]);
    const again = address(map.map(mapping(control.object, 2)));
    expect(map.access.getU8(again)).toBe(5);
    map.access.setU8(again, 6);
    map.deallocate(again, 2 * PAGE);
    expect(pool.hasRoom(pool.limit - 1)).toBe(true);
    expect(pager.take()).toEqual(['return 0 [6] dirty', 'terminate']);
    expect(pool.resident).toBe(0);
  });

  it('of a temporary object returns nothing', () => {
    const { map, pager, control, at } = ready(1);
    control.changeAttributes(false, 'TEMPORARY');
    control.supply(0, pageOfBytes(5), 0, false);
    map.access.setU8(at, 6);
    map.destroy();
    expect(pager.take()).toEqual(['terminate']);
  });
});

describe('the death of a pager', () => {
  it('leaves what is here, and fails the rest', () => {
    const { map, pager, control, at } = ready(2);
    control.supply(0, pageOfBytes(5), 0, false);
    const waiter = new Waiter();
    waitOf(resolveFault(map, at + PAGE, 'read')).join(waiter);
    control.pagerDied();
    expect(waiter.told).toBe(1);
    expect(map.access.getU8(at)).toBe(5);
    expect(resolveFault(map, at + PAGE, 'read')).toMatchObject({ failed: 'KERN_MEMORY_ERROR' });
    pager.take();
    map.destroy();
    expect(pager.take()).toEqual([]);
  });
});

describe('eviction', () => {
  it('drops clean pages and returns the others; they come back when touched', () => {
    const { map, pool, pager, control, at } = ready(3);
    control.supply(0, pageOfBytes(1, 2), 0, false);
    control.supply(2 * PAGE, pageOfBytes(3), 0, true);
    map.access.setU8(at + PAGE, 9);
    expect(evict(map, at, 3 * PAGE)).toBe(3);
    expect(pager.take()).toEqual(['return 1 [9] dirty', 'return 2 [3]']);
    expect(pool.resident).toBe(0);
    waitOf(resolveFault(map, at + PAGE, 'read'));
    expect(pager.take()).toEqual(['request 1+1 1']);
  });

  it('makes room for other memory', () => {
    const { map, pool } = memory(20);
    const { pager, control, at } = paged(map, 16);
    control.ready(false, 'DELAY');
    control.supply(0, pageOfBytes(1, 16), 0, false);
    map.access.setU8(at, 2);
    const own = address(map.allocate(20 * PAGE));
    for (let page = 0; page < 20; page += 1) map.access.setU8(own + page * PAGE, page);
    expect(pool.resident).toBe(20);
    expect(pager.take()).toEqual(['init', 'return 0 [2] dirty']);
    expect(resolveFault(map, at, 'read')).toMatchObject({ failed: 'KERN_RESOURCE_SHORTAGE' });
  });
});

describe('a copy of a pager object', () => {
  it("is given the old page even if the frame for it is the page's own", () => {
    const { map, pool } = memory(2);
    const { pager, control, at } = paged(map, 2);
    control.ready(false, 'DELAY');
    control.supply(0, pageOfBytes(1, 2), 0, false);
    const copy = copyOf(map.read(at, 2 * PAGE));
    pager.take();
    waitOf(resolveFault(map, at, 'write'));
    expect(pager.take()).toEqual(['request 0+1 3']);
    control.supply(0, pageOfBytes(1), 0, false);
    map.access.setU8(at, 2);
    expect(copy.view(0)?.[0]).toBe(1);
    expect(pool.resident).toBe(2);
  });

  it('with DELAY is lazy: pages come from the original, or were pushed before they changed', () => {
    const { map, pager, control, at } = ready(3);
    const copy = address(copyOf(map.read(at, 3 * PAGE)).copyOut(map));
    expect(pager.take()).toEqual([]);
    control.supply(0, pageOfBytes(1, 2), 0, false);
    map.access.setU8(at, 50);
    expect([map.access.getU8(copy), map.access.getU8(copy + PAGE)]).toEqual([1, 1]);
    map.access.setU8(copy + PAGE, 60);
    expect(map.access.getU8(at + PAGE)).toBe(1);
    waitOf(resolveFault(map, copy + 2 * PAGE, 'write'));
    expect(pager.take()).toEqual(['request 2+1 1']);
  });

  it('with NONE is made at once: it waits for every page', () => {
    const { map, pool, pager, control, at } = ready(2);
    control.changeAttributes(false, 'NONE');
    control.supply(PAGE, pageOfBytes(2), 0, false);
    const waiter = new Waiter();
    waitOf(map.fork()).join(waiter);
    expect(pager.take()).toEqual(['request 0+1 1']);
    control.supply(0, pageOfBytes(1), 0, false);
    expect(waiter.told).toBe(1);
    const child = childOf(map.fork());
    expect(pool.resident).toBe(4);
    map.access.setU8(at, 9);
    expect(child.access.getU8(at)).toBe(1);
    child.destroy();
    map.destroy();
    expect(pool.resident).toBe(0);
  });

  it('keeps the object alive when the mapping is gone', () => {
    const { map, pool, pager, control, at } = ready(1);
    const copy = address(map.map(mapping(control.object, 1, { share: 'copy' })));
    map.deallocate(at, PAGE);
    expect(pager.take()).toEqual([]);
    control.supply(0, pageOfBytes(1), 0, false);
    map.access.setU8(copy, 2);
    expect(pool.resident).toBe(2);
    map.deallocate(copy, PAGE);
    expect(pager.take()).toEqual(['terminate']);
    expect(pool.resident).toBe(0);
  });
});
