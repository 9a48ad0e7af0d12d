/** What the tests of memory share: a pager that writes down what it is told, and short ways to ask. */
import { AddressMap, type MapRequest } from '../../../kernel/vm/address-map.ts';
import { createPagedObject, type PagedOptions, type PagerControl } from '../../../kernel/vm/control.ts';
import { isBlocked } from '../../../kernel/vm/fault.ts';
import { MapCopy } from '../../../kernel/vm/map-copy.ts';
import type { MemoryObject } from '../../../kernel/vm/object.ts';
import { PAGE } from '../../../kernel/vm/page.ts';
import type { Pager } from '../../../kernel/vm/pager.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import type { PageWait } from '../../../kernel/vm/wait.ts';

/** A page full of one byte. */
export const pageOfBytes = (byte: number, pages = 1): Uint8Array => new Uint8Array(pages * PAGE).fill(byte);

/** A kernel's memory with one map. */
export const memory = (limit = 4096): { pool: PagePool; map: AddressMap } => {
  const pool = new PagePool(limit);
  return { pool, map: new AddressMap(pool) };
};

/** The number of an answer that must be one. */
export const address = (answer: unknown): number => {
  if (typeof answer !== 'number') throw new Error(`no address but ${String(answer)}`);
  return answer;
};

/** Bytes as text: `1×4096 0×10`. */
export const runs = (bytes: Uint8Array): string => {
  const found: string[] = [];
  for (let start = 0; start < bytes.length; ) {
    let end = start;
    while (end < bytes.length && bytes[end] === bytes[start]) end += 1;
    found.push(`${bytes[start]}×${end - start}`);
    start = end;
  }
  return found.join(' ');
};

/** The bytes of a range as `vm_read` gives them, by `runs`; or its code, or `blocked`. */
export const read = (map: AddressMap, at: number, size: number): string => {
  const copy = map.read(at, size);
  if (isBlocked(copy)) return 'blocked';
  if (typeof copy === 'string') return copy;
  const bytes = new Uint8Array(size);
  const result = copy.readInto(bytes);
  copy.release();
  return result === 'KERN_SUCCESS' ? runs(bytes) : typeof result === 'string' ? result : 'blocked';
};

/** The copy of an answer that must be one. */
export const copyOf = (answer: unknown): MapCopy => {
  if (!(answer instanceof MapCopy)) throw new Error(`no copy but ${String(answer)}`);
  return answer;
};

/** The child of an answer that must be one. */
export const childOf = (answer: unknown): AddressMap => {
  if (!(answer instanceof AddressMap)) throw new Error(`no map but ${String(answer)}`);
  return answer;
};

/** A mapping of an object, shared unless told otherwise. */
export const mapping = (object: MemoryObject | null, pages: number, more: Partial<MapRequest> = {}): MapRequest => ({
  size: pages * PAGE,
  where: 'anywhere',
  object,
  offset: 0,
  share: 'share',
  protection: 3,
  max: 7,
  inheritance: 'COPY',
  ...more,
});

/** A pager that does nothing but remember what it was told. */
export class Transcript implements Pager {
  readonly lines: string[] = [];

  /** What was said since the last call. */
  take(): string[] {
    return this.lines.splice(0);
  }

  init(): void {
    this.lines.push('init');
  }

  dataRequest(_: MemoryObject, offset: number, length: number, access: number): void {
    this.lines.push(`request ${offset / PAGE}+${length / PAGE} ${access}`);
  }

  dataUnlock(_: MemoryObject, offset: number, length: number, access: number): void {
    this.lines.push(`unlock ${offset / PAGE}+${length / PAGE} ${access}`);
  }

  dataReturn(_: MemoryObject, offset: number, data: MapCopy, dirty: boolean, kernelCopy: boolean): void {
    const bytes = Array.from({ length: data.pages }, (__, page) => data.view(page)?.[0]);
    this.lines.push(`return ${offset / PAGE} [${bytes}]${dirty ? ' dirty' : ''}${kernelCopy ? ' kept' : ''}`);
  }

  terminate(): void {
    this.lines.push('terminate');
  }
}

/** A paged object, mapped. */
export const paged = (
  map: AddressMap,
  pages: number,
  options?: PagedOptions,
): { pager: Transcript; control: PagerControl; at: number } => {
  const pager = new Transcript();
  const control = createPagedObject(map.pool, pages, pager, options);
  const at = address(map.map(mapping(control.object, pages)));
  return { pager, control, at };
};

/** Counts how often it is told. */
export class Waiter {
  told = 0;

  pageReady(): void {
    this.told += 1;
  }
}

/** The wait of an answer that must be one. */
export const waitOf = (answer: unknown): PageWait => {
  if (!isBlocked(answer)) throw new Error(`no wait but ${JSON.stringify(answer)}`);
  return answer.wait;
};
