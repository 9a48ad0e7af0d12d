/**
 * Pages on disk: one file of slots, as long as it has ever been full. It lives as long as the process: what was paged
 * out means nothing to another.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { PAGE_SIZE, type PageStore } from '../pager/store.ts';
import { messageOf, OperatorError, systemCode } from './operator-error.ts';

/** What a page store does to its file. */
export interface PageFile {
  write(fd: number, bytes: Uint8Array, position: number): number;
  read(fd: number, bytes: Uint8Array, position: number): number;
}

const disk: PageFile = {
  write: (fd, bytes, position) => writeSync(fd, bytes, 0, bytes.length, position),
  read: (fd, bytes, position) => readSync(fd, bytes, 0, bytes.length, position),
};

/**
 * Begins a page file at `path`, of at most `limit` pages, readable by its owner only. Throws E_STORE if that cannot be
 * done. A page that cannot be written later is refused with a text for people; its pager keeps it.
 */
export const openPageStore = (path: string, limit: number, file: PageFile = disk): FilePageStore => {
  try {
    rmSync(path, { force: true });
    return new FilePageStore(path, limit, openSync(path, 'wx+', 0o600), file);
  } catch (error) {
    throw new OperatorError({
      code: 'E_STORE',
      text: `the page file ${path} cannot be made: ${systemCode(error) || messageOf(error)}`,
      hint: 'make room on the disk, or name a folder that can be written',
      cause: error,
    });
  }
};

/** A store over one file. */
export class FilePageStore implements PageStore {
  readonly limit: number;
  readonly #path: string;
  readonly #fd: number;
  readonly #file: PageFile;
  readonly #objects: Map<number, Map<number, number>> = new Map();
  readonly #free: number[] = [];
  #slots = 0;

  constructor(path: string, limit: number, fd: number, file: PageFile) {
    this.#path = path;
    this.limit = limit;
    this.#fd = fd;
    this.#file = file;
  }

  get pages(): number {
    return this.#slots - this.#free.length;
  }

  write(object: number, page: number, bytes: Uint8Array): string | null {
    const slots = this.#objects.get(object) ?? new Map<number, number>();
    const known = slots.get(page);
    const slot = known ?? this.#free.pop() ?? this.#slots;
    if (slot >= this.limit) return `the page file ${this.#path} has all its ${this.limit} pages in use`;
    const trouble = this.#put(slot, bytes);
    if (slot === this.#slots && trouble === null) this.#slots += 1;
    if (trouble === null) {
      this.#objects.set(object, slots.set(page, slot));
      return null;
    }
    // Half a page may stand there now: it is nobody's.
    slots.delete(page);
    if (slot < this.#slots) this.#free.push(slot);
    return trouble;
  }

  #put(slot: number, bytes: Uint8Array): string | null {
    try {
      for (let done = 0; done < bytes.length; ) {
        done += this.#file.write(this.#fd, bytes.subarray(done), slot * PAGE_SIZE + done);
      }
      return null;
    } catch (error) {
      return `the page file ${this.#path} cannot be written: ${systemCode(error) || messageOf(error)}`;
    }
  }

  read(object: number, page: number): Uint8Array | string {
    const slot = this.#objects.get(object)?.get(page);
    if (slot === undefined) return 'none';
    const bytes = new Uint8Array(PAGE_SIZE);
    try {
      for (let done = 0; done < PAGE_SIZE; ) {
        const got = this.#file.read(this.#fd, bytes.subarray(done), slot * PAGE_SIZE + done);
        if (got === 0) return `the page file ${this.#path} has been cut off`;
        done += got;
      }
      return bytes;
    } catch (error) {
      return `the page file ${this.#path} cannot be read: ${systemCode(error) || messageOf(error)}`;
    }
  }

  drop(object: number): void {
    for (const slot of this.#objects.get(object)?.values() ?? []) this.#free.push(slot);
    this.#objects.delete(object);
  }

  /** Closes the file and removes it. */
  close(): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }
}
