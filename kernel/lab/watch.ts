/**
 * A watch on one kernel: who reads and writes what of its spaces, entries, ports, tasks and threads, while the kernel's
 * own code does its work. Nothing of the kernel knows of it: the watch puts accessors into the kernel's objects
 * (`observe.ts`) and takes them out again. So a kernel that is not watched pays nothing, and there is one copy of the
 * rules: the one that is watched.
 */
import type { Ipc } from '../../ports/ipc.ts';
import type { PortName } from '../../ports/name.ts';
import { DEAD, type Entry, type Message, type Port, type PortSet } from '../../ports/port.ts';
import type { Ring } from '../../ports/ring.ts';
import type { Space } from '../../ports/space.ts';
import type { Kernel, Parked, Task, Thread } from '../kernel.ts';
import type { Sys } from '../program.ts';
import { threadOfSys } from '../sys.ts';
import type { AddressMap, MapRequest } from '../vm/address-map.ts';
import { PAGE } from '../vm/page.ts';
import type { Look, LookKind, Observer, TrapName } from './look.ts';
import { type Method, observeField, observeMethod, type TakeOff } from './observe.ts';

const TRAPS: readonly TrapName[] = ['call', 'send', 'poll'];

const MEMORY_CALLS = [
  'allocate',
  'deallocate',
  'protect',
  'inherit',
  'region',
  'map',
  'read',
  'write',
  'copy',
  'setSizeLimit',
  'enterPieces',
] as const;

/** Bytes that a call of the address map asks for. */
const MAPPED: Readonly<Record<string, (args: readonly unknown[]) => number>> = {
  allocate: ([size]) => size as number,
  map: ([request]) => (request as MapRequest).size,
  enterPieces: ([, pages]) => (pages as number) * PAGE,
};

const PORT_FIELDS: readonly (readonly [string, LookKind])[] = [
  ['where', 'port'],
  ['set', 'set'],
  ['room', 'limit'],
  ['msgcount', 'count'],
  ['queue', 'queue'],
  ['srights', 'senders'],
  ['mscount', 'makes'],
];

/** See the head of this file. One at a time for a kernel. */
export class Watch {
  readonly kernel: Kernel;
  readonly #observers: Observer[] = [];
  readonly #off: Map<object, TakeOff[]> = new Map();
  readonly #entries: Map<Space, Set<Entry>> = new Map();
  #isQuiet = false;

  constructor(kernel: Kernel) {
    if (Object.hasOwn(kernel.tasks, 'add')) throw new TypeError('the kernel is being watched already');
    this.kernel = kernel;
    this.#field(kernel.ipc, 'ports', 'ports', ({ ports, portsMax }: Ipc) => ({ ports, portsMax }));
    const watchTask = (task: unknown): void => this.#task(task as Task);
    this.#keep(kernel.tasks, observeMethod(kernel.tasks, 'add', followedBy(watchTask)));
    this.#keep(
      kernel.tasks,
      observeMethod(
        kernel.tasks,
        'delete',
        followedBy((task) => this.#forgetTask(task as Task)),
      ),
    );
    for (const task of kernel.tasks) this.#task(task);
  }

  /** Tells one more. */
  tell(observer: Observer): void {
    this.#observers.push(observer);
  }

  /** Tells one no more. */
  untell(observer: Observer): void {
    const at = this.#observers.indexOf(observer);
    if (at >= 0) this.#observers.splice(at, 1);
  }

  /** Looks for itself: what is read meanwhile is told to nobody. */
  quietly<T>(look: () => T): T {
    const was = this.#isQuiet;
    this.#isQuiet = true;
    try {
      return look();
    } finally {
      this.#isQuiet = was;
    }
  }

  /** Ends the watch: the kernel's objects are as if they had never been watched. */
  end(): void {
    for (const each of this.#off.values()) for (const takeOff of each) takeOff();
    this.#off.clear();
    this.#entries.clear();
    this.#observers.length = 0;
  }

  #keep(target: object, ...takeOff: readonly TakeOff[]): void {
    const kept = this.#off.get(target);
    if (kept === undefined) this.#off.set(target, [...takeOff]);
    else kept.push(...takeOff);
  }

  /** No more is heard of this object; its accessors go, too. */
  #drop(target: object): void {
    for (const takeOff of this.#off.get(target) ?? []) takeOff();
    this.#off.delete(target);
  }

  #looked(look: Look): void {
    if (this.#isQuiet) return;
    this.quietly(() => {
      for (const each of this.#observers) each.looked?.(look);
    });
  }

  #wrote(subject: object, field: string, value: unknown, before: unknown): void {
    this.quietly(() => {
      for (const each of this.#observers) each.wrote?.(subject, field, value, before);
    });
  }

  #field<T extends object>(
    target: T,
    key: string & keyof T,
    kind: LookKind | null,
    show?: (target: T) => unknown,
  ): void {
    const takeOff = observeField(target, key, {
      read: (value) => {
        if (kind !== null && !this.#isQuiet)
          this.#looked({ kind, subject: target, saw: show === undefined ? value : this.quietly(() => show(target)) });
      },
      wrote: (value, before) => this.#wrote(target, key, value, before),
    });
    this.#keep(target, takeOff);
  }

  #task(task: Task): void {
    if (this.#off.has(task)) return;
    this.#field(task, 'isAlive', 'task');
    this.#field(task, 'suspendCount', 'suspended');
    this.#field(task, 'isFrozen', 'frozen');
    const watchThread = (thread: unknown): void => this.#thread(thread as Thread);
    this.#keep(task, observeMethod(task.threads, 'add', followedBy(watchThread)));
    for (const thread of task.threads) this.#thread(thread);
    this.#memory(task, task.memory);
    this.#space(task.space);
  }

  #forgetTask(task: Task): void {
    for (const thread of task.threads) this.#drop(thread);
    this.#drop(task);
    for (const entry of this.#entries.get(task.space) ?? []) this.#drop(entry);
    this.#entries.delete(task.space);
    this.#drop(task.space);
  }

  #memory(task: Task, memory: AddressMap): void {
    for (const call of MEMORY_CALLS) {
      const around =
        (method: Method): Method =>
        (...args) => {
          const saw = method(...args);
          const size = MAPPED[call]?.(args) ?? 0;
          if (size > 0 && typeof saw === 'number') this.#mapped(task, saw, size);
          this.#looked({ kind: 'memory', subject: task, saw, key: call });
          return saw;
        };
      this.#keep(task, observeMethod(memory, call, around));
    }
  }

  #mapped(task: Task, address: number, bytes: number): void {
    for (const each of this.#observers) each.mapped?.(task, address, bytes);
  }

  #thread(thread: Thread): void {
    this.#keep(
      thread,
      observeField(thread, 'run', {
        read: (saw) => this.#looked({ kind: 'thread', subject: thread, saw }),
        wrote: (value, before) => {
          if (value === 'running') this.#resuming(thread);
          this.#wrote(thread, 'run', value, before);
          if (value === 'dead') this.#drop(thread);
        },
      }),
      observeField(thread.parked, 'op', { wrote: (op) => this.#parked(thread, op as Parked['op']) }),
      observeField(thread, 'sys', { wrote: (sys) => this.trap(sys as Sys) }),
      observeMethod(thread, 'deliver', (method) => (message) => {
        this.#delivering(thread, true);
        method(message);
        this.#delivering(thread, false);
      }),
    );
    this.#field(thread, 'suspendCount', 'suspended');
    if (thread.sys !== null) this.trap(thread.sys);
  }

  #resuming(thread: Thread): void {
    this.quietly(() => {
      for (const each of this.#observers) each.resuming?.(thread);
    });
  }

  #parked(thread: Thread, op: Parked['op']): void {
    for (const each of this.#observers) each.parked?.(thread, op);
  }

  /**
   * Watches a trap interface. Those of threads are watched by themselves; that of a `HostTask`, which its threads do
   * not use, is to be named.
   */
  trap(sys: Sys): void {
    const thread = threadOfSys(sys);
    for (const trap of TRAPS) {
      const around =
        (method: Method): Method =>
        (argument) => {
          for (const each of this.#observers) each.calling?.(thread, trap, argument);
          let result: unknown;
          try {
            result = method(argument);
            return result;
          } finally {
            for (const each of this.#observers) each.called?.(thread, trap, result);
          }
        };
      this.#keep(thread, observeMethod(sys, trap, around));
    }
  }

  #delivering(thread: Thread, isBeginning: boolean): void {
    for (const each of this.#observers) each.delivering?.(thread, isBeginning);
  }

  #space(space: Space): void {
    this.#field(space, 'isActive', 'task');
    this.#keep(
      space,
      observeField(space, 'hasRoom', { read: (saw) => this.#looked({ kind: 'room', subject: space, saw }) }),
      observeMethod(space, 'lookup', (method) => (name) => {
        const entry = this.quietly(() => method(name)) as Entry | undefined;
        if (entry !== undefined) this.#entry(space, entry);
        const saw =
          entry === undefined ? null : this.quietly(() => ({ type: entry.type, urefs: entry.urefs, port: entry.port }));
        this.#looked({ kind: 'name', subject: space, saw, key: name as PortName });
        return entry;
      }),
      observeMethod(space, 'entryOf', (method) => (port) => {
        const entry = this.quietly(() => method(port)) as Entry | undefined;
        if (entry !== undefined) this.#entry(space, entry);
        this.#looked({ kind: 'known', subject: space, saw: entry?.name ?? null });
        return entry;
      }),
      observeMethod(space, 'allocate', (method) => () => this.#entered(space, method() as Entry)),
      observeMethod(space, 'allocateName', (method) => (name) => this.#entered(space, method(name) as Entry)),
      observeMethod(space, 'free', (method) => (entry) => {
        for (const each of this.#observers) each.leaving?.(space, entry as Entry);
        const { name } = entry as Entry;
        method(entry);
        // An entry that is not used again under another generation of its name is gone.
        if ((entry as Entry).name !== name) return;
        this.#drop(entry as Entry);
        this.#entries.get(space)?.delete(entry as Entry);
      }),
    );
    for (const entry of space.entries()) this.#entry(space, entry);
  }

  #entered(space: Space, entry: Entry): Entry {
    this.#entry(space, entry);
    for (const each of this.#observers) each.entered?.(space, entry);
    return entry;
  }

  #entry(space: Space, entry: Entry): void {
    if (this.#off.has(entry)) return;
    const known = this.#entries.get(space);
    if (known === undefined) this.#entries.set(space, new Set([entry]));
    else known.add(entry);
    this.#field(entry, 'type', 'right');
    this.#field(entry, 'urefs', 'references');
    this.#field(entry, 'request', 'request', ({ request }) => request !== null);
    this.#field(entry, 'accepted', 'accepted', ({ accepted }) => accepted !== null);
    const watchPort = (port: unknown): void => {
      if (port !== null) this.#port(port as Port);
    };
    this.#keep(entry, observeField(entry, 'port', { read: watchPort, wrote: watchPort }));
    const watchSet = (set: unknown): void => {
      if (set !== null) this.#set(set as PortSet);
    };
    this.#keep(entry, observeField(entry, 'set', { read: watchSet, wrote: watchSet }));
  }

  #set(set: PortSet): void {
    if (this.#off.has(set)) return;
    this.#keep(
      set,
      observeField(set, 'ready', {
        read: (ready) => this.#looked({ kind: 'queue', subject: set, saw: (ready as Ring<Port>).length }),
      }),
      observeField(set, 'alive', { wrote: () => this.#drop(set) }),
    );
  }

  #port(port: Port): void {
    if (this.#off.has(port) || port.where === DEAD) return;
    for (const [field, kind] of PORT_FIELDS) {
      const takeOff = observeField(port, field, {
        read: (saw) => this.#looked({ kind, subject: port, saw }),
        wrote: (value, before) => {
          this.#wrote(port, field, value, before);
          if (kind === 'port' && value === DEAD) this.#drop(port);
        },
      });
      this.#keep(port, takeOff);
    }
    this.#keep(
      port,
      observeMethod(port, 'enqueue', (method) => (message) => {
        method(message);
        for (const each of this.#observers) each.queued?.(port, message as Message);
      }),
    );
  }
}

/** A method that is followed by something with the same argument. */
const followedBy =
  (then: (argument: unknown) => void) =>
  (method: Method): Method =>
  (argument) => {
    const result = method(argument);
    then(argument);
    return result;
  };
