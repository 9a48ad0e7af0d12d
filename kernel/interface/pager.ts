/**
 * The memory-object protocol (mach-ipc 2.21): what a kernel says to an external pager, and what the pager says to the
 * kernel's control port. Offsets and lengths in bytes, multiples of the page size.
 */
import type { Body } from '../../ports/body.ts';
import type { Bytes } from '../../ports/bytes.ts';
import type { PortName } from '../../ports/name.ts';
import type { CopyStrategy } from '../vm/page.ts';
import type { ShouldReturn } from '../vm/pager.ts';

export type { CopyStrategy } from '../vm/page.ts';
export type { ShouldReturn } from '../vm/pager.ts';

/** Kernel to object port (numbers are Mach's). Rights: control (send), name (send). Body `{ page_size }`. */
export const MEMORY_OBJECT_INIT = 2200;
/**
 * Kernel to object port: the last word. Rights: control (receive), name (receive); none for memory that has moved,
 * whose control port dies instead.
 */
export const MEMORY_OBJECT_TERMINATE = 2201;
/**
 * Kernel to object port: a copy was made (strategy CALL). Rights: control (send), the object of the copy (receive).
 * Body `{ offset, length }`. Offsets in the copy are those of the original.
 */
export const MEMORY_OBJECT_COPY = 2202;
/** Kernel to object port. Right: control (send). Body `DataRequest`. */
export const MEMORY_OBJECT_DATA_REQUEST = 2203;
/** Kernel to object port. Right: control (send). Body `DataRequest`. */
export const MEMORY_OBJECT_DATA_UNLOCK = 2204;
/** Kernel to the reply port of `memory_object_lock_request`. Right: control (send). Body `{ offset, length }`. */
export const MEMORY_OBJECT_LOCK_COMPLETED = 2206;
/** Kernel to the reply port of `memory_object_data_supply`. Right: control (send). Body `SupplyCompleted`. */
export const MEMORY_OBJECT_SUPPLY_COMPLETED = 2207;
/** Kernel to object port. Right: control (send). Body `DataReturn`, with the data. */
export const MEMORY_OBJECT_DATA_RETURN = 2208;
/** Kernel to the reply port of `memory_object_change_attributes`. Body `{ may_cache, copy_strategy }`. */
export const MEMORY_OBJECT_CHANGE_COMPLETED = 2209;

/** Pager to control port: the numbers of the calls below. */
export const MEMORY_OBJECT_READY = 2250;
export const MEMORY_OBJECT_DATA_SUPPLY = 2251;
export const MEMORY_OBJECT_DATA_UNAVAILABLE = 2252;
export const MEMORY_OBJECT_DATA_ERROR = 2253;
export const MEMORY_OBJECT_LOCK_REQUEST = 2254;
export const MEMORY_OBJECT_CHANGE_ATTRIBUTES = 2255;
export const MEMORY_OBJECT_DESTROY = 2256;
/** Ours: everything the object ever held has been supplied; what is absent is zero, and the pager is needed no more. */
export const MEMORY_OBJECT_COMPLETE = 2257;

/** Bodies of MEMORY_OBJECT_DATA_REQUEST and _UNLOCK. */
export interface DataRequest {
  readonly offset: number;
  readonly length: number;
  /** An or of READ 1, WRITE 2, EXECUTE 4. */
  readonly access: number;
}

/** Body of MEMORY_OBJECT_DATA_RETURN. */
export interface DataReturn {
  readonly offset: number;
  /** Whole pages, at most 32. */
  readonly data: Bytes;
  readonly dirty: boolean;
  readonly kernel_copy: boolean;
}

/** Body of MEMORY_OBJECT_SUPPLY_COMPLETED: how far it came. */
export interface SupplyCompleted {
  readonly offset: number;
  readonly length: number;
  readonly result: 'KERN_SUCCESS' | 'KERN_MEMORY_PRESENT' | 'KERN_RESOURCE_SHORTAGE';
  /** Where it stopped; the end of the data after success. */
  readonly error_offset: number;
}

/** Whom to tell of a completion: a name of the pager's space and a disposition. */
interface ReplyRight {
  readonly name: PortName;
  readonly disposition: number;
}

/** What a pager may say of its object. */
interface Attributes {
  readonly may_cache: boolean;
  readonly copy_strategy: CopyStrategy;
}

/**
 * Calls on a control port, as messages to it or as kernel calls through it. Each is answered by its code if there is
 * somebody to answer to; whom to tell of the completion (`reply`) is another right.
 */
export type PagerRequest =
  /** The pager is ready. `cluster`: pages to ask for at once, from the faulting one on; 1 if absent. */
  | ({ readonly op: 'memory_object_ready'; readonly cluster?: number } & Attributes)
  /**
   * Pages, asked for or not: out-of-line memory in the first memory descriptor, or `data` in the body. `lock`: an or of
   * prohibited accesses. `precious`: to be returned even if it is not written.
   */
  | {
      readonly op: 'memory_object_data_supply';
      readonly offset: number;
      readonly data?: Body;
      readonly lock: number;
      readonly precious: boolean;
      readonly reply?: ReplyRight;
    }
  /** Its older form. */
  | {
      readonly op: 'memory_object_data_provided';
      readonly offset: number;
      readonly data?: Body;
      readonly lock: number;
    }
  /** There are no such pages: they are zero, or what the object is a copy of has them. */
  | { readonly op: 'memory_object_data_unavailable'; readonly offset: number; readonly size: number }
  /** The pages cannot be had: whoever touches them gets an exception. */
  | {
      readonly op: 'memory_object_data_error';
      readonly offset: number;
      readonly size: number;
      readonly reason?: Body;
    }
  /** Restricts access, has pages returned, flushes them: in this order. `lock` -1 keeps the prohibitions. */
  | {
      readonly op: 'memory_object_lock_request';
      readonly offset: number;
      readonly size: number;
      readonly should_return: ShouldReturn;
      readonly flush: boolean;
      readonly lock: number;
      readonly reply?: ReplyRight;
    }
  | ({ readonly op: 'memory_object_change_attributes'; readonly reply?: ReplyRight } & Attributes)
  /** The older form of `ready` and `change_attributes`. */
  | ({ readonly op: 'memory_object_set_attributes'; readonly object_ready: boolean } & Attributes)
  /** `{ object_ready, may_cache, copy_strategy }`. */
  | { readonly op: 'memory_object_get_attributes' }
  /** The pager gives the object up. */
  | { readonly op: 'memory_object_destroy'; readonly reason?: Body }
  | { readonly op: 'memory_object_complete' };

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
