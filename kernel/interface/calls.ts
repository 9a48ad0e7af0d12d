/**
 * What can be asked of a kernel: Mach's calls, by their names, as plain objects. The same request reaches the same
 * server as a trap on oneself or as a message to a kernel port. Rights that a request takes or an answer gives are not
 * in it when it travels as a message: they are its port descriptors, in the order of the fields named here.
 */
import type { Body } from '../../ports/body.ts';
import type { Bytes } from '../../ports/bytes.ts';
import type { KernReturn, MachMsgReturn, MigReturn } from '../../ports/kern-return.ts';
import type { PortName } from '../../ports/name.ts';
import type { RightKind } from '../../ports/right.ts';
import type { Inheritance } from '../vm/page.ts';
import type { CensusRequest, InspectRequest } from './inspect.ts';
import type { MoveRequest } from './move.ts';
import type { PagerRequest } from './pager.ts';

export type { Inheritance } from '../vm/page.ts';

/** A right that a caller gives: a name of its own space and a disposition. */
export interface RightArgument {
  readonly name: PortName;
  readonly disposition: number;
}

/** Calls on a task's port names (`mach_port_*`). */
export type PortRequest =
  | { readonly op: 'port_allocate'; readonly right: RightKind | number }
  | { readonly op: 'port_allocate_name'; readonly right: RightKind | number; readonly name: PortName }
  | { readonly op: 'port_deallocate'; readonly name: PortName }
  | { readonly op: 'port_destroy'; readonly name: PortName }
  | {
      readonly op: 'port_mod_refs';
      readonly name: PortName;
      readonly right: RightKind | number;
      readonly delta: number;
    }
  | { readonly op: 'port_get_refs'; readonly name: PortName; readonly right: RightKind | number }
  | { readonly op: 'port_type'; readonly name: PortName }
  | { readonly op: 'port_names' }
  | { readonly op: 'port_rename'; readonly old: PortName; readonly new: PortName }
  | { readonly op: 'port_insert_right'; readonly name: PortName; readonly right?: RightArgument }
  | { readonly op: 'port_extract_right'; readonly name: PortName; readonly disposition: number }
  | {
      readonly op: 'port_request_notification';
      readonly name: PortName;
      readonly kind: string | number;
      readonly sync: number;
      readonly notify?: RightArgument | null;
    }
  | { readonly op: 'port_set_qlimit'; readonly name: PortName; readonly qlimit: number }
  | { readonly op: 'port_set_mscount'; readonly name: PortName; readonly mscount: number }
  | { readonly op: 'port_set_seqno'; readonly name: PortName; readonly seqno: number }
  | { readonly op: 'port_get_status'; readonly name: PortName }
  | { readonly op: 'port_move_member'; readonly member: PortName; readonly after: PortName }
  | { readonly op: 'port_insert_member'; readonly member: PortName; readonly set: PortName }
  | { readonly op: 'port_extract_member'; readonly member: PortName; readonly set: PortName }
  | { readonly op: 'port_get_set_status'; readonly name: PortName }
  | { readonly op: 'port_set_payload'; readonly name: PortName; readonly payload: number }
  | { readonly op: 'port_clear_payload'; readonly name: PortName }
  | { readonly op: 'port_peek'; readonly name: PortName }
  | { readonly op: 'port_construct'; readonly flags: Body; readonly qlimit?: number; readonly context?: number }
  | { readonly op: 'port_destruct'; readonly name: PortName; readonly srdelta: number; readonly guard: number }
  | { readonly op: 'port_guard'; readonly name: PortName; readonly guard: number; readonly strict?: boolean }
  | { readonly op: 'port_unguard'; readonly name: PortName; readonly guard: number }
  | { readonly op: 'port_swap_guard'; readonly name: PortName; readonly old: number; readonly new: number }
  | { readonly op: 'port_set_context'; readonly name: PortName; readonly context: number }
  | { readonly op: 'port_get_context'; readonly name: PortName }
  | {
      readonly op: 'port_get_attributes';
      readonly name: PortName;
      readonly flavor: string | number;
      readonly count?: number;
    }
  | {
      readonly op: 'port_set_attributes';
      readonly name: PortName;
      readonly flavor: string | number;
      readonly info: Body;
    }
  | { readonly op: 'reply_port' };

/** Which special port (`task_get_special_port`, `thread_get_special_port`). */
export type SpecialPort = 'TASK_KERNEL' | 'TASK_EXCEPTION' | 'TASK_BOOTSTRAP' | 'THREAD_KERNEL' | 'THREAD_EXCEPTION';

/** Calls on a task. */
export type TaskRequest =
  | { readonly op: 'task_terminate' }
  | { readonly op: 'task_suspend' }
  | { readonly op: 'task_resume' }
  | { readonly op: 'task_info' }
  | { readonly op: 'task_threads' }
  | { readonly op: 'task_self' }
  | { readonly op: 'task_token' }
  | { readonly op: 'task_create'; readonly inherit: boolean; readonly name?: string }
  | { readonly op: 'thread_create'; readonly program?: string; readonly args?: Body }
  | { readonly op: 'thread_self' }
  | { readonly op: 'get_special_port'; readonly which: SpecialPort }
  | { readonly op: 'set_special_port'; readonly which: SpecialPort; readonly right?: RightArgument }
  | { readonly op: 'ports_register'; readonly ports?: readonly RightArgument[] }
  | { readonly op: 'ports_lookup' };

/** The part of a thread's state that a call reads or writes. */
export type StateFlavor = 'result' | 'state' | 'program';

/** Calls on a thread. */
export type ThreadRequest =
  | InspectRequest
  | { readonly op: 'thread_terminate' }
  | { readonly op: 'thread_suspend' }
  | { readonly op: 'thread_resume' }
  | { readonly op: 'thread_abort' }
  | { readonly op: 'thread_info' }
  | { readonly op: 'thread_get_state'; readonly flavor: StateFlavor }
  | { readonly op: 'thread_set_state'; readonly flavor: StateFlavor; readonly value: Body };

/**
 * Calls on a task's memory (`vm_*`). Addresses and sizes in bytes; a protection is an or of READ 1, WRITE 2, EXECUTE
 * 4.
 */
export type MemoryRequest =
  | { readonly op: 'vm_allocate'; readonly size: number; readonly address?: number; readonly anywhere: boolean }
  | { readonly op: 'vm_deallocate'; readonly address: number; readonly size: number }
  | {
      readonly op: 'vm_protect';
      readonly address: number;
      readonly size: number;
      readonly protection: number;
      readonly setMaximum: boolean;
    }
  | {
      readonly op: 'vm_inherit';
      readonly address: number;
      readonly size: number;
      readonly inheritance: Inheritance | number;
    }
  | { readonly op: 'vm_read'; readonly address: number; readonly size: number }
  | { readonly op: 'vm_write'; readonly address: number; readonly bytes: Uint8Array | Bytes }
  | { readonly op: 'vm_copy'; readonly from: number; readonly size: number; readonly to: number }
  | { readonly op: 'vm_region'; readonly address: number }
  | {
      readonly op: 'vm_map';
      readonly size: number;
      readonly address?: number;
      readonly anywhere: boolean;
      readonly offset: number;
      readonly copy: boolean;
      readonly protection: number;
      readonly maxProtection: number;
      readonly inheritance: Inheritance | number;
      /** The memory object; NULL or absent for zero-filled memory. */
      readonly object?: RightArgument | null;
    }
  | {
      readonly op: 'vm_set_size_limit';
      readonly current: number;
      readonly max: number;
      /** The host port: with it the maximum may be raised. */
      readonly host?: RightArgument | null;
    }
  | { readonly op: 'vm_get_size_limit' }
  /**
   * A port that stands for `length` bytes of an object from `start` on, with no more than `protection`. `offset`, where
   * in the proxy that begins, is 0.
   */
  | {
      readonly op: 'memory_object_create_proxy';
      readonly protection: number;
      readonly offset: number;
      readonly start: number;
      readonly length: number;
      readonly object?: RightArgument | null;
    };

/** Every request. */
export type KernelRequest =
  | PortRequest
  | TaskRequest
  | ThreadRequest
  | MemoryRequest
  | PagerRequest
  | MoveRequest
  | CensusRequest;

/** An answer: the code, and what the call gives. Rights are names in the caller's space by the time it sees them. */
export interface Answer {
  readonly kr: KernReturn | MachMsgReturn | MigReturn;
  readonly [field: string]: unknown;
}
