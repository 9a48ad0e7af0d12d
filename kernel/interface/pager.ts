/**
 * The memory-object protocol (mach-ipc 2.21): what a kernel says to an external pager, and what the pager says to the
 * kernel's control port. Offsets and lengths in bytes, multiples of the page size. `data` is out-of-line memory in the
 * first memory descriptor, or `bytes` in the body for up to 64 KiB.
 */
import type { Body } from '../../ports/body.ts';

/** Kernel to object port. Rights: control (send), name (send). */
export const MEMORY_OBJECT_INIT = 2200;
/** Kernel to object port. Rights: control (receive), name (receive). */
export const MEMORY_OBJECT_TERMINATE = 2201;
/** Kernel to object port. Right: control (send). */
export const MEMORY_OBJECT_DATA_REQUEST = 2202;
/** Kernel to object port. Right: control (send). */
export const MEMORY_OBJECT_DATA_UNLOCK = 2203;
/** Kernel to object port. Right: control (send); data. */
export const MEMORY_OBJECT_DATA_RETURN = 2204;
/** Kernel to the reply port of a request. */
export const MEMORY_OBJECT_LOCK_COMPLETED = 2205;
export const MEMORY_OBJECT_SUPPLY_COMPLETED = 2206;
export const MEMORY_OBJECT_CHANGE_COMPLETED = 2207;

/** Pager to control port. */
export const MEMORY_OBJECT_READY = 2250;
/** Data; an optional reply right in the header. */
export const MEMORY_OBJECT_DATA_SUPPLY = 2251;
export const MEMORY_OBJECT_DATA_UNAVAILABLE = 2252;
export const MEMORY_OBJECT_DATA_ERROR = 2253;
export const MEMORY_OBJECT_LOCK_REQUEST = 2254;
export const MEMORY_OBJECT_CHANGE_ATTRIBUTES = 2255;
export const MEMORY_OBJECT_DESTROY = 2256;
/** Ours: everything the object ever held has been supplied; what is absent is zero, and the pager is needed no more. */
export const MEMORY_OBJECT_COMPLETE = 2257;

/** Bodies of the messages to a pager. */
export interface DataRequest {
  readonly offset: number;
  readonly length: number;
  /** An or of READ 1, WRITE 2, EXECUTE 4. */
  readonly access: number;
}

/** Body of MEMORY_OBJECT_DATA_RETURN. */
export interface DataReturn {
  readonly offset: number;
  readonly dirty: boolean;
  readonly kernel_copy: boolean;
}

/** What a kernel may do with copies of an object (`memory_object_copy_strategy_t`). */
export type CopyStrategy = 'NONE' | 'CALL' | 'DELAY' | 'TEMPORARY';

/** Bodies of the messages to a control port. */
export interface ObjectReady {
  readonly may_cache: boolean;
  readonly copy_strategy: CopyStrategy;
  /** Pages to ask for at once, from the faulting one on; 1 if absent. */
  readonly cluster?: number;
}

/** Body of MEMORY_OBJECT_DATA_SUPPLY. */
export interface DataSupply {
  readonly offset: number;
  readonly lock: number;
  readonly precious: boolean;
  readonly bytes?: Body;
}

/** Body of MEMORY_OBJECT_DATA_UNAVAILABLE and _ERROR. */
export interface DataAbsent {
  readonly offset: number;
  readonly size: number;
  readonly reason?: string;
}

/** Body of MEMORY_OBJECT_LOCK_REQUEST. */
export interface LockRequest {
  readonly offset: number;
  readonly size: number;
  readonly should_return: 'NONE' | 'DIRTY' | 'ALL';
  readonly flush: boolean;
  /** An or of prohibited accesses; -1 keeps what is. */
  readonly lock: number;
}

// --- The default pager: anonymous memory that is paged out ---

/**
 * Kernel to the default pager's port: an anonymous object has come into being there. Rights: object (receive), control
 * (send). Body `{ size, page_size }`. The object is ready at once.
 */
export const MEMORY_OBJECT_CREATE = 2220;
/** Kernel to object port: pages that the pager does not have yet. Right: control (send). Body `DataInitialize`. */
export const MEMORY_OBJECT_DATA_INITIALIZE = 2221;
/** Ours. Default pager to control port: what came has been stored. Body `DataStored`. */
export const MEMORY_OBJECT_DATA_STORED = 2270;

/** Body of MEMORY_OBJECT_DATA_INITIALIZE; that of MEMORY_OBJECT_DATA_RETURN has these fields too. */
export interface DataInitialize {
  readonly offset: number;
  /** Bytes: whole pages. */
  readonly data: Body;
}

/** Body of MEMORY_OBJECT_DATA_STORED. */
export interface DataStored {
  readonly offset: number;
  readonly length: number;
  /** The pager has no room for more. */
  readonly full: boolean;
}
