/** Where a pager puts pages: what it needs of its host, and a store in memory. */

/** Bytes of a page. */
export const PAGE_SIZE = 4096;

/** Pages by object and number. Objects are numbers that the pager chooses and never uses again. */
export interface PageStore {
  /** Pages that it may hold, and pages that it holds. */
  readonly limit: number;
  readonly pages: number;
  /** Keeps a copy of a page in place of the one before. Refused: why, for people; then the one before is gone. */
  write(object: number, page: number, bytes: Uint8Array): string | null;
  /** A page, the caller's to keep. `none`: it was never written. Any other text: why it cannot be read. */
  read(object: number, page: number): Uint8Array | string;
  /** Gives up every page of an object. */
  drop(object: number): void;
}

/** A store in memory: for kernels without a disk, and for tests. */
export class MemoryPageStore implements PageStore {
  readonly limit: number;
  #pages = 0;
  readonly #objects: Map<number, Map<number, Uint8Array>> = new Map();

  /** `limit` in pages. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get pages(): number {
    return this.#pages;
  }

  write(object: number, page: number, bytes: Uint8Array): string | null {
    const known = this.#objects.get(object) ?? new Map<number, Uint8Array>();
    if (!known.has(page) && this.#pages >= this.limit) return `all ${this.limit} pages of the store are in use`;
    if (!known.has(page)) this.#pages += 1;
    known.set(page, bytes.slice());
    this.#objects.set(object, known);
    return null;
  }

  read(object: number, page: number): Uint8Array | string {
    return this.#objects.get(object)?.get(page)?.slice() ?? 'none';
  }

  drop(object: number): void {
    this.#pages -= this.#objects.get(object)?.size ?? 0;
    this.#objects.delete(object);
  }
}

/** A store that loses nothing: what the store beneath refuses stays in memory until there is room. */
export class KeepingStore {
  readonly #store: PageStore;
  readonly #kept: Map<number, Map<number, Uint8Array>> = new Map();
  #trouble: string | null = null;
  #count = 0;

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** Why the store refused the last page, null if it took it. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Pages that are in memory only. */
  get kept(): number {
    return this.#count;
  }

  get stored(): number {
    return this.#store.pages;
  }

  get limit(): number {
    return this.#store.limit;
  }

  /** Keeps a page, wherever. */
  write(object: number, page: number, bytes: Uint8Array): void {
    this.#forget(object, page);
    this.#trouble = this.#store.write(object, page, bytes);
    if (this.#trouble === null) return;
    const kept = this.#kept.get(object) ?? new Map<number, Uint8Array>();
    kept.set(page, bytes.slice());
    this.#kept.set(object, kept);
    this.#count += 1;
  }

  /** As a store's. */
  read(object: number, page: number): Uint8Array | string {
    return this.#kept.get(object)?.get(page)?.slice() ?? this.#store.read(object, page);
  }

  /** Gives up an object, and puts what had been kept where there is room now. */
  drop(object: number): void {
    this.#count -= this.#kept.get(object)?.size ?? 0;
    this.#kept.delete(object);
    this.#store.drop(object);
    for (const [each, pages] of this.#kept) {
      for (const [page, bytes] of pages) {
        this.#trouble = this.#store.write(each, page, bytes);
        if (this.#trouble !== null) return;
        this.#forget(each, page);
      }
    }
  }

  #forget(object: number, page: number): void {
    const kept = this.#kept.get(object);
    if (kept?.delete(page) !== true) return;
    this.#count -= 1;
    if (kept.size === 0) this.#kept.delete(object);
  }
}
