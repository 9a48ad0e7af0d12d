/** Pages and protections: the numbers that everything in this folder counts in. */

/** Bytes of a page: the unit of protection, of faults and of transfer. */
export const PAGE = 4096;

/** Protections, as bits of a number (`mach/vm_prot.h`). */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXECUTE = 4;
export const PROT_ALL = 7;
/** What fresh memory may be used for. */
export const PROT_DEFAULT = 3;

/** What a thread wants to do with an address. */
export type AccessKind = 'read' | 'write' | 'execute';

/** The protection that an access needs. */
export const protectionFor = (access: AccessKind): number =>
  access === 'read' ? PROT_READ : access === 'write' ? PROT_WRITE : PROT_EXECUTE;

/** What a child task gets of a region (`mach/vm_inherit.h`). */
export type Inheritance = 'SHARE' | 'COPY' | 'NONE';

/** What a kernel may do with copies of an object (`memory_object_copy_strategy_t`). */
export type CopyStrategy = 'NONE' | 'CALL' | 'DELAY' | 'TEMPORARY';

const STRATEGIES: readonly string[] = ['NONE', 'CALL', 'DELAY', 'TEMPORARY'] satisfies readonly CopyStrategy[];

/** True for a strategy that there is, whatever came from outside. */
export const isCopyStrategy = (strategy: string): strategy is CopyStrategy => STRATEGIES.includes(strategy);

/** The page that an address lies in. */
export const pageOf = (address: number): number => Math.floor(address / PAGE);
/** The address rounded down to a page. */
export const pageFloor = (address: number): number => Math.floor(address / PAGE) * PAGE;
/** The address rounded up to a page. */
export const pageCeil = (address: number): number => Math.ceil(address / PAGE) * PAGE;

/** Lowest address that can be mapped: page 0 catches null pointers. */
export const MAP_START = 0x1000;
/** One past the highest address that can be mapped. */
export const MAP_END: number = 2 ** 40;
/** Where the search for free space begins; below it only who asks for the address gets it. */
export const ANYWHERE_START = 0x10000;
/** Pages of the largest object. */
export const OBJECT_PAGES_MAX: number = MAP_END / PAGE;

/** True for a range of whole pages that an object may have. */
export const isExtent = (offset: number, size: number): boolean =>
  offset >= 0 && size >= 0 && offset % PAGE === 0 && size % PAGE === 0 && (offset + size) / PAGE <= OBJECT_PAGES_MAX;

/** Pages asked of a pager at once. */
export const CLUSTER_MAX = 16;
/** Pages in one `dataReturn`. */
export const RETURN_MAX = 32;
/** Objects without a user that one kernel keeps because their pager allows it. */
export const CACHED_OBJECTS_MAX = 200;
