import type { Link } from '../link.ts';
import type { Hello } from './hello.ts';

/** Who made the connection. */
export type Dialler = 'self' | 'peer';

/** Who listens to a carrier: at first the table of peers, then the session that the hello named. */
export interface CarrierOwner {
  received(carrier: Carrier, frame: Uint8Array, now: number): void;
  writable(carrier: Carrier, now: number): void;
  lost(carrier: Carrier, reason: string): void;
}

/**
 * One link in the service of one session.
 *
 *     greeting ──hello──▶ resuming ──resume──▶ attached
 *         └──────────────────┴───────────────────┴──▶ closed
 */
export class Carrier {
  readonly dialler: Dialler;
  /** Whom the dialler meant; null if it does not matter. */
  readonly expected: string | null;
  /** When the handshake has taken too long. */
  readonly deadline: number;
  readonly #link: Link;
  #owner: CarrierOwner;
  phase: 'greeting' | 'resuming' | 'attached' | 'closed' = 'greeting';
  /** What the peer said of itself. */
  hello: Hello | null = null;
  /** While resuming, our proposal; once attached, the epoch agreed on. */
  epoch = 0;
  isCongested = false;

  constructor(link: Link, owner: CarrierOwner, dialler: Dialler, expected: string | null, deadline: number) {
    this.#link = link;
    this.#owner = owner;
    this.dialler = dialler;
    this.expected = expected;
    this.deadline = deadline;
  }

  get kind(): string {
    return this.#link.kind;
  }

  /** From now on another listens. */
  handTo(owner: CarrierOwner): void {
    this.#owner = owner;
  }

  /** What the link tells, with the time at which it tells it. */
  frame(frame: Uint8Array, now: number): void {
    if (this.phase !== 'closed') this.#owner.received(this, frame, now);
  }

  drain(now: number): void {
    this.isCongested = false;
    if (this.phase !== 'closed') this.#owner.writable(this, now);
  }

  closed(reason: string): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.#owner.lost(this, reason);
  }

  send(frame: Uint8Array): void {
    if (this.phase !== 'closed' && !this.#link.send(frame)) this.isCongested = true;
  }

  /** Ends it. Its owner is not told: it is the one who does it. */
  close(reason: string): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.#link.close(reason);
  }
}
