/**
 * The sessions of a node over Unix sockets: who listens, who dials whom, and when time matters to them. A node is
 * found by its record in the state folder; a node without a record has no process any more, and that is proof enough
 * for the verdict.
 */
import { NetDriver } from '../net/driver.ts';
import type { Link } from '../net/link.ts';
import type { NodeId } from '../net/protocol.ts';
import type { SessionSettings } from '../net/session/settings.ts';
import type { Clock } from './clock.ts';
import type { NodeRecord, StateDir } from './state-dir.ts';
import { connectUnix, listenUnix, type UnixListener } from './unix-link.ts';

/** What sessions over Unix sockets are given. */
export interface UnixNetParts {
  readonly node: NodeId;
  readonly dir: StateDir;
  readonly clock: Clock;
  /** There is input for netmsg. */
  ring(): void;
  /** Bounds of sessions, and bytes kept for one node beyond what its session holds. */
  readonly limits?: { readonly sessions?: Partial<SessionSettings>; readonly backlogMax?: number };
}

const RETRY_FIRST_MS = 20;
const RETRY_MAX_MS = 1000;
/** How long a node that has no record, since it only asks, is waited for when it has never been met. */
const STRANGER_MS = 5000;

/** Refusals after which dialling again is of no use. */
const FINAL = /^(E_VERSION|BUSY|WRONG_NODE)/;

/** All that a node needs to be reached and to reach others. */
export class UnixNet {
  readonly driver: NetDriver;
  readonly #parts: UnixNetParts;
  readonly #refusals: Map<NodeId, string> = new Map();
  readonly #dialling: Set<NodeId> = new Set();
  readonly #waiters: Map<NodeId, ((isUp: boolean) => void)[]> = new Map();
  #listener: UnixListener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(parts: UnixNetParts) {
    const { node, clock, limits } = parts;
    const { sessions, backlogMax } = limits ?? {};
    this.#parts = parts;
    this.driver = new NetDriver({
      self: { node, incarnation: node },
      now: () => clock.now(),
      ring: () => {
        this.#tellWaiters();
        parts.ring();
      },
      dial: (other) => this.dial(other),
      refused: (other, why) => this.#refused(other, why),
      ...(sessions === undefined ? {} : { settings: sessions }),
      ...(backlogMax === undefined ? {} : { backlogMax }),
    });
  }

  async listen(path: string): Promise<void> {
    this.#listener = await listenUnix(path, (link) => this.#open(link, 'peer', null));
  }

  /** Connects to a node, as often as it takes while its process lives. */
  dial(node: NodeId): void {
    if (this.#dialling.has(node)) return;
    this.#dialling.add(node);
    setImmediate(() => void this.#connect(node, RETRY_FIRST_MS, this.#parts.clock.now()));
  }

  /** Dials a node, and tells whether it has been reached. Until then nothing can be looked up there. */
  async reach(node: NodeId, timeoutMs: number): Promise<'up' | 'dead' | 'silent'> {
    if (this.driver.nodes().includes(node)) return 'up';
    if (!this.driver.isLiving(node)) return 'dead';
    let timer: NodeJS.Timeout | undefined;
    const outcome = new Promise<'up' | 'dead' | 'silent'>((resolve) => {
      const waiters = this.#waiters.get(node) ?? [];
      waiters.push((isUp) => resolve(isUp ? 'up' : 'dead'));
      this.#waiters.set(node, waiters);
      timer = setTimeout(() => resolve('silent'), timeoutMs);
    });
    this.dial(node);
    return outcome.finally(() => clearTimeout(timer));
  }

  /** Why a node would not talk to us, if it said so. */
  refusalOf(node: NodeId): string | null {
    return this.#refusals.get(node) ?? null;
  }

  /** Says good-bye and lets go of everything. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.driver.leave();
    await this.#listener?.close();
  }

  async #connect(node: NodeId, retryMs: number, since: number): Promise<void> {
    const { dir } = this.#parts;
    if (this.#isClosed || !this.driver.isLiving(node) || this.driver.nodes().includes(node)) return this.#settled(node);
    const again = (): void => {
      setTimeout(() => void this.#connect(node, Math.min(retryMs * 2, RETRY_MAX_MS), since), retryMs).unref();
    };
    const records = this.#records();
    if (records === null) return again();
    const record = records.find((each) => each.node === node);
    if (record === undefined) {
      // A node that only asks has no record: what it sent to one place came to another. It will dial us itself.
      const isExpected = this.driver.isStranger(node) && this.#parts.clock.now() - since < STRANGER_MS;
      return isExpected ? again() : this.#lost(node, 'its process is gone', 'proof');
    }
    try {
      const link = await connectUnix(dir.socket(record.name));
      this.#settled(node);
      if (this.#isClosed) link.close('this node leaves');
      else this.#open(link, 'self', node);
    } catch {
      again();
    }
  }

  /** Null if the folder cannot be read. It may have been removed under us, which proves no node's death. */
  #records(): readonly NodeRecord[] | null {
    try {
      return this.#parts.dir.nodes();
    } catch {
      return null;
    }
  }

  #tellWaiters(): void {
    for (const [node, waiters] of this.#waiters) {
      const isUp = this.driver.nodes().includes(node);
      if (!isUp && this.driver.isLiving(node)) continue;
      this.#waiters.delete(node);
      for (const tell of waiters) tell(isUp);
    }
  }

  #settled(node: NodeId): void {
    this.#dialling.delete(node);
  }

  #lost(node: NodeId, why: string, certainty: 'proof' | 'guess'): void {
    this.#settled(node);
    this.driver.giveUp(node, why, certainty);
  }

  #refused(node: NodeId | null, why: string): void {
    if (node === null || this.#isClosed) return;
    this.#refusals.set(node, why);
    if (FINAL.test(why)) this.driver.giveUp(node, why, why.startsWith('WRONG_NODE') ? 'proof' : 'guess');
    else if (!why.startsWith('CROSSED')) this.dial(node);
  }

  #open(link: Link, dialler: 'self' | 'peer', expected: NodeId | null): void {
    this.driver.open(this.#timed(link), dialler, expected);
    this.#arm();
  }

  /** A link after each of whose events somebody looks at the time. */
  #timed(link: Link): Link {
    const then =
      <A extends unknown[]>(tell: (...args: A) => void) =>
      (...args: A): void => {
        tell(...args);
        this.#arm();
      };
    return {
      kind: link.kind,
      open: (events) =>
        link.open({
          frame: then((frame: Uint8Array) => events.frame(frame)),
          drain: then(() => events.drain()),
          closed: then((reason: string) => events.closed(reason)),
        }),
      send: (frame) => link.send(frame),
      close: (reason) => link.close(reason),
    };
  }

  /** Sets the timer if something is due before it. A timer that comes too early does no harm. */
  #arm(): void {
    const at = this.driver.nextDeadline();
    if (at >= this.#timerAt || this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, at - this.#parts.clock.now()));
    this.#timer.unref();
  }

  #tick(): void {
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.driver.tick(this.#parts.clock.now());
    this.#arm();
  }
}
