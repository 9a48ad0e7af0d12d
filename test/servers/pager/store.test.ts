import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPageStore, type PageFile } from '../../../servers/node/page-store.ts';
import { KeepingStore, MemoryPageStore, PAGE_SIZE, type PageStore } from '../../../servers/pager/store.ts';

const pageOf = (byte: number): Uint8Array => new Uint8Array(PAGE_SIZE).fill(byte);
const first = (bytes: Uint8Array | string): number | string => (typeof bytes === 'string' ? bytes : (bytes[0] ?? -1));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-pages-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const full = (code: string): Error => Object.assign(new Error(code), { code });

/** A disk that refuses to write when told. */
class Disk implements PageFile {
  isFull = false;
  readonly #bytes = new Uint8Array(64 * PAGE_SIZE);

  write(_: number, bytes: Uint8Array, position: number): number {
    if (this.isFull) throw full('ENOSPC');
    this.#bytes.set(bytes.subarray(0, 1000), position);
    return Math.min(1000, bytes.length);
  }

  read(_: number, bytes: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(position, position + Math.min(1500, bytes.length));
    bytes.set(part);
    return part.length;
  }
}

describe.each([
  ['in memory', (limit: number): PageStore => new MemoryPageStore(limit)],
  ['on disk', (limit: number): PageStore => openPageStore(join(folder, 'pages'), limit)],
])('a page store %s', (_, open) => {
  it('gives back what was last written, as a map would', () => {
    const operation = fc.oneof(
      fc.record({ object: fc.nat(2), page: fc.nat(4), byte: fc.nat(255) }),
      fc.record({ drop: fc.nat(2) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const store = open(8);
        const model = new Map<string, number>();
        for (const each of operations) {
          if ('drop' in each) {
            store.drop(each.drop);
            for (const key of [...model.keys()]) if (key.startsWith(`${each.drop} `)) model.delete(key);
            continue;
          }
          const key = `${each.object} ${each.page}`;
          const isRefused = store.write(each.object, each.page, pageOf(each.byte)) !== null;
          expect(isRefused).toBe(!model.has(key) && model.size >= 8);
          if (!isRefused) model.set(key, each.byte);
        }
        for (const object of [0, 1, 2]) {
          for (const page of [0, 1, 2, 3, 4]) {
            expect(first(store.read(object, page))).toBe(model.get(`${object} ${page}`) ?? 'none');
          }
        }
        expect(store.pages).toBe(model.size);
      }),
    );
  });
});

describe('a page file', () => {
  it('is its owner’s only, and gone when it is closed', () => {
    const path = join(folder, 'pages');
    const store = openPageStore(path, 4);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    store.close();
    expect(existsSync(path)).toBe(false);
  });

  it('uses a slot again, and grows no further than it must', () => {
    const path = join(folder, 'pages');
    const store = openPageStore(path, 100);
    for (let object = 0; object < 50; object += 1) {
      for (const page of [0, 1]) store.write(object, page, pageOf(object));
      store.drop(object);
    }
    expect(statSync(path).size).toBe(2 * PAGE_SIZE);
  });

  it('says what is wrong with it', () => {
    expect(() => openPageStore(join(folder, 'none', 'pages'), 4)).toThrow(expect.objectContaining({ code: 'E_STORE' }));
    const path = join(folder, 'pages');
    const store = openPageStore(path, 1);
    store.write(1, 0, pageOf(1));
    expect(store.write(1, 1, pageOf(2))).toBe(`the page file ${path} has all its 1 pages in use`);
    truncateSync(path, 100);
    expect(store.read(1, 0)).toBe(`the page file ${path} has been cut off`);
  });

  it('loses nothing when the disk is full: its pager keeps the page until there is room', () => {
    const device = new Disk();
    const path = join(folder, 'pages');
    const store = new KeepingStore(openPageStore(path, 8, device));
    store.write(1, 0, pageOf(1));
    store.write(1, 1, pageOf(2));
    device.isFull = true;
    store.write(1, 0, pageOf(3));
    store.write(2, 5, pageOf(4));
    expect(store.trouble).toBe(`the page file ${path} cannot be written: ENOSPC`);
    expect([store.stored, store.kept]).toEqual([1, 2]);
    expect([[1, 0] as const, [1, 1] as const, [2, 5] as const].map(([o, p]) => first(store.read(o, p)))).toEqual([
      3, 2, 4,
    ]);
    device.isFull = false;
    store.drop(9);
    expect([store.stored, store.kept, store.trouble]).toEqual([3, 0, null]);
    expect([[1, 0] as const, [1, 1] as const, [2, 5] as const].map(([o, p]) => first(store.read(o, p)))).toEqual([
      3, 2, 4,
    ]);
  });
});
