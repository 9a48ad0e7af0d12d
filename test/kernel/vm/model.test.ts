/** Maps against a model that copies everything at once: what a program sees is the same, and no frame is lost. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { createPagedObject, type PagerControl } from '../../../kernel/vm/control.ts';
import { describe as describeMap, evict, objectsOf, restore } from '../../../kernel/vm/describe.ts';
import { isBlocked, resolveFault } from '../../../kernel/vm/fault.ts';
import type { MapCopy } from '../../../kernel/vm/map-copy.ts';
import type { MemoryObject } from '../../../kernel/vm/object.ts';
import { type CopyStrategy, type Inheritance, PAGE } from '../../../kernel/vm/page.ts';
import type { Pager } from '../../../kernel/vm/pager.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import { reference, release } from '../../../kernel/vm/shadow.ts';
import { mapping } from './setting.ts';

const BASE = 0x100000;
const SPAN = 8;
const TASKS = 3;

interface Cell {
  bytes: Uint8Array;
}

interface Mapped {
  cell: Cell;
  protection: number;
  inheritance: Inheritance;
}

type ModelMap = Map<number, Mapped>;

/** A pager that answers at once, and keeps what is returned. */
class Store implements Pager {
  readonly cells: Map<number, Cell> = new Map();
  readonly strategy: CopyStrategy;
  control: PagerControl | null = null;
  readonly #stored: Map<number, Uint8Array> = new Map();

  constructor(strategy: CopyStrategy) {
    this.strategy = strategy;
  }

  cell(page: number): Cell {
    let cell = this.cells.get(page);
    if (cell === undefined) {
      cell = { bytes: page % 3 === 2 ? new Uint8Array(PAGE) : new Uint8Array(PAGE).fill(100 + page) };
      this.cells.set(page, cell);
      this.#stored.set(page, cell.bytes.slice());
    }
    return cell;
  }

  init(): void {}

  dataRequest(_: MemoryObject, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += PAGE) {
      this.cell(at / PAGE);
      const bytes = this.#stored.get(at / PAGE);
      if (bytes === undefined || (bytes.every((byte) => byte === 0) && at % 2 === 0)) {
        this.control?.unavailable(at, PAGE);
      } else this.control?.supply(at, bytes, at % (5 * PAGE) === 0 ? 2 : 0, at % (7 * PAGE) === 0);
    }
  }

  dataUnlock(_: MemoryObject, offset: number, length: number): void {
    this.control?.lockRequest(offset, length, 'NONE', false, 0);
  }

  dataReturn(_: MemoryObject, offset: number, data: MapCopy): void {
    const bytes = new Uint8Array(data.size);
    data.readInto(bytes);
    for (let at = 0; at < data.size; at += PAGE) this.#stored.set((offset + at) / PAGE, bytes.slice(at, at + PAGE));
    data.release();
  }

  terminate(): void {
    this.control = null;
  }
}

const page = fc.nat(SPAN - 1);
const count = fc.integer({ min: 1, max: 5 });
const task = fc.nat(TASKS - 1);
const operation = fc.oneof(
  fc.record({ op: fc.constant('allocate' as const), task, page, count }),
  fc.record({ op: fc.constant('deallocate' as const), task, page, count }),
  fc.record({ op: fc.constant('protect' as const), task, page, count, protection: fc.constantFrom(0, 1, 3) }),
  fc.record({ op: fc.constant('inherit' as const), task, page, count, how: fc.constantFrom('SHARE', 'COPY', 'NONE') }),
  fc.record({
    op: fc.constant('write' as const),
    task,
    page,
    skip: fc.nat(PAGE),
    length: fc.nat(9000),
    byte: fc.nat(255),
  }),
  fc.record({ op: fc.constant('poke' as const), task, page, skip: fc.constantFrom(0, 0, 77), byte: fc.nat(255) }),
  fc.record({ op: fc.constant('poke' as const), task, page, skip: fc.constantFrom(0, 0, 77), byte: fc.nat(255) }),
  fc.record({ op: fc.constant('peek' as const), page }),
  fc.record({ op: fc.constant('peek' as const), page }),
  fc.record({ op: fc.constant('copy' as const), task, page, count, to: page, skip: fc.constantFrom(0, 0, 0, 17) }),
  fc.record({
    op: fc.constant('send' as const),
    task,
    page,
    count,
    to: task,
    at: page,
    fate: fc.constantFrom('keep', 'deallocate'),
  }),
  fc.record({ op: fc.constant('fork' as const), task, to: task }),
  fc.record({ op: fc.constant('exit' as const), task }),
  fc.record({
    op: fc.constant('mapStore' as const),
    task,
    page,
    count,
    store: fc.nat(2),
    offset: fc.nat(6),
    share: fc.constantFrom('share', 'copy'),
  }),
  fc.record({ op: fc.constant('evict' as const), task, page, count }),
  fc.record({ op: fc.constant('move' as const), task }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Both worlds, side by side. */
class Worlds {
  readonly pool: PagePool = new PagePool(5000);
  readonly maps: AddressMap[] = Array.from({ length: TASKS }, () => new AddressMap(this.pool));
  readonly models: ModelMap[] = Array.from({ length: TASKS }, () => new Map());
  readonly stores: Store[] = (['NONE', 'DELAY', 'CALL'] as const).map((strategy) => new Store(strategy));

  map(task: number): AddressMap {
    const map = this.maps[task];
    if (map === undefined) throw new Error('no such task');
    return map;
  }

  model(task: number): ModelMap {
    const model = this.models[task];
    if (model === undefined) throw new Error('no such task');
    return model;
  }

  range(first: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => first + index);
  }

  /** What the model says to an access. */
  check(model: ModelMap, first: number, count: number, need: number): string {
    for (const each of this.range(first, count)) {
      const mapped = model.get(each);
      if (mapped === undefined) return 'KERN_INVALID_ADDRESS';
      if ((mapped.protection & need) !== need) return 'KERN_PROTECTION_FAILURE';
    }
    return 'KERN_SUCCESS';
  }

  step(operation: Operation): void {
    if (operation.op === 'peek') {
      this.peek(operation.page);
      return;
    }
    const map = this.map(operation.task);
    const model = this.model(operation.task);
    const at = BASE + ('page' in operation ? operation.page : 0) * PAGE;
    switch (operation.op) {
      case 'allocate': {
        const pages = this.range(operation.page, operation.count);
        const isFree = pages.every((each) => !model.has(each));
        expect(map.allocate(operation.count * PAGE, at)).toBe(isFree ? at : 'KERN_NO_SPACE');
        if (isFree) for (const each of pages) this.fresh(model, each, new Uint8Array(PAGE));
        return;
      }
      case 'deallocate':
        expect(map.deallocate(at, operation.count * PAGE)).toBe('KERN_SUCCESS');
        for (const each of this.range(operation.page, operation.count)) model.delete(each);
        return;
      case 'protect': {
        const expected = this.check(model, operation.page, operation.count, 0);
        expect(map.protect(at, operation.count * PAGE, operation.protection, 'current')).toBe(expected);
        if (expected !== 'KERN_SUCCESS') return;
        for (const each of this.range(operation.page, operation.count)) {
          const mapped = model.get(each);
          if (mapped !== undefined) mapped.protection = operation.protection;
        }
        return;
      }
      case 'inherit':
        expect(map.inherit(at, operation.count * PAGE, operation.how as Inheritance)).toBe('KERN_SUCCESS');
        for (const each of this.range(operation.page, operation.count)) {
          const mapped = model.get(each);
          if (mapped !== undefined) mapped.inheritance = operation.how as Inheritance;
        }
        return;
      case 'write':
        this.write(map, model, at + operation.skip, new Uint8Array(operation.length).fill(operation.byte));
        return;
      case 'poke':
        this.poke(map, model, at + operation.skip, operation.byte);
        return;
      case 'copy': {
        const size = operation.count * PAGE - operation.skip;
        const to = BASE + operation.to * PAGE;
        const readable = this.check(model, operation.page, operation.count, 1);
        const writable = this.check(model, operation.to, operation.count, 2);
        const expected = readable !== 'KERN_SUCCESS' ? readable : writable;
        expect(map.copy(at + operation.skip, size, to)).toBe(expected);
        if (expected === 'KERN_SUCCESS') this.modelWrite(model, to, this.modelRead(model, at + operation.skip, size));
        return;
      }
      case 'send':
        this.send(operation);
        return;
      case 'fork':
        this.fork(operation.task, operation.to);
        return;
      case 'exit':
        map.destroy();
        model.clear();
        return;
      case 'mapStore':
        this.mapStore(operation);
        return;
      case 'evict':
        evict(map, at, operation.count * PAGE);
        return;
      case 'move':
        this.move(operation.task);
        return;
    }
  }

  fresh(model: ModelMap, each: number, bytes: Uint8Array): void {
    model.set(each, { cell: { bytes }, protection: 3, inheritance: 'COPY' });
  }

  write(map: AddressMap, model: ModelMap, at: number, bytes: Uint8Array): void {
    const first = Math.floor((at - BASE) / PAGE);
    const last = Math.floor((at + bytes.length - 1 - BASE) / PAGE);
    const expected = bytes.length === 0 ? 'KERN_SUCCESS' : this.check(model, first, last - first + 1, 2);
    expect(map.write(at, bytes)).toBe(expected);
    if (expected === 'KERN_SUCCESS') this.modelWrite(model, at, bytes);
  }

  poke(map: AddressMap, model: ModelMap, at: number, byte: number): void {
    const mapped = model.get(Math.floor((at - BASE) / PAGE));
    try {
      map.access.setU8(at, byte);
    } catch (fault) {
      const code = mapped === undefined ? 'KERN_INVALID_ADDRESS' : 'KERN_PROTECTION_FAILURE';
      expect(fault).toMatchObject({ outcome: { failed: code, subcode: at } });
      expect((mapped?.protection ?? 0) & 2).toBe(0);
      return;
    }
    expect((mapped?.protection ?? 0) & 2).toBe(2);
    if (mapped !== undefined) mapped.cell.bytes[at % PAGE] = byte;
  }

  /** Every task looks at the first byte of a page. */
  peek(page: number): void {
    for (const [task, model] of this.models.entries()) {
      const mapped = model.get(page);
      if (mapped === undefined || (mapped.protection & 1) === 0) continue;
      expect(this.map(task).access.getU8(BASE + page * PAGE)).toBe(mapped.cell.bytes[0]);
    }
  }

  modelWrite(model: ModelMap, at: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) {
      const mapped = model.get(Math.floor((at + i - BASE) / PAGE));
      if (mapped !== undefined) mapped.cell.bytes[(at + i) % PAGE] = bytes[i] ?? 0;
    }
  }

  modelRead(model: ModelMap, at: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i += 1) {
      bytes[i] = model.get(Math.floor((at + i - BASE) / PAGE))?.cell.bytes[(at + i) % PAGE] ?? 0;
    }
    return bytes;
  }

  /** Out-of-line memory: taken here, written over a range there, and a duplicate mapped and thrown away. */
  send(operation: Operation & { op: 'send' }): void {
    const model = this.model(operation.task);
    const target = this.model(operation.to);
    const size = operation.count * PAGE;
    const expected = this.check(model, operation.page, operation.count, 1);
    const fate = operation.fate as 'keep' | 'deallocate';
    const copy = this.map(operation.task).read(BASE + operation.page * PAGE, size, fate);
    if (typeof copy === 'string' || isBlocked(copy)) {
      expect(copy).toBe(expected);
      return;
    }
    expect(expected).toBe('KERN_SUCCESS');
    const bytes = this.modelRead(model, BASE + operation.page * PAGE, size);
    if (fate === 'deallocate') for (const each of this.range(operation.page, operation.count)) model.delete(each);
    const at = BASE + operation.at * PAGE;
    const written = this.check(target, operation.at, operation.count, 2);
    expect(this.map(operation.to).write(at, copy)).toBe(written);
    if (written === 'KERN_SUCCESS') this.modelWrite(target, at, bytes);
    const out = copy.copyOut(this.map(operation.to));
    expect(out).toBeTypeOf('number');
    if (typeof out !== 'number') return;
    const seen = this.map(operation.to).access.readBytes(out, size);
    expect(seen instanceof Uint8Array && Buffer.compare(seen, bytes) === 0).toBe(true);
    this.map(operation.to).access.setU8(out, 99);
    this.map(operation.to).deallocate(out, size);
  }

  fork(task: number, to: number): void {
    if (task === to) return;
    this.map(to).destroy();
    const child = this.map(task).fork();
    if (!(child instanceof AddressMap)) throw new Error(`fork: ${JSON.stringify(child)}`);
    this.maps[to] = child;
    const model: ModelMap = new Map();
    for (const [each, { cell, protection, inheritance }] of this.model(task)) {
      if (inheritance === 'NONE') continue;
      const own = inheritance === 'SHARE' ? cell : { bytes: cell.bytes.slice() };
      model.set(each, { cell: own, protection, inheritance });
    }
    this.models[to] = model;
  }

  mapStore(operation: Operation & { op: 'mapStore' }): void {
    const store = this.stores[operation.store];
    if (store === undefined) return;
    if (store.control === null) {
      store.control = createPagedObject(this.pool, 1, store);
      store.control.ready(false, store.strategy, 2);
    }
    const model = this.model(operation.task);
    const pages = this.range(operation.page, operation.count);
    const isFree = pages.every((each) => !model.has(each));
    const where = BASE + operation.page * PAGE;
    const offset = operation.offset * PAGE;
    const share = operation.share as 'share' | 'copy';
    const object = reference(store.control.object);
    const answer = this.map(operation.task).map(mapping(object, operation.count, { where, offset, share }));
    expect(answer).toBe(isFree ? where : 'KERN_NO_SPACE');
    release(object);
    if (!isFree) return;
    for (const [index, each] of pages.entries()) {
      const cell = store.cell(operation.offset + index);
      const own = share === 'share' ? cell : { bytes: cell.bytes.slice() };
      model.set(each, { cell: own, protection: 3, inheritance: 'COPY' });
    }
  }

  /** The task's map is described and built again from its pages, fetched when asked for; only if it shares nothing. */
  move(task: number): void {
    const old = this.map(task);
    const told = describeMap(old);
    if (told.objects.some(({ kind, isShared }) => kind === 'named' || isShared)) return;
    const source = objectsOf(old);
    const arrived = new AddressMap(this.pool);
    const controls: PagerControl[] = [];
    restore(arrived, told, ({ id, pages }) => {
      const held = source.get(id);
      const pager: Pager = {
        init: () => {},
        dataRequest: (object, offset, length) => {
          const control = controls.find((each) => each.object === object);
          for (let each = offset / PAGE; each < (offset + length) / PAGE; each += 1) {
            const bytes = held?.view(each);
            if (bytes) control?.supplyPage(each, bytes);
            else control?.unavailable(each * PAGE, PAGE);
          }
        },
        dataUnlock: () => {},
        dataReturn: () => {
          throw new Error('what moved is returned to nobody');
        },
        terminate: () => {},
      };
      const control = createPagedObject(this.pool, pages, pager, { role: 'moved', cluster: 4 });
      controls.push(control);
      control.ready(false, 'NONE');
      return control.object;
    });
    for (const [each, { protection }] of this.model(task)) {
      if ((protection & 2) !== 0) expect(resolveFault(arrived, BASE + each * PAGE, 'write')).toBe('resident');
    }
    for (const control of controls) {
      const id = [...source.keys()][controls.indexOf(control)] ?? 0;
      source.get(id)?.forEachPage((each, bytes) => control.supplyPage(each, bytes));
    }
    for (const control of controls) control.complete();
    old.destroy();
    this.maps[task] = arrived;
  }

  /** Every page of every task looks the same in both worlds. */
  compare(): void {
    for (const [task, model] of this.models.entries()) {
      const map = this.map(task);
      for (const each of this.range(0, SPAN + 5)) {
        const mapped = model.get(each);
        const seen = map.access.readBytes(BASE + each * PAGE, PAGE);
        if (mapped !== undefined && (mapped.protection & 1) !== 0) {
          const isEqual = seen instanceof Uint8Array && Buffer.compare(seen, mapped.cell.bytes) === 0;
          if (!isEqual) expect([task, each, seen]).toEqual([task, each, mapped.cell.bytes]);
        } else {
          const failed = mapped === undefined ? 'KERN_INVALID_ADDRESS' : 'KERN_PROTECTION_FAILURE';
          expect(seen).toMatchObject({ outcome: { failed } });
        }
      }
    }
  }

  end(): void {
    for (const map of this.maps) map.destroy();
    expect(this.pool.resident).toBe(0);
  }
}

describe('maps and a model that copies everything', () => {
  it('agree about every byte and every code, and no frame is lost', () => {
    const runs = Number(process.env['VM_RUNS'] ?? 200);
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 80, size: 'max' }), (operations) => {
        const worlds = new Worlds();
        worlds.step({ op: 'allocate', task: 0, page: 0, count: SPAN });
        for (const each of operations) {
          worlds.step(each);
        }
        worlds.compare();
        worlds.end();
      }),
      { numRuns: runs },
    );
  }, 600_000);
});
