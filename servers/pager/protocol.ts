/** The pager service: memory objects on request. The memory-object protocol itself is `kernel/interface/pager.ts`. */

import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';

/** Bytes of the largest object. */
export const OBJECT_BYTES_MAX: number = 2 ** 40;
/** Objects that one pager has. */
export const OBJECTS_MAX = 65536;

/** How a pager is. */
export interface PagerReport {
  /** Objects of kernels that page out, and objects that clients made. */
  readonly internal: number;
  readonly named: number;
  /** Pages in the store; pages that the store refused and that are kept in memory. */
  readonly stored: number;
  readonly kept: number;
  /** Pages that the store may hold. */
  readonly limit: number;
  /** Why the store refused the last time, null if it took the last page. */
  readonly trouble: string | null;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /**
   * A new memory object of `size` bytes, all zero: a send right to it in the first descriptor of the reply, for
   * `vm_map`. It goes when nobody has a right to it and no kernel maps it.
   */
  readonly create: Routine<{ readonly size: number }, null>;
  readonly report: Routine<null, PagerReport>;
}

/** The service: numbers, client stub, server loop. */
export const pagerService: Subsystem<Routines> = subsystem('pager', 5480, {
  create: routine<{ size: number }, null>(),
  report: routine<null, PagerReport>(),
} as unknown as Routines);
