/**
 * The table of peers: finds the session that a carrier belongs to once it has said whose it is. Until then it is a
 * stranger, and there are few of those. Whether the node at the other end may bear the name it gives is for the carrier
 * to prove: who opens one that has proof passes the proven name as `expected`.
 */

import { WireError } from '../../../ports/wire/error.ts';
import { Slab } from '../../../ports/wire/slab.ts';
import type { Link, LinkEvents } from '../link.ts';
import { Carrier, type CarrierOwner, type Dialler } from './carrier.ts';
import { FRAME_HELLO, FRAME_RESET, readHeader } from './frame.ts';
import {
  type Hello,
  helloFrame,
  PROTOCOL_VERSION,
  type Reset,
  type ResetCode,
  readHello,
  readReset,
  resetFrame,
} from './hello.ts';
import { Session, type SessionEvents } from './session.ts';
import { type SessionSettings, sessionSettings } from './settings.ts';

/** Who this node is. */
export interface Self {
  readonly node: string;
  readonly incarnation: string;
}

/** What the table asks and tells. */
export interface PeersEvents {
  /** Someone new: who will listen to its session? */
  sessionEvents(node: string): SessionEvents;
  /** A carrier ended before it belonged to a session. `node` is whom it was dialled for, or who it said it is. */
  refused(node: string | null, reset: Reset): void;
}

/** All sessions of a node. */
export class Peers implements CarrierOwner {
  readonly #self: Self;
  readonly #settings: SessionSettings;
  readonly #events: PeersEvents;
  readonly #slab = new Slab(4096);
  readonly #sessions = new Map<string, Session>();
  readonly #strangers = new Set<Carrier>();

  constructor(self: Self, events: PeersEvents, settings: Partial<SessionSettings> = {}) {
    this.#self = self;
    this.#events = events;
    this.#settings = { ...sessionSettings, ...settings };
  }

  /** Begins the handshake on a link. The answer is to be told what the link tells: see `linkEvents`. */
  open(link: Link, dialler: Dialler, now: number, expected: string | null = null): Carrier {
    const carrier = new Carrier(link, this, dialler, expected, now + this.#settings.handshakeMs);
    if (this.#strangers.size >= this.#settings.strangersMax) {
      this.#refuse(carrier, expected, 'BUSY', 'too many strangers');
      return carrier;
    }
    this.#strangers.add(carrier);
    const { node, incarnation } = this.#self;
    const { payloadMax } = this.#settings;
    carrier.send(helloFrame(this.#slab, { version: PROTOCOL_VERSION, node, incarnation, payloadMax }));
    return carrier;
  }

  /**
   * The session with a node, made if there is none: it may be given payloads before it has a carrier. Null at the
   * limit.
   */
  session(node: string): Session | null {
    const known = this.#sessions.get(node);
    if (known !== undefined) return known;
    if (node === this.#self.node || this.#sessions.size >= this.#settings.peersMax) return null;
    const session = new Session(this.#self.node, node, this.#settings, this.#events.sessionEvents(node));
    this.#sessions.set(node, session);
    return session;
  }

  /** The sessions there are. */
  get all(): Iterable<Session> {
    return this.#sessions.values();
  }

  /** Forgets a node that is dead, and with it the verdict: to be done only when its incarnation cannot come back. */
  forget(node: string): void {
    if (this.#sessions.get(node)?.state === 'dead') this.#sessions.delete(node);
  }

  /** Says good-bye to all. */
  leave(): void {
    for (const stranger of this.#strangers) stranger.close('this node leaves');
    this.#strangers.clear();
    for (const session of this.#sessions.values()) session.leave();
  }

  /** When `tick` is wanted; Infinity if nothing waits for time. */
  nextDeadline(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const stranger of this.#strangers) at = Math.min(at, stranger.deadline);
    for (const session of this.#sessions.values()) at = Math.min(at, session.nextDeadline());
    return at;
  }

  /** Does what is due everywhere. */
  tick(now: number): void {
    for (const stranger of [...this.#strangers]) {
      if (now >= stranger.deadline) this.#refuse(stranger, stranger.expected, 'TIMEOUT', 'no hello in time');
    }
    for (const session of [...this.#sessions.values()]) session.tick(now);
  }

  received(carrier: Carrier, frame: Uint8Array): void {
    try {
      const header = readHeader(frame);
      if (header.type === FRAME_RESET) return this.#wasReset(carrier, readReset(frame));
      if (header.type !== FRAME_HELLO) throw new WireError(2, 'a frame before the hello');
      this.#greeted(carrier, readHello(frame));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#refuse(carrier, carrier.expected, 'E_WIRE', error.why);
    }
  }

  writable(): void {}

  lost(carrier: Carrier, reason: string): void {
    this.#strangers.delete(carrier);
    this.#events.refused(carrier.expected, { code: 'E_WIRE', sessionNo: 0, why: reason });
  }

  #greeted(carrier: Carrier, peer: Hello): void {
    const { node, payloadMax } = { node: this.#self.node, payloadMax: this.#settings.payloadMax };
    const whom = carrier.expected ?? (peer.node === '' ? null : peer.node);
    if (peer.version !== PROTOCOL_VERSION) {
      return this.#refuse(
        carrier,
        whom,
        'E_VERSION',
        `this node speaks version ${PROTOCOL_VERSION}, the other ${peer.version}`,
      );
    }
    if (peer.node === node) return this.#refuse(carrier, whom, 'WRONG_NODE', 'a node has called itself');
    if (carrier.expected !== null && carrier.expected !== peer.node) {
      return this.#refuse(carrier, whom, 'WRONG_NODE', 'another node than the one that was meant');
    }
    if (peer.payloadMax < payloadMax) {
      const why = `this node sends up to ${payloadMax} bytes, the other takes ${peer.payloadMax}`;
      return this.#refuse(carrier, whom, 'E_VERSION', why);
    }
    const session = this.session(peer.node);
    if (session === null) return this.#refuse(carrier, whom, 'BUSY', 'too many peers');
    carrier.hello = peer;
    this.#strangers.delete(carrier);
    session.greeted(carrier, peer);
  }

  #wasReset(carrier: Carrier, reset: Reset): void {
    this.#strangers.delete(carrier);
    carrier.close(`reset by the peer: ${reset.code}`);
    this.#events.refused(carrier.expected, reset);
  }

  #refuse(carrier: Carrier, node: string | null, code: ResetCode, why: string): void {
    this.#strangers.delete(carrier);
    carrier.send(resetFrame(this.#slab, { code, sessionNo: 0, why }));
    carrier.close(`${code}: ${why}`);
    this.#events.refused(node, { code, sessionNo: 0, why });
  }
}

/** What a link is opened with: it tells the carrier, and when. */
export const linkEvents = (carrier: Carrier, now: () => number): LinkEvents => ({
  frame: (frame) => carrier.frame(frame, now()),
  drain: () => carrier.drain(now()),
  closed: (reason) => carrier.closed(reason),
});
