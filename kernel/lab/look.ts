/** What a watch tells of: looks, and what else happens to the objects of a kernel. */
import type { PortName } from '../../ports/name.ts';
import type { Entry, Message, Port } from '../../ports/port.ts';
import type { Space } from '../../ports/space.ts';
import type { Parked, Task, Thread } from '../kernel.ts';

/** What was looked at. */
export type LookKind =
  | 'task' // is the task alive
  | 'name' // what a name denotes
  | 'right' // which rights an entry has
  | 'references' // the user references of an entry
  | 'request' // a dead-name request of an entry
  | 'accepted' // a msg-accepted request of an entry
  | 'known' // the name that a space has for a port
  | 'room' // may the space get one more name
  | 'ports' // ports of the kernel, against the most
  | 'port' // where a port's receive right is
  | 'set' // the set that a port is in
  | 'limit' // below how many messages an ordinary sender is let in
  | 'count' // messages queued
  | 'queue' // the queue itself
  | 'senders' // send rights to the port
  | 'makes' // the make-send count
  | 'memory' // what the address map says
  | 'thread' // what a thread does
  | 'suspended' // the suspend count of a task or thread
  | 'frozen'; // taken off the run queue to move

/** One look: what at, and what was seen. */
export interface Look {
  readonly kind: LookKind;
  readonly subject: object;
  readonly saw: unknown;
  /** The name that was looked up, or the call of the address map. */
  readonly key?: PortName | string;
}

/** The traps that answer in place. */
export type TrapName = 'call' | 'send' | 'poll';

/** Who is told. Called in the middle of the kernel's work: it looks, and calls nothing of the kernel that changes it. */
export interface Observer {
  looked?(look: Look): void;
  wrote?(subject: object, field: string, value: unknown, before: unknown): void;
  /** The space has a new entry, or gives one up. */
  entered?(space: Space, entry: Entry): void;
  leaving?(space: Space, entry: Entry): void;
  queued?(port: Port, message: Message): void;
  /** A message is copied out into the space of a thread that waited for it. */
  delivering?(thread: Thread, isBeginning: boolean): void;
  /** The thread begins its turn: its `result` is that of its last call. */
  resuming?(thread: Thread): void;
  /** The thread's program has parked a call; what it is stands in `thread.parked` when it is issued. */
  parked?(thread: Thread, op: Parked['op']): void;
  /** A thread calls its kernel, in place: what is called, and with what. */
  calling?(thread: Thread, what: TrapName, argument: unknown): void;
  /** It has its answer; undefined if the call waits for a page, and is made again. */
  called?(thread: Thread, what: TrapName, result: unknown): void;
  /** The task has memory that it did not have. */
  mapped?(task: Task, address: number, bytes: number): void;
}
