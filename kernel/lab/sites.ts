/**
 * Where rights come from: for every name of every task, the calls that obtained its rights and references, while the
 * kernel is watched. References that are given up are those that were obtained last, so that who takes and gives in
 * pairs is not blamed for who only takes.
 */
import type { Entry, Message, Port } from '../../ports/port.ts';
import { DEAD_NAME, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../../ports/right.ts';
import type { Space } from '../../ports/space.ts';
import type { KernelRequest } from '../interface/calls.ts';
import { NO_RECEIVE, type Task, type Thread } from '../kernel.ts';
import type { Observer, TrapName } from './look.ts';
import type { Watch } from './watch.ts';

/** A place in a program that calls the kernel. */
export interface Site {
  readonly program: string;
  /** `file:line` of the call that waits, of a resumable program; of a machine the handler. */
  readonly place: string;
  /** The kernel call. */
  readonly call: string;
}

/** Kinds of what a name can have. */
export type HeldKind = 'receive' | 'send' | 'sendOnce' | 'set' | 'dead';

/** Rights or references that one call obtained, and that are still there. */
export interface Held {
  kind: HeldKind;
  readonly site: Site;
  count: number;
}

/** Memory that one call obtained. */
export interface HeldMemory {
  readonly address: number;
  readonly bytes: number;
  readonly site: Site;
}

/** What was there before anybody looked. */
const EARLIER: Site = { program: '', place: 'before the census was on', call: '' };
/** Mappings of one task that are remembered: older ones go first. */
const MAPPINGS_MAX = 10_000;

const KINDS: readonly (readonly [bit: number, kind: HeldKind])[] = [
  [RECEIVE, 'receive'],
  [SEND_ONCE, 'sendOnce'],
  [PORT_SET, 'set'],
];

/** Follows who obtains what. Switched on by making it, off by `end`. */
export class SiteBook implements Observer {
  readonly #watch: Watch;
  readonly #held: Map<Entry, Held[]> = new Map();
  readonly #memory: Map<Task, HeldMemory[]> = new Map();
  readonly #sent: WeakMap<Message, Site> = new WeakMap();
  readonly #handlers: WeakMap<Thread, string> = new WeakMap();
  readonly #owners: WeakMap<Entry, Task> = new WeakMap();
  readonly #tasks: WeakMap<Space, Task> = new WeakMap();
  readonly #trap: string[] = [];
  #thread: Thread | null = null;
  #receiver: Thread | null = null;

  constructor(watch: Watch) {
    this.#watch = watch;
    watch.quietly(() => {
      for (const task of watch.kernel.tasks) for (const entry of task.space.entries()) this.#found(task, entry);
    });
    watch.tell(this);
  }

  /** Follows no more. */
  end(): void {
    this.#watch.untell(this);
    this.#held.clear();
    this.#memory.clear();
  }

  /** What a name has, by the calls that obtained it. */
  heldBy(entry: Entry): readonly Held[] {
    return this.#held.get(entry) ?? [];
  }

  /** Memory of a task, by the calls that obtained it. Some of it may have been given up. */
  memoryOf(task: Task): readonly HeldMemory[] {
    return this.#memory.get(task) ?? [];
  }

  /** The call that put a message into its queue. */
  senderOf(message: Message): Site | null {
    return this.#sent.get(message) ?? null;
  }

  /** Where a thread is. */
  placeOf(thread: Thread): string {
    const { program, state } = thread;
    const [inner] = program.inspect === undefined ? [] : this.#watch.quietly(() => program.inspect?.(state) ?? []);
    if (inner !== undefined) return inner.file === null ? inner.name : `${inner.file}:${inner.line ?? 0}`;
    const handler = this.#handlers.get(thread) ?? (state as { readonly at?: unknown }).at;
    return typeof handler === 'string' ? handler : program.name;
  }

  resuming(thread: Thread): void {
    this.#thread = thread;
    const { at } = thread.state as { readonly at?: unknown };
    if (typeof at === 'string') this.#handlers.set(thread, at);
  }

  calling(thread: Thread, what: TrapName, argument: unknown): void {
    this.#thread = thread;
    this.#trap.push(what === 'call' ? (argument as KernelRequest).op : what);
  }

  called(): void {
    this.#trap.pop();
  }

  delivering(thread: Thread, isBeginning: boolean): void {
    this.#receiver = isBeginning ? thread : null;
  }

  entered(space: Space, entry: Entry): void {
    let owner = this.#tasks.get(space);
    if (owner === undefined) {
      for (const task of this.#watch.kernel.tasks) if (task.space === space) owner = task;
      if (owner === undefined) return;
      this.#tasks.set(space, owner);
    }
    this.#owners.set(entry, owner);
  }

  leaving(_space: Space, entry: Entry): void {
    this.#held.delete(entry);
  }

  queued(_port: Port, message: Message): void {
    // What the kernel itself sends has no sender.
    if (this.#thread !== null && message.sender !== null) this.#sent.set(message, this.#siteOf(this.#thread));
  }

  mapped(task: Task, address: number, bytes: number): void {
    const held = this.#memory.get(task) ?? [];
    held.push({ address, bytes, site: this.#siteIn(task) });
    if (held.length > MAPPINGS_MAX) held.shift();
    this.#memory.set(task, held);
  }

  wrote(subject: object, field: string, value: unknown, before: unknown): void {
    if (field === 'isAlive') this.#memory.delete(subject as Task);
    if (field === 'type') this.#retyped(subject as Entry, value as number, before as number);
    if (field === 'urefs') this.#counted(subject as Entry, (value as number) - (before as number));
  }

  #found(task: Task, entry: Entry): void {
    this.#owners.set(entry, task);
    this.#retyped(entry, entry.type, 0, EARLIER);
    if ((entry.type & (SEND | DEAD_NAME)) !== 0) this.#counted(entry, entry.urefs, EARLIER);
  }

  #heldOf(entry: Entry): Held[] {
    const held = this.#held.get(entry) ?? [];
    this.#held.set(entry, held);
    return held;
  }

  #retyped(entry: Entry, type: number, before: number, site?: Site): void {
    if (type === 0) {
      this.#held.delete(entry);
      return;
    }
    const held = this.#heldOf(entry);
    for (const [bit, kind] of KINDS) {
      if ((type & bit) !== 0 && (before & bit) === 0) held.push({ kind, site: site ?? this.#siteNow(entry), count: 1 });
      if ((type & bit) === 0 && (before & bit) !== 0) remove(held, ({ kind: each }) => each === kind);
    }
    const isDead = type === DEAD_NAME;
    if (isDead) for (const each of held) each.kind = 'dead';
    else if ((type & SEND) === 0) remove(held, ({ kind }) => kind === 'send' || kind === 'dead');
  }

  #counted(entry: Entry, delta: number, site?: Site): void {
    if ((entry.type & (SEND | DEAD_NAME)) === 0) return;
    const kind = entry.type === DEAD_NAME ? 'dead' : 'send';
    const held = this.#heldOf(entry);
    if (delta > 0) {
      const now = site ?? this.#siteNow(entry);
      const last = held.at(-1);
      if (last !== undefined && last.kind === kind && isSameSite(last.site, now)) last.count += delta;
      else held.push({ kind, site: now, count: delta });
      return;
    }
    for (let left = -delta; left > 0; ) {
      const at = held.findLastIndex((each) => each.kind === kind);
      const last = held[at];
      if (last === undefined) return;
      const gone = Math.min(left, last.count);
      last.count -= gone;
      left -= gone;
      if (last.count === 0) held.splice(at, 1);
    }
  }

  /** Who obtains what comes into a space: the thread that receives, or that runs; or somebody from outside. */
  #siteNow(entry: Entry): Site {
    const task = this.#owners.get(entry);
    return task === undefined ? EARLIER : this.#siteIn(task);
  }

  #siteIn(task: Task): Site {
    if (this.#receiver?.task === task) return this.#siteOf(this.#receiver);
    if (this.#thread?.task === task) return this.#siteOf(this.#thread);
    return { program: '', place: 'given from outside', call: '' };
  }

  #siteOf(thread: Thread): Site {
    const { program, parked } = thread;
    const trap = thread === this.#receiver ? undefined : this.#trap.at(-1);
    const call = trap ?? (parked.op === 'kernel' ? (parked.request?.op ?? 'kernel') : messageCall(parked.receive));
    return { program: program.name, place: this.placeOf(thread), call };
  }
}

const messageCall = (receive: number): string => (receive === NO_RECEIVE ? 'send' : 'receive');

const remove = (held: Held[], isGone: (each: Held) => boolean): void => {
  for (let at = held.length - 1; at >= 0; at -= 1) {
    const each = held[at];
    if (each !== undefined && isGone(each)) held.splice(at, 1);
  }
};

/** True for the same call at the same place. */
export const isSameSite = (a: Site, b: Site): boolean =>
  a.program === b.program && a.place === b.place && a.call === b.call;
