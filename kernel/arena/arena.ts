/**
 * An arena: memory of a task that is handed out in pieces. Everything lies in the address space; what a program keeps
 * of it is an `ArenaHandle`, plain data that survives freeze, move and restart.
 *
 * A handler is run again from its beginning when a touch of memory faults. So nothing that it does to an arena is seen
 * before `commit`: what it writes stays aside, page by page; `commit` first claims every page (here it may fault, and
 * nothing has happened) and then writes them all. A handler may do any number of things to an arena, and commits once,
 * after its last access and before it changes its own state, sends or parks.
 *
 *   header: magic, top (where the next new block begins), root, and for each size class a list of free blocks
 *   block:  its class, then the bytes that it was made for; blocks are powers of two, of 16 bytes at least
 */
import type { Sys } from '../program.ts';
import { type ArenaMemory, WriteSet } from './write-set.ts';

/** A range of addresses that an arena has got from the kernel. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

/** An arena as its program keeps it. Extents are added at the end, and never change. */
export interface ArenaHandle {
  readonly extents: Extent[];
  /** Bytes asked of the kernel at once. */
  readonly growth: number;
}

/** Where something lies in an arena. 0: nowhere. */
export type Address = number;

const MAGIC = 0x41524e41;
const TOP = 8;
const ROOT = 16;
const FREE = 64;
const HEADER_BYTES = 512;
/** Size classes: 16 bytes to 2^39. */
const CLASSES = 36;
const CLASS_BITS_MIN = 4;
/** Bytes of a block before what it holds. */
const BLOCK_HEADER = 8;
/** `class | LIVE` in the header of a block that is in use. */
const LIVE = 0x4c495600;
const GROWTH = 1 << 20;

/** The kernel has no more memory for the arena, or the arena was used wrongly: an address that is none, or too late. */
export class ArenaError extends Error {
  override readonly name = 'ArenaError';
}

/** What an arena is made with. */
export interface ArenaOptions {
  /** Bytes asked of the kernel at once, 1 MiB if absent. They cost frames only when they are used. */
  readonly growth?: number;
}

/** A new arena. The kernel gives it memory when it is first used. */
export const arenaHandle = ({ growth = GROWTH }: ArenaOptions = {}): ArenaHandle => ({ extents: [], growth });

/** The arena of a handle, for one run of a handler. `handle` is part of the program's state and may be added to. */
export const openArena = (sys: Sys, handle: ArenaHandle): Arena => new Arena(sys, handle);

/** An arena for one run of a handler: open until it is committed. */
export class Arena {
  readonly #sys: Pick<Sys, 'call'>;
  readonly #handle: ArenaHandle;
  readonly #pages: WriteSet;
  readonly #base: number;

  constructor(sys: Pick<Sys, 'call'> & { readonly vm: ArenaMemory }, handle: ArenaHandle) {
    this.#sys = sys;
    this.#handle = handle;
    this.#pages = new WriteSet(sys.vm);
    if (handle.extents.length === 0) this.#grow(HEADER_BYTES);
    this.#base = handle.extents[0]?.start ?? 0;
    if (this.#pages.getU32(this.#base) === MAGIC) return;
    this.#pages.setU32(this.#base, MAGIC);
    this.#pages.setF64(this.#base + TOP, this.#base + HEADER_BYTES);
  }

  /** Everything that was written is there from now on, and the arena is closed. May fault: it comes before the rest. */
  commit(): void {
    this.#pages.commit();
  }

  /** Where the program's own data begins; 0 at first. */
  get root(): Address {
    return this.#pages.getF64(this.#base + ROOT);
  }

  set root(address: Address) {
    this.#pages.setF64(this.#base + ROOT, address);
  }

  /** A block of at least `bytes` bytes, all zero, at a multiple of 8. Throws `ArenaError` if there is no memory. */
  alloc(bytes: number): Address {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new ArenaError(`no block of ${bytes} bytes`);
    const sizeClass = classOf(bytes + BLOCK_HEADER);
    if (sizeClass >= CLASSES) throw new ArenaError(`a block of ${bytes} bytes is too large`);
    const list = this.#base + FREE + sizeClass * 8;
    const reused = this.#pages.getF64(list);
    if (reused === 0) return this.#fresh(sizeClass);
    this.#pages.setF64(list, this.#pages.getF64(reused));
    this.#pages.fill(reused, sizeOfClass(sizeClass) - BLOCK_HEADER);
    this.#pages.setU32(reused - BLOCK_HEADER, LIVE | sizeClass);
    return reused;
  }

  #fresh(sizeClass: number): Address {
    const size = sizeOfClass(sizeClass);
    let block = this.#pages.getF64(this.#base + TOP);
    const { extents } = this.#handle;
    let index = extents.findIndex(({ start, end }) => block >= start && block <= end);
    while (block + size > (extents[index]?.end ?? 0)) {
      if (index === extents.length - 1) this.#grow(size);
      const last = extents[index];
      const next = extents[index + 1];
      // Where the kernel put the new memory right behind the old, a block may lie in both.
      if (next !== undefined && last?.end === next.start && block + size <= next.end) break;
      index += 1;
      block = next?.start ?? 0;
    }
    this.#pages.setF64(this.#base + TOP, block + size);
    this.#pages.setU32(block, LIVE | sizeClass);
    return block + BLOCK_HEADER;
  }

  /**
   * More memory. Asking the kernel and noting it down is one step that cannot fault, so a handler that is run again
   * finds it there.
   */
  #grow(bytes: number): void {
    const size = Math.max(this.#handle.growth, bytes);
    const { kr, address } = this.#sys.call({ op: 'vm_allocate', size, anywhere: true });
    if (kr !== 'KERN_SUCCESS' || typeof address !== 'number') throw new ArenaError(`no memory for the arena: ${kr}`);
    this.#handle.extents.push({ start: address, end: address + size });
  }

  /** Gives a block back. */
  free(address: Address): void {
    const sizeClass = this.#classAt(address);
    const list = this.#base + FREE + sizeClass * 8;
    this.#pages.setU32(address - BLOCK_HEADER, sizeClass);
    this.#pages.setF64(address, this.#pages.getF64(list));
    this.#pages.setF64(list, address);
  }

  /** Bytes that a block has room for. */
  sizeOf(address: Address): number {
    return sizeOfClass(this.#classAt(address)) - BLOCK_HEADER;
  }

  #classAt(address: Address): number {
    const isInside = this.#handle.extents.some(({ start, end }) => address > start && address < end);
    const mark = isInside && address % 8 === 0 ? this.#pages.getU32(address - BLOCK_HEADER) : 0;
    if ((mark & ~0xff) !== LIVE) throw new ArenaError(`no block of the arena lies at ${address}`);
    return mark & 0xff;
  }

  // --- Numbers at multiples of their size, and bytes anywhere ---

  getU8(address: Address): number {
    return this.#pages.getU8(address);
  }

  setU8(address: Address, value: number): void {
    this.#pages.setU8(address, value);
  }

  getU32(address: Address): number {
    return this.#pages.getU32(address);
  }

  setU32(address: Address, value: number): void {
    this.#pages.setU32(address, value);
  }

  getF64(address: Address): number {
    return this.#pages.getF64(address);
  }

  setF64(address: Address, value: number): void {
    this.#pages.setF64(address, value);
  }

  /** A copy of bytes. */
  read(address: Address, length: number): Uint8Array {
    return this.#pages.read(address, length);
  }

  /** Bytes, which stay the caller's. */
  write(address: Address, bytes: Uint8Array): void {
    this.#pages.write(address, bytes);
  }

  /** A new block that holds bytes and their number; give it back by `free`. */
  putBytes(bytes: Uint8Array): Address {
    const address = this.alloc(4 + bytes.length);
    this.setU32(address, bytes.length);
    this.write(address + 4, bytes);
    return address;
  }

  /** What `putBytes` has put there. */
  bytesAt(address: Address): Uint8Array {
    return this.read(address + 4, this.getU32(address));
  }

  /** A new block that holds a text. */
  putText(text: string): Address {
    return this.putBytes(new TextEncoder().encode(text));
  }

  /** What `putText` has put there. */
  textAt(address: Address): string {
    return new TextDecoder().decode(this.bytesAt(address));
  }
}

const classOf = (bytes: number): number => {
  let sizeClass = 0;
  while (sizeOfClass(sizeClass) < bytes) sizeClass += 1;
  return sizeClass;
};

const sizeOfClass = (sizeClass: number): number => 2 ** (sizeClass + CLASS_BITS_MIN);
