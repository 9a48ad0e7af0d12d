/**
 * The move interface: all that migration needs of a kernel, as messages to kernel ports. A task port freezes, thaws and
 * takes apart; taking apart answers a *husk* port, which controls what is left: it puts it together again, reads its
 * pages, or lets it go. The host port puts a task together from an image.
 */
import type { Body } from '../../ports/body.ts';
import type { PortName } from '../../ports/name.ts';

/** A program as a move names it, with the modules whose code its threads may hold. */
export interface ProgramNeed {
  readonly name: string;
  readonly hash: string;
  readonly modules?: readonly string[];
  /** SHA-256 of its compiled text, if its node has kept that. */
  readonly textHash?: string;
}

/** A program that is not here: the hash that is needed, the versions of that name that are here, absent modules. */
export interface ProgramLack {
  readonly name: string;
  readonly hash: string;
  readonly present: readonly string[];
  readonly modules: readonly string[];
}

/** Calls on a task port. */
export type FreezeRequest =
  /** Stops the task between two calls. KERN_FAILURE with `blockers` if something keeps it from being moved now. */
  | { readonly op: 'task_freeze' }
  /** Lets a frozen task go on. */
  | { readonly op: 'task_thaw' }
  /**
   * What a move would find: `{ blockers, programs: ProgramNeed[], pages, image: { bytes, heaviest: {path, bytes} } }`.
   * A pinned task has no `image`. Changes nothing.
   */
  | { readonly op: 'task_describe' }
  /**
   * Puts pages into an object of a task that has just been put together; answered when there is room for them. What
   * there is no room for is an error from then on, and the code says so.
   */
  | {
      readonly op: 'task_supply';
      readonly object: number;
      readonly pages: readonly { readonly page: number; readonly bytes: Body }[];
    }
  /** Takes a frozen task apart: `{ image, rights }`, the first right being the husk's port. */
  | { readonly op: 'task_detach' };

/** Calls on a husk port. */
export type HuskRequest =
  /** Puts the task together again where it was, still frozen. Carries every right but the husk's own. */
  | { readonly op: 'husk_restore'; readonly image: Body }
  /**
   * Reads an object's own pages from `page` on, at most `count`, up to the first that is at the default pager:
   * `{ object, page, end, pages: [{ page, bytes }] }`. What is not among the pages up to `end` the object does not
   * have. With `wait` the answer comes when there is at least one page to tell of. A page that cannot be had any more
   * ends the answer, too; if it is the first, the code says so.
   */
  | {
      readonly op: 'husk_read';
      readonly object: number;
      readonly page: number;
      readonly count: number;
      readonly wait: boolean;
    }
  /** Which pages an object has of its own, here or at the default pager: `{ bitmap }`, one bit each, lowest first. */
  | { readonly op: 'husk_pages'; readonly object: number }
  /** Destroys what is left. */
  | { readonly op: 'husk_release' };

/** Calls on the host port. */
export type HostRequest =
  /** Name and counts; pages of memory that may be here at once, that are, and whether others can be paged out. */
  | { readonly op: 'host_info' }
  /** Every task that is not frozen: names, counts, and a send right to each task's port. */
  | { readonly op: 'host_tasks' }
  | FrozenRequest
  /** Which of these programs are not here, or only in other versions: `{ missing: ProgramLack[] }`. */
  | { readonly op: 'host_programs'; readonly programs: readonly ProgramNeed[] }
  /** Whether a task could be put together from an image: KERN_INVALID_ARGUMENT and `why` if not. Keeps nothing. */
  | { readonly op: 'host_check'; readonly image: Body }
  /** Puts a task together from an image, frozen. Carries every right; answers the task's port. */
  | { readonly op: 'task_attach'; readonly image: Body; readonly memory?: readonly PortName[] }
  /** Answers `previous`, the port of the one before. What was paged out stays with the pager that has it. */
  | DefaultPagerRequest
  /** Events of the rings from number `since` on. */
  | { readonly op: 'host_events'; readonly ring: 'messages' | 'life'; readonly since: number }
  /**
   * A new task with one thread of a program that the kernel knows: `{ name, identity }`, its task port and token. The
   * version is that of `hash`, the latest without one.
   */
  | {
      readonly op: 'host_run';
      readonly program: string;
      readonly hash?: string;
      readonly args: Body;
      readonly name: string;
    };

/** A task that is frozen. Its port answers nobody until it goes on; of a husk it is on its way elsewhere. */
export interface FrozenFacts {
  readonly name: string;
  readonly identity: string;
  readonly program: string;
  readonly threads: number;
  readonly pages: number;
  readonly bytes: number;
  /** It has been taken apart: this is its husk, and the task is an image. */
  readonly isHusk: boolean;
}

/** Calls on the host port about frozen tasks, whose own ports are silent. `task` is an identity. */
export type FrozenRequest =
  /** `{ tasks: FrozenFacts[] }`. */
  | { readonly op: 'host_frozen' }
  /**
   * `{ stacks: ThreadStack[], more }`: at most `THREADS_TOLD_MAX` threads, and how many there are beyond. Of a husk:
   * where the threads stood when it was taken apart. KERN_INVALID_ARGUMENT for a task that is not frozen here.
   */
  | { readonly op: 'host_stacks'; readonly task: string }
  /** The fields of `CallLocals`, of the call number `frame` of one of those threads. */
  | { readonly op: 'host_locals'; readonly task: string; readonly thread: number; readonly frame: number };

/** The call that gives a kernel its default pager. */
export interface DefaultPagerRequest {
  readonly op: 'vm_set_default_memory_manager';
  /** The default pager's service port; absent or null: anonymous memory is paged out no more. */
  readonly pager?: { readonly name: PortName; readonly disposition: number } | null;
}

/** Every call of the move interface. */
export type MoveRequest = FreezeRequest | HuskRequest | HostRequest;
