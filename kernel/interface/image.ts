/**
 * A task as data: what moves in the freeze (DESIGN: the move interface). Rights are not in it; it refers to three
 * arrays of rights that travel beside it, by index. Names, user references, counts and remaining times are kept as they
 * are, because no right changes hands (mach-ipc 2.23).
 */
import type { Draft } from '../../ports/draft.ts';
import type { SpecialBit } from '../../ports/kern-return.ts';
import type { Guard, Received } from '../../ports/port.ts';
import type { ReceiveOptions, SendOptions } from '../program.ts';
import type { CopyDescription, MapDescription, ObjectDescription } from '../vm/describe.ts';
import type { KernelRequest } from './calls.ts';

/** Index into one of the arrays of rights; -1 for none. */
export type RightIndex = number;

/** One name of the space. */
export interface EntryImage {
  readonly name: number;
  readonly type: number;
  readonly urefs: number;
  /** The receive right, with the counts that a move of the right alone would reset. */
  readonly receive: RightIndex;
  readonly seqno: number;
  readonly mscount: number;
  readonly payload: number | null;
  /** Context and guard of the port; absent if it has none. */
  readonly guard?: Guard;
  /** The send or send-once right. */
  readonly send: RightIndex;
  /** Name of the set that the port is in, 0 for none. */
  readonly pset: number;
  /** Send-once right of the dead-name request on the name. */
  readonly request: RightIndex;
}

/** A message whose sender waits for room: in kernel form it holds rights, here their indexes. */
export interface SendImage {
  readonly id: number;
  readonly body: unknown;
  readonly dest: RightIndex;
  readonly destType: number;
  readonly reply: RightIndex;
  readonly replyType: number;
  readonly items: readonly ItemImage[];
}

/** One descriptor of such a message. */
export type ItemImage =
  | { readonly kind: 'port'; readonly type: number; readonly right: RightIndex }
  | { readonly kind: 'ool_ports'; readonly type: number; readonly rights: readonly RightIndex[] }
  /** Out-of-line memory: the number of a snapshot in the memory image, -1 for none. */
  | { readonly kind: 'ool'; readonly size: number; readonly copy: number };

/** A thread. `parked` is the call that it is in; `send` a message that waits for room. */
export interface ThreadImage {
  readonly program: string;
  readonly hash: string;
  /** Data; an empty record for a thread whose state is in a heap. */
  readonly state: unknown;
  /** Index of the heap that its state is in: the next of its roots. Absent if the state is data. */
  readonly heap?: number;
  readonly run: 'runnable' | 'waiting';
  readonly waitsFor: 'none' | 'send' | 'receive' | 'page' | 'state';
  readonly suspendCount: number;
  readonly register: unknown;
  readonly isInterrupted: boolean;
  /** Milliseconds left of the wait; null without a deadline. */
  readonly remainingMs: number | null;
  readonly parked: {
    readonly op: 'none' | 'msg' | 'kernel' | 'pause' | 'yield' | 'exit';
    readonly draft: Draft | null;
    readonly sendOptions: SendOptions | null;
    readonly receive: number;
    readonly receiveOptions: ReceiveOptions | null;
    readonly port: number;
    readonly request: KernelRequest | null;
  };
  readonly result: {
    readonly kr: string | number;
    readonly bits: readonly SpecialBit[] | null;
    readonly message: Omit<Received, 'sender'> | null;
    readonly sender: string | null;
    readonly returned: boolean;
    readonly size: number;
    readonly local: number;
    readonly why: string | null;
    readonly answer: unknown;
  };
  readonly send: SendImage | null;
  /** Receive right of the thread's kernel port, if anybody can name it. */
  readonly kernelPort: RightIndex;
  readonly self: RightIndex;
  readonly exceptionPort: RightIndex;
}

/** One memory object of a task: how big, how much of it is here, what it shadows, who pages it after the move. */
export interface ObjectImage extends ObjectDescription {
  /** Send right of the port that its pages are asked from; -1 or absent: whatever is not supplied is zero. */
  readonly pager?: RightIndex;
}

/** A task's memory without its pages: regions and objects. */
export interface MemoryImage extends MapDescription {
  readonly objects: readonly ObjectImage[];
  /** Memory of the messages that its threads are sending. */
  readonly copies: readonly CopyDescription[];
}

/** A task without its memory's pages. */
export interface TaskImage {
  readonly version: 1;
  readonly name: string;
  readonly identity: string;
  readonly suspendCount: number;
  readonly entries: readonly EntryImage[];
  /** Names of the free slots of the table, so that a name given up is not handed out again soon. */
  readonly freeNames: readonly number[];
  readonly threads: readonly ThreadImage[];
  /** States that are more than data, as the codecs of their programs have written them. */
  readonly heaps?: readonly unknown[];
  readonly kernelPort: RightIndex;
  readonly self: RightIndex;
  readonly exceptionPort: RightIndex;
  readonly bootstrapPort: RightIndex;
  readonly registered: readonly RightIndex[];
  readonly memory: MemoryImage;
}
