/** What a pager is told, and how pages go back to it. */
import { DIRTY, PRECIOUS } from './frames.ts';
import { MapCopy } from './map-copy.ts';
import type { MemoryObject } from './object.ts';
import { PAGE, RETURN_MAX } from './page.ts';

/**
 * The pager of an object, as the kernel sees it: it sends messages and answers nothing. Offsets and lengths in bytes.
 */
export interface Pager {
  /** The object has come into being; nothing is asked before `ready`. */
  init(object: MemoryObject): void;
  dataRequest(object: MemoryObject, offset: number, length: number, access: number): void;
  dataUnlock(object: MemoryObject, offset: number, length: number, access: number): void;
  /** Pages go back, `data` with them. `kernelCopy`: they are still here as well. */
  dataReturn(object: MemoryObject, offset: number, data: MapCopy, dirty: boolean, kernelCopy: boolean): void;
  /**
   * (Strategy CALL) A range has been copied; `copy` is the snapshot, with the offsets of the object. Whoever gives it a
   * pager of its own (`pageObject`) has its pages asked for before those of the object. Absent: as strategy DELAY.
   */
  copy?(object: MemoryObject, offset: number, length: number, copy: MemoryObject): void;
  /** The last message about the object. */
  terminate(object: MemoryObject): void;
}

/** Which pages `lockRequest` returns. */
export type ShouldReturn = 'NONE' | 'DIRTY' | 'ALL';

const RETURNS: readonly string[] = ['NONE', 'DIRTY', 'ALL'] satisfies readonly ShouldReturn[];

/** True for one of them, whatever came from outside. */
export const isShouldReturn = (value: string): value is ShouldReturn => RETURNS.includes(value);

/** Pages of an object that go back to its pager. */
export interface ReturnOrder {
  readonly first: number;
  readonly end: number;
  readonly which: 'DIRTY' | 'ALL';
  /** The kernel keeps the pages as well. */
  readonly isKept: boolean;
}

/**
 * Sends pages back, dirty ones and (`ALL`) precious ones, in runs; a run is either dirty or not. They are clean
 * afterwards.
 */
export const returnPages = (object: MemoryObject, pager: Pager, order: ReturnOrder): void => {
  let run: number[] = [];
  let isDirtyRun = false;
  const runs: { readonly pages: readonly number[]; readonly isDirty: boolean }[] = [];
  object.frames.forEachIn(order.first, order.end, (page, flags) => {
    const isDirty = (flags & DIRTY) !== 0;
    if (!isDirty && !(order.which === 'ALL' && (flags & PRECIOUS) !== 0)) return true;
    if (run.length === 0 || run.length === RETURN_MAX || run.at(-1) !== page - 1 || isDirty !== isDirtyRun) {
      run = [];
      isDirtyRun = isDirty;
      runs.push({ pages: run, isDirty });
    }
    run.push(page);
    return true;
  });
  for (const { pages, isDirty } of runs) {
    const data = MapCopy.fromBytes(object.pool, takeClean(object, pages));
    pager.dataReturn(object, (pages[0] ?? 0) * PAGE, data, isDirty, order.isKept);
  }
};

/** The bytes of pages, which count as clean from now on. */
const takeClean = (object: MemoryObject, pages: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(pages.length * PAGE);
  for (const [index, page] of pages.entries()) {
    const view = object.view(page);
    if (view !== null) bytes.set(view, index * PAGE);
    object.frames.setFlags(page, object.frames.flags(page) & ~DIRTY);
  }
  return bytes;
};
