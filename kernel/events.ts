/** What a kernel has done lately: two bounded rings, one for messages and faults, one for moves and run states. */

/** Kinds of the message ring, as numbers so that recording allocates nothing. */
export const EVENT_SEND = 1;
export const EVENT_RECEIVE = 2;
export const EVENT_FAULT = 3;
export const EVENT_SUPPLY = 4;
/** A message of another kernel has come. */
export const EVENT_ARRIVE = 5;
/** A message of another kernel is passed on, to where its port is now. */
export const EVENT_FORWARD = 6;

/** Words of the ring for each event: half a line of a cache. */
const WORDS = 4;
/** The kind and the task are one word: task × this + kind. */
const KINDS = 16;

const NAMES: readonly string[] = ['', 'send', 'receive', 'fault', 'supply', 'arrive', 'forward'];

/**
 * One event, as readers see it. `cause` is the number of the event that made it happen, 0 if unknown; it is of the
 * kernel `origin` if that is there, of this one if not.
 */
export interface TraceEvent {
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly task: number;
  readonly value: number;
  readonly cause: number;
  readonly origin?: string;
}

/** The ring of messages and faults. Fixed storage; the oldest events are overwritten, and counted. Hot path. */
export class EventRing {
  readonly #size: number;
  /** Four words for each event, side by side: at, kind and task, value, cause. */
  readonly #words: Float64Array;
  /** Kernels of causes that are not this one, by place in the ring. */
  readonly #origins: Map<number, string> = new Map();
  #hasOrigins = false;
  #next = 0;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
    this.#words = new Float64Array(size * WORDS);
  }

  /** Events recorded since the start, overwritten ones included. */
  get count(): number {
    return this.#count;
  }

  /** Records an event and answers its number. */
  record(kind: number, at: number, task: number, value: number, cause: number): number {
    const words = this.#words;
    const slot = this.#next;
    if (this.#hasOrigins) this.#origins.delete(slot);
    words[slot] = at;
    words[slot + 1] = task * KINDS + kind;
    words[slot + 2] = value;
    words[slot + 3] = cause;
    this.#next = slot + WORDS === words.length ? 0 : slot + WORDS;
    this.#count += 1;
    return this.#count;
  }

  /** Records an event whose cause is one of another kernel. */
  recordFrom(origin: string, kind: number, at: number, task: number, value: number, cause: number): number {
    const n = this.record(kind, at, task, value, cause);
    this.#hasOrigins = true;
    this.#origins.set(((n - 1) % this.#size) * WORDS, origin);
    return n;
  }

  /** Events that have been overwritten. */
  get lost(): number {
    return Math.max(0, this.#count - this.#size);
  }

  /** Every event still in the ring from number `since` on, oldest first. */
  read(since = 0): TraceEvent[] {
    const words = this.#words;
    const events: TraceEvent[] = [];
    for (let n = Math.max(since, this.#count - this.#size); n < this.#count; n += 1) {
      const slot = (n % this.#size) * WORDS;
      const origin = this.#origins.get(slot);
      events.push({
        n: n + 1,
        at: words[slot] ?? 0,
        kind: NAMES[(words[slot + 1] ?? 0) % KINDS] ?? '',
        task: Math.floor((words[slot + 1] ?? 0) / KINDS),
        value: words[slot + 2] ?? 0,
        cause: words[slot + 3] ?? 0,
        ...(origin === undefined ? {} : { origin }),
      });
    }
    return events;
  }
}

/** A step in the life of a task: created, frozen, thawed, arrived, gone. */
export interface LifeEvent {
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly task: string;
  readonly detail: Readonly<Record<string, string | number>>;
}

/** The ring of moves and run states. `lost` counts what was overwritten: a reader that needs every event must see 0. */
export class LifeRing {
  readonly #events: LifeEvent[] = [];
  readonly #size: number;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get lost(): number {
    return this.#count - this.#events.length;
  }

  record(at: number, kind: string, task: string, detail: Readonly<Record<string, string | number>>): void {
    this.#count += 1;
    this.#events.push({ n: this.#count, at, kind, task, detail });
    if (this.#events.length > this.#size) this.#events.shift();
  }

  read(since = 0): LifeEvent[] {
    return this.#events.filter((event) => event.n > since);
  }
}
