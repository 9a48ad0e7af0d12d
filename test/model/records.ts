/**
 * The records of the naive model: what `ports/` is about, as plain arrays. Nothing is counted ahead: how many rights
 * there are to a port is found by looking everywhere. Written from Mach's semantics, not from the kernel's code.
 */

export const NULL = 0;
export const DEAD = 0xffffffff;

/** The six dispositions, by Mach's numbers. */
export const MOVE_RECEIVE = 16;
export const MOVE_SEND = 17;
export const MOVE_SEND_ONCE = 18;
export const COPY_SEND = 19;
export const MAKE_SEND = 20;
export const MAKE_SEND_ONCE = 21;

/** A port of the model. */
export class ModelPort {
  readonly serial: number;
  /** The task whose kernel port it is; null for an ordinary port. */
  readonly kernelOf: ModelSpace | null;
  alive = true;
  /** The space that has the receive right; null while a message has it. */
  holder: ModelSpace | null = null;
  /** Destination of the message that carries the receive right. */
  carrier: ModelPort | null = null;
  queue: ModelMessage[] = [];
  blocked: ModelCall[] = [];
  waiting: ModelCall[] = [];
  set: ModelSet | null = null;
  qlimit = 5;
  mscount = 0;
  seqno = 0;
  payload: number | null = null;
  /** Ports to which the kernel holds a send-once right on behalf of a request. */
  noSenders: ModelPort | null = null;
  portDestroyed: ModelPort | null = null;
  /** Entries with a dead-name request, in the order of the requests. */
  watchers: ModelEntry[] = [];

  constructor(serial: number, kernelOf: ModelSpace | null) {
    this.serial = serial;
    this.kernelOf = kernelOf;
  }
}

/** A port set: one queue for all members, in the order of arrival. */
export class ModelSet {
  members: ModelPort[] = [];
  queue: ModelMessage[] = [];
  waiting: ModelCall[] = [];
}

/** What a right in a message is: 16 receive, 17 send, 18 send-once, 0 none. */
export type RightType = 0 | 16 | 17 | 18;

/** A right that is in no space. */
export interface LooseRight {
  /** Null for the null right; a port that is dead is the dead one. */
  port: ModelPort | null;
  readonly type: RightType;
}

/** A request to be told when a forced message leaves its queue. */
export interface Acceptance {
  entry: ModelEntry | null;
  readonly notify: ModelPort;
}

/** One thing that a message carries. */
export type ModelItem =
  | { readonly kind: 'port'; readonly right: LooseRight }
  | { readonly kind: 'ool_ports'; readonly type: RightType; readonly rights: LooseRight[] }
  | { readonly kind: 'ool'; readonly bytes: Uint8Array; readonly offset: number };

/** A message on its way. */
export interface ModelMessage {
  readonly id: number;
  readonly body: unknown;
  dest: LooseRight;
  reply: LooseRight;
  items: ModelItem[];
  circular: boolean;
  accepted: Acceptance | null;
}

/** A name of a space. The kernel chooses most names: they are learnt from its answers. */
export class ModelEntry {
  readonly space: ModelSpace;
  readonly serial: number;
  name: number | null = null;
  port: ModelPort | null = null;
  /** User references of the send right; 0 without one. */
  send = 0;
  receive = false;
  once = false;
  /** User references of the dead name; 0 if it is none. */
  dead = 0;
  set: ModelSet | null = null;
  /** The port that is to be told when this name dies. */
  request: ModelPort | null = null;
  accepted: Acceptance | null = null;
  gone = false;

  constructor(space: ModelSpace, serial: number) {
    this.space = space;
    this.serial = serial;
  }
}

/** A page of a task's memory. */
export interface ModelPage {
  bytes: Uint8Array;
  protection: number;
}

/** A task: its names, what the kernel holds for it, its memory. */
export class ModelSpace {
  readonly index: number;
  alive = true;
  entries: ModelEntry[] = [];
  kernelPort: ModelPort | null = null;
  /** Send rights that the kernel holds: what the task calls itself, its bootstrap port, its registered ports. */
  self: LooseRight = { port: null, type: 17 };
  bootstrap: LooseRight = { port: null, type: 17 };
  exception: LooseRight = { port: null, type: 17 };
  registered: LooseRight[] = [];
  pages: Map<number, ModelPage> = new Map();

  constructor(index: number) {
    this.index = index;
  }
}

/** What a slot of a received message holds. */
export type Slot = ModelEntry | typeof NULL | typeof DEAD;

/** What a message looks like to whoever has it now. */
export interface Expected {
  readonly id: number;
  readonly body: unknown;
  readonly remote: Slot;
  readonly remoteType: RightType;
  readonly local: Slot;
  readonly localType: RightType;
  readonly seqno: number;
  readonly payload: number | null;
  readonly items: readonly ExpectedItem[];
}

/** One thing that a received message carries. */
export type ExpectedItem =
  | { readonly kind: 'port'; readonly type: RightType; readonly slot: Slot }
  | { readonly kind: 'ool_ports'; readonly type: RightType; readonly slots: readonly Slot[] }
  | { readonly kind: 'ool'; readonly bytes: Uint8Array; readonly offset: number };

/** How a message call has ended. */
export interface Outcome {
  readonly kr: string;
  readonly message: Expected | null;
  /** It is the sender's own message that came back. */
  readonly returned: boolean;
}

/** The receive half of a message call. */
export interface ReceiveHalf {
  readonly name: number;
  readonly timeoutMs: number | null;
  readonly large: boolean;
  /** Nothing fits: the buffer has room for less than a header. */
  readonly tiny: boolean;
  /** The name of the notify port of RCV_NOTIFY. */
  readonly notify: number | null;
}

/** A message call that is under way or over. */
export class ModelCall {
  readonly serial: number;
  readonly space: ModelSpace;
  receive: ReceiveHalf | null;
  /** The message that it waits to send. */
  sending: ModelMessage | null = null;
  /** The name of the notify port of SEND_NOTIFY. */
  sendNotify: number | null = null;
  /** Where it waits to receive. */
  at: ModelPort | ModelSet | null = null;
  deadline: number = Number.POSITIVE_INFINITY;
  /** In which order calls began to wait. */
  since = 0;
  outcome: Outcome | null = null;
  isAbandoned = false;

  constructor(serial: number, space: ModelSpace, receive: ReceiveHalf | null) {
    this.serial = serial;
    this.space = space;
    this.receive = receive;
  }
}
