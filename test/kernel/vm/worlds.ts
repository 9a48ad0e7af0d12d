/** Maps, and a model of them that copies everything at once. */
import { expect } from 'vitest';
import { PageFault } from '../../../kernel/vm/access.ts';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { createPagedObject, type PagerControl } from '../../../kernel/vm/control.ts';
import { describe, evict, objectsOf, restore } from '../../../kernel/vm/describe.ts';
import { type Blocked, resolveFault } from '../../../kernel/vm/fault.ts';
import type { MemoryObject } from '../../../kernel/vm/object.ts';
import { isWait, ownPage } from '../../../kernel/vm/obtain.ts';
import { type Inheritance, PAGE } from '../../../kernel/vm/page.ts';
import type { Pager } from '../../../kernel/vm/pager.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import { reference, release } from '../../../kernel/vm/shadow.ts';
import { mapping } from './setting.ts';
import { attempt, type Swap } from './swap.ts';
import { type Cell, type Operation, SPAN, Store, TASKS } from './worlds-operations.ts';

const BASE = 0x100000;
/** With so many frames the kernel is never short. */
export const PLENTY = 5000;
const SHORTAGE = 'KERN_RESOURCE_SHORTAGE';

interface Mapped {
  cell: Cell;
  protection: number;
  inheritance: Inheritance;
}

type ModelMap = Map<number, Mapped>;
type Of<Op extends Operation['op']> = Operation & { readonly op: Op };

/** Both worlds, side by side. */
export class Worlds {
  readonly pool: PagePool;
  readonly maps: AddressMap[];
  readonly models: ModelMap[] = Array.from({ length: TASKS }, () => new Map());
  readonly stores: Store[] = (['NONE', 'DELAY', 'CALL'] as const).map((strategy) => new Store(strategy));

  /** The default pager, if there is one. */
  readonly swap: Swap | null;

  constructor(limit: number, swap: Swap | null = null) {
    this.pool = new PagePool(limit);
    this.swap = swap;
    this.pool.backing.set(swap);
    this.maps = Array.from({ length: TASKS }, () => new AddressMap(this.pool));
  }

  /** False if the kernel was short of frames, and so has refused what the model would do. */
  agree(answer: unknown, expected: unknown): boolean {
    if (answer === SHORTAGE && this.pool.limit < PLENTY) return false;
    expect(answer).toBe(expected);
    return true;
  }

  attempt<T>(act: () => T): Exclude<T, Blocked> {
    return attempt(this.swap, act);
  }

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
    switch (operation.op) {
      case 'allocate':
        return this.allocate(operation);
      case 'deallocate':
        return this.deallocate(operation);
      case 'protect':
        return this.protect(operation);
      case 'inherit':
        return this.inherit(operation);
      case 'write':
        return this.write(operation);
      case 'poke':
        return this.poke(operation);
      case 'peek':
        return this.peek(operation.page);
      case 'copy':
        return this.copy(operation);
      case 'send':
        return this.send(operation);
      case 'fork':
        return this.fork(operation.task, operation.to);
      case 'exit':
        this.map(operation.task).destroy();
        return this.model(operation.task).clear();
      case 'map':
        return this.mapStore(operation);
      case 'evict':
        evict(this.map(operation.task), BASE + operation.page * PAGE, operation.count * PAGE);
        return;
      case 'move':
        return this.move(operation.task);
    }
  }

  allocate({ task, page, count }: Of<'allocate'>): void {
    const model = this.model(task);
    const at = BASE + page * PAGE;
    const pages = this.range(page, count);
    const isFree = pages.every((each) => !model.has(each));
    expect(this.map(task).allocate(count * PAGE, at)).toBe(isFree ? at : 'KERN_NO_SPACE');
    if (isFree) for (const each of pages) this.fresh(model, each, new Uint8Array(PAGE));
  }

  deallocate({ task, page, count }: Of<'deallocate'>): void {
    expect(this.map(task).deallocate(BASE + page * PAGE, count * PAGE)).toBe('KERN_SUCCESS');
    for (const each of this.range(page, count)) this.model(task).delete(each);
  }

  protect({ task, page, count, protection }: Of<'protect'>): void {
    const model = this.model(task);
    const expected = this.check(model, page, count, 0);
    expect(this.map(task).protect(BASE + page * PAGE, count * PAGE, protection, 'current')).toBe(expected);
    if (expected !== 'KERN_SUCCESS') return;
    for (const mapped of this.mappedIn(model, page, count)) mapped.protection = protection;
  }

  inherit({ task, page, count, how }: Of<'inherit'>): void {
    expect(this.map(task).inherit(BASE + page * PAGE, count * PAGE, how)).toBe('KERN_SUCCESS');
    for (const mapped of this.mappedIn(this.model(task), page, count)) mapped.inheritance = how;
  }

  copy({ task, page, count, to, skip }: Of<'copy'>): void {
    const model = this.model(task);
    const size = count * PAGE - skip;
    const from = BASE + page * PAGE + skip;
    const readable = this.check(model, page, count, 1);
    const expected = readable !== 'KERN_SUCCESS' ? readable : this.check(model, to, count, 2);
    const answer = this.attempt(() => this.map(task).copy(from, size, BASE + to * PAGE));
    const isDone = this.agree(answer, expected);
    if (!isDone || expected !== 'KERN_SUCCESS') return;
    this.modelWrite(model, BASE + to * PAGE, this.modelRead(model, from, size));
  }

  mappedIn(model: ModelMap, page: number, count: number): Mapped[] {
    return this.range(page, count).flatMap((each) => model.get(each) ?? []);
  }

  fresh(model: ModelMap, each: number, bytes: Uint8Array): void {
    model.set(each, { cell: { bytes }, protection: 3, inheritance: 'COPY' });
  }

  write({ task, page, skip, length, byte }: Of<'write'>): void {
    const model = this.model(task);
    const at = BASE + page * PAGE + skip;
    const bytes = new Uint8Array(length).fill(byte);
    const first = Math.floor((at - BASE) / PAGE);
    const last = Math.floor((at + length - 1 - BASE) / PAGE);
    const expected = length === 0 ? 'KERN_SUCCESS' : this.check(model, first, last - first + 1, 2);
    const answer = this.attempt(() => this.map(task).write(at, bytes));
    if (this.agree(answer, expected) && expected === 'KERN_SUCCESS') {
      this.modelWrite(model, at, bytes);
    }
  }

  poke({ task, page, skip, byte }: Of<'poke'>): void {
    const at = BASE + page * PAGE + skip;
    const mapped = this.model(task).get(page);
    try {
      this.attempt(() => this.map(task).access.setU8(at, byte));
    } catch (fault) {
      if (this.isShort(fault)) return;
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
      try {
        const seen = this.attempt(() => this.map(task).access.getU8(BASE + page * PAGE));
        expect(seen).toBe(mapped.cell.bytes[0]);
      } catch (fault) {
        if (!this.isShort(fault)) throw fault;
      }
    }
  }

  isShort(fault: unknown): boolean {
    if (!(fault instanceof PageFault)) throw fault;
    const isShort = 'failed' in fault.outcome && fault.outcome.failed === SHORTAGE;
    // With a default pager there is a frame for every access.
    if (this.swap !== null) expect(isShort && this.swap.isWilling).toBe(false);
    return this.pool.limit < PLENTY && isShort;
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
  send(operation: Of<'send'>): void {
    const model = this.model(operation.task);
    const target = this.model(operation.to);
    const size = operation.count * PAGE;
    const expected = this.check(model, operation.page, operation.count, 1);
    const { fate } = operation;
    const copy = this.attempt(() => this.map(operation.task).read(BASE + operation.page * PAGE, size, fate));
    if (typeof copy === 'string') {
      this.agree(copy, expected);
      return;
    }
    expect(expected).toBe('KERN_SUCCESS');
    const bytes = this.modelRead(model, BASE + operation.page * PAGE, size);
    if (fate === 'deallocate') for (const each of this.range(operation.page, operation.count)) model.delete(each);
    const at = BASE + operation.at * PAGE;
    const written = this.check(target, operation.at, operation.count, 2);
    const answer = this.attempt(() => this.map(operation.to).write(at, copy));
    if (this.agree(answer, written) && written === 'KERN_SUCCESS') this.modelWrite(target, at, bytes);
    const out = copy.copyOut(this.map(operation.to));
    expect(out).toBeTypeOf('number');
    if (typeof out !== 'number') return;
    const seen = this.attempt(() => this.map(operation.to).access.readBytes(out, size));
    if (seen instanceof Uint8Array) {
      expect(Buffer.compare(seen, bytes)).toBe(0);
      this.map(operation.to).access.touch(out, 1, 'write');
    } else expect(this.isShort(seen)).toBe(true);
    this.map(operation.to).deallocate(out, size);
  }

  fork(task: number, to: number): void {
    if (task === to) return;
    this.map(to).destroy();
    const child = this.attempt(() => this.map(task).fork());
    if (child === SHORTAGE) {
      this.models[to] = new Map();
      return;
    }
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

  mapStore(operation: Of<'map'>): void {
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
    const { share } = operation;
    const object = reference(store.control.object);
    const request = mapping(object, operation.count, { where, offset, share });
    const answer = this.attempt(() => this.map(operation.task).map(request));
    const isDone = this.agree(answer, isFree ? where : 'KERN_NO_SPACE');
    release(object);
    if (!isFree || !isDone) return;
    for (const [index, each] of pages.entries()) {
      const cell = store.cell(operation.offset + index);
      const own = share === 'share' ? cell : { bytes: cell.bytes.slice() };
      model.set(each, { cell: own, protection: 3, inheritance: 'COPY' });
    }
  }

  /** The task's map is described and built again from its pages, fetched when asked for; only if it shares nothing. */
  move(task: number): void {
    if (this.pool.limit < PLENTY) return;
    const old = this.map(task);
    const told = describe(old);
    if (told.objects.some(({ kind, isShared }) => kind === 'named' || isShared)) return;
    const source = objectsOf(old);
    // As `detachTask` does: what was described stays what it was, whoever else lets go of it.
    for (const object of source.values()) reference(object);
    const arrived = new AddressMap(this.pool);
    const controls: PagerControl[] = [];
    restore(arrived, told, ({ id, pages }) => {
      const held = source.get(id);
      const pager: Pager = {
        init: () => {},
        dataRequest: (object, offset, length) => {
          const control = controls.find((each) => each.object === object);
          for (let each = offset / PAGE; each < (offset + length) / PAGE; each += 1) {
            const bytes = held === undefined ? null : this.own(held, each);
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
      const held = source.get(id);
      if (held === undefined) continue;
      const owned = held.ownPages();
      for (const each of this.range(0, held.pages)) {
        const isOwn = ((owned[each >>> 3] ?? 0) & (1 << (each & 7))) !== 0;
        const bytes = this.own(held, each);
        expect(bytes !== null).toBe(isOwn);
        if (bytes !== null) control.supplyPage(each, bytes);
      }
    }
    for (const control of controls) control.complete();
    for (const object of source.values()) release(object);
    old.destroy();
    this.maps[task] = arrived;
  }

  /** A page of an object's own, fetched if it was paged out. */
  own(object: MemoryObject, page: number): Uint8Array | null {
    for (;;) {
      const bytes = ownPage(object, page);
      if (bytes === 'none') return null;
      if (isWait(bytes)) this.swap?.until(bytes);
      else if (typeof bytes === 'string') throw new Error(bytes);
      else return bytes;
    }
  }

  /** Every page of every task looks the same in both worlds. */
  compare(): void {
    for (const [task, model] of this.models.entries()) {
      const map = this.map(task);
      for (const each of this.range(0, SPAN + 5)) {
        const mapped = model.get(each);
        const seen = this.attempt(() => map.access.readBytes(BASE + each * PAGE, PAGE));
        if (seen instanceof PageFault && this.isShort(seen)) continue;
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
    this.swap?.end();
    expect(this.pool.backing.laundry).toBe(0);
  }
}
