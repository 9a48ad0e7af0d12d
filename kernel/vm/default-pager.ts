/**
 * The default pager: who keeps the pages of anonymous memory when there are not enough frames. It speaks the
 * memory-object protocol with three differences (mach-ipc 2.21): the kernel makes the object and says so
 * (`memory_object_create`), so the object is ready at once; a page that goes out for the first time is an
 * `initialize`; and the pager says when it has stored what it got, so that the kernel never has more under way than it
 * may.
 */
import type { KernReturn } from '../../ports/kern-return.ts';
import { PageWait } from './wait.ts';

/** Pages that may be on their way to the default pager. Beyond that who needs a frame waits. */
export const LAUNDRY_MAX = 256;

/** The kernel's end of one anonymous object: what its pager answers to. Offsets and lengths in bytes. */
export interface PagedMemory {
  /** Number of the object, never used again in this kernel. */
  readonly id: number;
  /** Data that was asked for; `data` stays the caller's. What was not asked for is passed over. */
  supply(offset: number, data: Uint8Array): KernReturn;
  /** The pages cannot be had: accesses fail. Never zeros, since the pager was given them. */
  error(offset: number, length: number): KernReturn;
  /** So many bytes have been stored. `full`: do not return more for now. */
  stored(length: number, room: 'room' | 'full'): KernReturn;
  /** The pager is gone: what is here stays usable, the rest cannot be had any more. */
  pagerDied(): void;
}

/** The default pager as the kernel sees it: it is told, and answers later or at once. `data` is the pager's to keep. */
export interface DefaultPager {
  /** `memory_object_create`: an anonymous object of so many bytes gets its pager. It may grow. */
  create(memory: PagedMemory, size: number): void;
  /** `memory_object_data_request`: only for pages that were returned. */
  dataRequest(memory: PagedMemory, offset: number, length: number): void;
  /** `memory_object_data_initialize`: pages that the pager does not have yet. */
  dataInitialize(memory: PagedMemory, offset: number, data: Uint8Array): void;
  /** `memory_object_data_return`: newer content of pages that the pager has. */
  dataReturn(memory: PagedMemory, offset: number, data: Uint8Array): void;
  /** The last message about the object: its pages are wanted no more. */
  terminate(memory: PagedMemory): void;
}

/** Who stands behind the frames of one kernel, and what is on its way there. */
export class Backing {
  #pager: DefaultPager | null = null;
  #laundry = 0;
  #isFull = false;
  #drained: PageWait | null = null;

  /** The default pager: new objects get this one. */
  get pager(): DefaultPager | null {
    return this.#pager;
  }

  /**
   * `vm_set_default_memory_manager`: the pager of what is paged out from now on; answers the one before. Objects that
   * have a pager keep it.
   */
  set(pager: DefaultPager | null): DefaultPager | null {
    const before = this.#pager;
    this.#pager = pager;
    this.#isFull = false;
    return before;
  }

  /** Pages handed over and not yet stored. */
  get laundry(): number {
    return this.#laundry;
  }

  /** Pages that may be handed over now. */
  get room(): number {
    return this.#isFull ? 0 : Math.max(0, LAUNDRY_MAX - this.#laundry);
  }

  /** Joined by who finds no frame while pages are under way; null if nothing will come of waiting. */
  get wait(): PageWait | null {
    if (this.#laundry === 0) return null;
    this.#drained ??= new PageWait(-1, 0);
    return this.#drained;
  }

  /** Pages go to the pager. */
  handOver(pages: number): void {
    this.#laundry += pages;
  }

  /** Pages have been stored, or are lost with their pager. Whoever waited for frames looks again. */
  settle(pages: number, room: 'room' | 'full'): void {
    this.#laundry -= pages;
    this.#isFull = room === 'full';
    const drained = this.#drained;
    this.#drained = null;
    drained?.finish();
  }

  /** Something was given up at the pager: there may be room again. */
  retry(): void {
    this.#isFull = false;
  }
}
