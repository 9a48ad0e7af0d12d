/**
 * Out-of-line memory in flight: a range as it was when it was copied. It refers to objects; no byte is copied, however
 * large it is. Or it holds bytes that came from outside. Whoever has it maps it somewhere, or releases it.
 */
import { invariant } from '../../ports/invariant.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import { MemoryObject } from './object.ts';
import { bytesAt, findPage, isWait, type Obtained } from './obtain.ts';
import { PAGE, PROT_READ } from './page.ts';
import type { PagePool } from './pool.ts';
import { reference, release } from './shadow.ts';
import type { PageWait } from './wait.ts';

/** Consecutive pages of one object, which must not change: with one reference. */
export interface Piece {
  readonly object: MemoryObject;
  readonly page: number;
  readonly pages: number;
}

/** Something that pieces can be mapped into. */
export interface CopyTarget {
  /**
   * Maps the pieces one after the other and takes over their references; answers the address. Refuses and takes
   * nothing.
   */
  enterPieces(pieces: readonly Piece[], pages: number): number | KernFailure;
}

/** A snapshot of a range of memory. */
export class MapCopy {
  /** Length in bytes. */
  readonly size: number;
  /** Where the data begins in its first page. */
  readonly offset: number;
  readonly #pool: PagePool;
  #pieces: readonly Piece[] | null;
  #bytes: Uint8Array | null;

  private constructor(pool: PagePool, size: number, offset: number, content: readonly Piece[] | Uint8Array) {
    this.#pool = pool;
    this.size = size;
    this.offset = offset;
    this.#pieces = content instanceof Uint8Array ? null : content;
    this.#bytes = content instanceof Uint8Array ? content : null;
  }

  /** The bytes, which must not change any more, as memory. They take frames when they are mapped. */
  static fromBytes(pool: PagePool, bytes: Uint8Array): MapCopy {
    return new MapCopy(pool, bytes.length, 0, bytes);
  }

  /** Pieces, with their references. For the address map. */
  static fromPieces(pool: PagePool, pieces: readonly Piece[], offset: number, size: number): MapCopy {
    return new MapCopy(pool, size, offset, pieces);
  }

  /** Pages that the data touches. */
  get pages(): number {
    return Math.ceil((this.offset + this.size) / PAGE);
  }

  /** The pieces, if it refers to objects and has not been used up. */
  get pieces(): readonly Piece[] | null {
    return this.#pieces;
  }

  /** Another one of the same content, to be used up separately. */
  duplicate(): MapCopy {
    if (this.#bytes !== null) return new MapCopy(this.#pool, this.size, this.offset, this.#bytes);
    const pieces = this.#pieces ?? [];
    for (const { object } of pieces) reference(object).isCopied = true;
    return new MapCopy(this.#pool, this.size, this.offset, pieces);
  }

  /** Where a page of the copy (counted from 0) is, or who must be waited for. Only for what refers to objects. */
  page(index: number): Obtained {
    let first = 0;
    for (const { object, page, pages } of this.#pieces ?? []) {
      if (index < first + pages) return findPage(object, page + index - first, PROT_READ);
      first += pages;
    }
    return 'KERN_INVALID_ADDRESS';
  }

  /** The bytes of a page of the copy, for use at once; null if they are zeros, or not here (see `missing`). */
  view(index: number): Uint8Array | null {
    if (this.#bytes !== null) return this.#bytes.subarray(index * PAGE, (index + 1) * PAGE);
    const found = this.page(index);
    return isWait(found) || typeof found === 'string' ? null : bytesAt(found);
  }

  /** The pages that are not here, so that reading would have to wait. Asks for all of them. */
  missing(): readonly number[] {
    const missing: number[] = [];
    if (this.#pieces === null) return missing;
    for (let index = 0; index < this.pages; index += 1) {
      const found = this.page(index);
      if (isWait(found) || typeof found === 'string') missing.push(index);
    }
    return missing;
  }

  /**
   * Copies the data into `target`; who must be waited for, or why it cannot be had. What is then in `target` is of no
   * use.
   */
  readInto(target: Uint8Array): 'KERN_SUCCESS' | PageWait | KernFailure {
    invariant(target.length >= this.size, 'the target has room for the copy');
    if (this.#bytes !== null) {
      target.set(this.#bytes);
      return 'KERN_SUCCESS';
    }
    for (let done = 0, index = 0; done < this.size; index += 1) {
      const skip = index === 0 ? this.offset : 0;
      const count = Math.min(PAGE - skip, this.size - done);
      const found = this.page(index);
      if (isWait(found) || typeof found === 'string') return found;
      const bytes = bytesAt(found);
      if (bytes === null) target.fill(0, done, done + count);
      else target.set(count === PAGE ? bytes : bytes.subarray(skip, skip + count), done);
      done += count;
    }
    return 'KERN_SUCCESS';
  }

  /** Maps the data into `map`, to be freed by whoever has the map; answers its address. Used up if that succeeds. */
  copyOut(map: CopyTarget): number | KernFailure {
    if (this.size === 0) return 0;
    const pieces = this.#pieces ?? this.#paged();
    if (typeof pieces === 'string') return pieces;
    this.#bytes = null;
    this.#pieces = pieces;
    const address = map.enterPieces(pieces, this.pages);
    if (typeof address === 'string') return address;
    this.#pieces = [];
    return address + this.offset;
  }

  /** Puts bytes into frames, so that they can be mapped. */
  #paged(): readonly Piece[] | KernFailure {
    const bytes = this.#bytes;
    invariant(bytes !== null, 'a copy is used once');
    const { pages } = this;
    if (!this.#pool.hasRoom(pages)) return 'KERN_RESOURCE_SHORTAGE';
    const object = reference(new MemoryObject(this.#pool, pages));
    for (let page = 0; page < pages; page += 1) {
      if (object.frames.add(page, bytes.subarray(page * PAGE, (page + 1) * PAGE), 0)) continue;
      release(object);
      return 'KERN_RESOURCE_SHORTAGE';
    }
    return [{ object, page: 0, pages }];
  }

  /** Nobody wants the data. */
  release(): void {
    const pieces = this.#pieces ?? [];
    this.#pieces = [];
    this.#bytes = null;
    for (const { object } of pieces) release(object);
  }
}
