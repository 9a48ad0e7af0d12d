/**
 * Everything between this node and one other, for as long as both are known. A session is the time from one agreement
 * to one verdict; it outlives carriers, and its numbers rise. One carrier at a time is attached: its epoch is higher
 * than that of any before, and frames of any other are not looked at.
 *
 *     idle ──resume──▶ up ◀──resume── detached       any ──verdict, new life──▶ dead ──resume──▶ up, nothing kept
 *                      └──carrier lost──▶┘
 *
 * A verdict is sticky: the session number rises with it, and who comes with a lower number is told DECLARED_DEAD and
 * has to give up its side too. An incarnation that was followed by another, or has left, never comes back.
 *
 * Nothing here reads a clock or sets a timer: time comes with every call, `nextDeadline` says when `tick` is wanted.
 */
import { WireError } from '../../../ports/wire/error.ts';
import { Slab } from '../../../ports/wire/slab.ts';
import type { Carrier, CarrierOwner } from './carrier.ts';
import { Detector } from './detector.ts';
import { Flow, type Transmitted } from './flow.ts';
import * as frames from './frame.ts';
import * as hello from './hello.ts';
import type { SessionSettings } from './settings.ts';

/** The one at the other end. */
export interface Peer {
  readonly node: string;
  readonly incarnation: string;
  readonly sessionNo: number;
}

/**
 * What a session tells. `message` lends its payload: it is never written to again, and may be part of something larger.
 */
export interface SessionEvents {
  /** A session begins. Nothing of an earlier one comes after this. */
  up(peer: Peer): void;
  message(lane: frames.Lane, payload: Uint8Array): void;
  /** There is no carrier; whoever dials may dial. The session goes on. */
  detached(reason: string): void;
  /** Nothing has been heard for a while. Everything stays as it is. */
  suspect(): void;
  /** It has been heard of again. */
  trusted(): void;
  /** The verdict. `isProof` tells certainty from a time-out. What was not acknowledged is lost. */
  dead(reason: string, isProof: boolean): void;
  /** A lane that was `full` has room. */
  drained(lane: frames.Lane): void;
}

/** Incarnations that are remembered not to be let in again. */
const GRAVES_MAX = 16;

/** See the head of this file. */
export class Session implements CarrierOwner {
  /** The node at the other end. */
  readonly node: string;
  readonly #self: string;
  readonly #settings: SessionSettings;
  readonly #events: SessionEvents;
  readonly #slab = new Slab(4096);
  readonly #graves: string[] = [];
  #state: 'idle' | 'up' | 'detached' | 'dead' = 'idle';
  #incarnation: string | null = null;
  #sessionNo = 1;
  #flow: Flow;
  #detector: Detector;
  #carrier: Carrier | null = null;
  /** Carriers on which our resume is out and the peer's is not in. */
  #candidates: Carrier[] = [];
  #lastEpoch = 0;
  #proposed = 0;
  #nonce = 0;
  #pingedAt = 0;

  constructor(self: string, node: string, settings: SessionSettings, events: SessionEvents) {
    this.#self = self;
    this.node = node;
    this.#settings = settings;
    this.#events = events;
    this.#flow = new Flow(settings);
    this.#detector = new Detector(settings, 0);
  }

  get state(): 'idle' | 'up' | 'detached' | 'dead' {
    return this.#state;
  }

  get isSuspect(): boolean {
    return this.#detector.health === 'suspect';
  }

  /** Bytes that the peer has not acknowledged. */
  get held(): number {
    return this.#flow.held;
  }

  get roundTripMs(): number {
    return this.#detector.roundTripMs;
  }

  /**
   * Sends a payload: exactly once, in the order of its lane, as long as both live. Hot path: copies the payload once.
   */
  transmit(lane: frames.Lane, payload: Uint8Array): Transmitted {
    if (this.#state === 'dead') return 'dead';
    const answer = this.#flow.push(lane, payload);
    if (answer === 'ok') this.#pump();
    return answer;
  }

  /** Pronounces the verdict: whoever has proof gives it here. */
  declareDead(reason: string, isProof: boolean): void {
    if (this.#state !== 'dead') this.#die(reason, isProof, 'DECLARED_DEAD');
  }

  /** Tells the peer that this node leaves for good, and forgets everything. */
  leave(): void {
    const carrier = this.#carrier;
    if (carrier !== null) carrier.send(hello.byeFrame(this.#slab, carrier.epoch));
    this.#carrier = null;
    carrier?.close('this node leaves');
    for (const candidate of this.#candidates) candidate.close('this node leaves');
    this.#candidates = [];
    this.#flow = new Flow(this.#settings);
    this.#state = 'dead';
  }

  /** When `tick` is wanted; Infinity if nothing waits for time. */
  nextDeadline(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const candidate of this.#candidates) at = Math.min(at, candidate.deadline);
    if (this.#state !== 'up' && this.#state !== 'detached') return at;
    const ackAt = this.#carrier === null || this.#carrier.isCongested ? at : this.#flow.ackAt;
    return Math.min(at, ackAt, this.#detector.deadline(this.#carrier !== null));
  }

  /** Does what is due. Early or late calls do no harm. */
  tick(now: number): void {
    for (const candidate of this.#candidates) {
      if (now >= candidate.deadline) this.#refuse(candidate, 'TIMEOUT', 'no resume in time');
    }
    if (this.#state !== 'up' && this.#state !== 'detached') return;
    const carrier = this.#carrier;
    if (carrier !== null && now >= this.#flow.ackAt && !carrier.isCongested) this.#flow.sendAck(carrier);
    const health = this.#detector.judge(now);
    if (health === 'dead') return this.#die('nothing was heard for too long', false, 'DECLARED_DEAD');
    if (health === 'suspect' && this.#detector.health === 'well') {
      this.#detector.health = 'suspect';
      this.#events.suspect();
    }
    if (this.#carrier !== null && this.#detector.shallPing(now)) this.#ping(this.#carrier, now);
  }

  // --- The handshake ---

  /** A carrier has said hello in this node's name. The first of two questions: may it go on? */
  greeted(carrier: Carrier, peer: hello.Hello): void {
    carrier.handTo(this);
    if (this.#graves.includes(peer.incarnation)) return this.#refuse(carrier, 'DECLARED_DEAD', 'that life is over');
    if (this.#incarnation !== peer.incarnation) this.#meet(peer.incarnation);
    // Of two that were dialled at once the smaller node's is kept. Its own dialler knows best whether it lives.
    const isLosing = carrier.dialler === 'self' && this.#self > this.node;
    if (isLosing && this.#rivals(carrier).length > 0)
      return this.#refuse(carrier, 'CROSSED', 'dialled at the same time');
    this.#proposed = Math.max(this.#proposed, this.#lastEpoch) + 1;
    carrier.epoch = this.#proposed;
    carrier.phase = 'resuming';
    this.#candidates.push(carrier);
    const { recvNext } = this.#flow;
    const resume = { sessionNo: this.#sessionNo, epoch: carrier.epoch, lastEpoch: this.#lastEpoch, recvNext };
    carrier.send(hello.resumeFrame(this.#slab, resume));
    if (this.#candidates.length > 4)
      this.#refuse(this.#candidates[0] as Carrier, 'STALE', 'followed by too many others');
  }

  /** Learns who lives at the node. Another life is proof that the one before has ended. */
  #meet(incarnation: string): void {
    const before = this.#incarnation;
    if (before !== null) {
      if (this.#state !== 'dead') this.#die('the peer has begun a new life', true, 'REPLACED');
      for (const candidate of this.#candidates) this.#reset(candidate, 'REPLACED', 'the peer has begun a new life');
      this.#candidates = [];
      this.#bury(before);
    }
    this.#incarnation = incarnation;
  }

  #bury(incarnation: string): void {
    this.#graves.push(incarnation);
    if (this.#graves.length > GRAVES_MAX) this.#graves.shift();
    this.#incarnation = null;
    this.#sessionNo = 1;
    this.#lastEpoch = 0;
    this.#proposed = 0;
  }

  /** Living carriers of this session that the other side dialled. */
  #rivals(carrier: Carrier): Carrier[] {
    const all = this.#carrier === null ? this.#candidates : [this.#carrier, ...this.#candidates];
    return all.filter((other) => other !== carrier && other.dialler !== carrier.dialler);
  }

  /** The peer says where it stands. The second question: is it the same session, and this carrier the one to use? */
  #resumed(carrier: Carrier, resume: hello.Resume, now: number): void {
    if (resume.sessionNo < this.#sessionNo) return this.#refuse(carrier, 'DECLARED_DEAD', 'that session is over');
    if (resume.sessionNo > this.#sessionNo) return this.#givenUp(carrier, resume.sessionNo);
    const dialledBy = carrier.dialler === 'self' ? this.#self : this.node;
    const isLosing = dialledBy > (carrier.dialler === 'self' ? this.node : this.#self);
    // A peer that attached the rival and yet comes by another carrier has lost it. A silent rival is not defended.
    const living = this.#rivals(carrier).filter(
      (rival) => rival.epoch > resume.lastEpoch && !(rival === this.#carrier && this.isSuspect),
    );
    if (isLosing && living.length > 0) return this.#refuse(carrier, 'CROSSED', 'dialled at the same time');
    const epoch = Math.max(carrier.epoch, resume.epoch);
    if (epoch <= this.#lastEpoch) return this.#refuse(carrier, 'STALE', 'older than the carrier in use');
    this.#attach(carrier, epoch, resume.recvNext, now);
  }

  #attach(carrier: Carrier, epoch: number, recvNext: readonly number[], now: number): void {
    const roomy = this.#flow.acknowledged(recvNext);
    this.#candidates = this.#candidates.filter((candidate) => candidate !== carrier);
    for (const rival of this.#rivals(carrier)) this.#refuse(rival, 'CROSSED', 'dialled at the same time');
    const before = this.#carrier;
    this.#carrier = null;
    if (before !== null && before.phase !== 'closed') this.#reset(before, 'REPLACED', 'followed by a newer carrier');
    carrier.epoch = epoch;
    carrier.phase = 'attached';
    this.#carrier = carrier;
    this.#lastEpoch = epoch;
    this.#flow.rewind();
    const isNew = this.#state === 'idle' || this.#state === 'dead';
    this.#state = 'up';
    if (isNew) {
      this.#detector = new Detector(this.#settings, now);
      this.#events.up({ node: this.node, incarnation: this.#incarnation ?? '', sessionNo: this.#sessionNo });
    } else this.#heard(now);
    for (const lane of roomy) this.#events.drained(lane);
    this.#pump();
  }

  /** The peer has pronounced the verdict over this side. Both begin again, with the number it names. */
  #givenUp(carrier: Carrier, sessionNo: number): void {
    if (this.#state === 'up' || this.#state === 'detached')
      this.#die('the peer had given this node up', false, 'STALE');
    this.#sessionNo = sessionNo;
    carrier.close('another session is to begin');
    this.lost(carrier, 'another session is to begin');
  }

  // --- Frames ---

  received(carrier: Carrier, frame: Uint8Array, now: number): void {
    let payload: Uint8Array | null = null;
    let lane: frames.Lane = 0;
    try {
      const header = frames.readHeader(frame);
      lane = header.lane;
      if (header.type === frames.FRAME_DATA) payload = this.#data(carrier, header, frame, now);
      else this.#other(carrier, header, frame, now);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return this.#refuse(carrier, 'E_WIRE', error.why);
    }
    if (payload !== null) this.#events.message(lane, payload);
    if (carrier === this.#carrier && now >= this.#flow.ackAt && !carrier.isCongested) this.#flow.sendAck(carrier);
  }

  #data(carrier: Carrier, header: frames.Header, frame: Uint8Array, now: number): Uint8Array | null {
    this.#expectAttached(carrier, header);
    this.#heard(now);
    return this.#flow.take(header, frame, now);
  }

  #expectAttached(carrier: Carrier, header: frames.Header): void {
    if (carrier.phase !== 'attached') throw new WireError(2, 'a frame before its time');
    if (header.epoch !== carrier.epoch) throw new WireError(8, 'the epoch of another carrier');
  }

  #other(carrier: Carrier, header: frames.Header, frame: Uint8Array, now: number): void {
    if (header.type === frames.FRAME_RESET) return this.#wasReset(carrier, hello.readReset(frame));
    if (header.type === frames.FRAME_RESUME && carrier.phase === 'resuming') {
      return this.#resumed(carrier, hello.readResume(frame, header), now);
    }
    this.#expectAttached(carrier, header);
    this.#heard(now);
    switch (header.type) {
      case frames.FRAME_ACK:
        for (const lane of this.#flow.acknowledged(hello.readAck(frame))) this.#events.drained(lane);
        return;
      case frames.FRAME_PING:
        return carrier.send(hello.pingFrame(this.#slab, frames.FRAME_PONG, carrier.epoch, hello.readPing(frame)));
      case frames.FRAME_PONG:
        if (hello.readPing(frame).nonce === this.#nonce) this.#detector.measured(now - this.#pingedAt);
        return;
      case frames.FRAME_BYE:
        return this.#left();
      default:
        throw new WireError(2, 'a frame out of place');
    }
  }

  #wasReset(carrier: Carrier, reset: hello.Reset): void {
    const isVerdict = reset.code === 'DECLARED_DEAD' && reset.sessionNo > this.#sessionNo;
    if (isVerdict) return this.#givenUp(carrier, reset.sessionNo);
    carrier.close(`reset by the peer: ${reset.code}`);
    this.lost(carrier, `${reset.code}: ${reset.why}`);
  }

  #left(): void {
    const incarnation = this.#incarnation;
    this.#die('the peer has left', true, 'DECLARED_DEAD');
    if (incarnation !== null) this.#bury(incarnation);
  }

  #heard(now: number): void {
    this.#detector.heard(now);
    if (this.#detector.health === 'well') return;
    this.#detector.health = 'well';
    this.#events.trusted();
  }

  #ping(carrier: Carrier, now: number): void {
    if (carrier.isCongested) return;
    this.#nonce = (this.#nonce + 1) >>> 0;
    this.#pingedAt = now;
    carrier.send(hello.pingFrame(this.#slab, frames.FRAME_PING, carrier.epoch, { nonce: this.#nonce, sentAt: now }));
  }

  #pump(): void {
    if (this.#carrier !== null) this.#flow.pump(this.#carrier);
  }

  // --- Carriers come and go ---

  writable(carrier: Carrier, now: number): void {
    if (carrier !== this.#carrier) return;
    if (now >= this.#flow.ackAt) this.#flow.sendAck(carrier);
    this.#pump();
  }

  lost(carrier: Carrier, reason: string): void {
    this.#candidates = this.#candidates.filter((candidate) => candidate !== carrier);
    if (carrier === this.#carrier) this.#carrier = null;
    if (this.#carrier !== null) return;
    if (this.#state === 'up') this.#state = 'detached';
    if (this.#candidates.length === 0) this.#events.detached(reason);
  }

  #refuse(carrier: Carrier, code: hello.ResetCode, why: string): void {
    this.#reset(carrier, code, why);
    this.lost(carrier, `${code}: ${why}`);
  }

  #reset(carrier: Carrier, code: hello.ResetCode, why: string): void {
    carrier.send(hello.resetFrame(this.#slab, { code, sessionNo: this.#sessionNo, why }));
    carrier.close(`${code}: ${why}`);
  }

  /** The end of a session. The next one has the next number and keeps nothing. */
  #die(reason: string, isProof: boolean, code: hello.ResetCode): void {
    const wasBegun = this.#state !== 'idle' || this.#flow.held > 0;
    const carriers = this.#carrier === null ? this.#candidates : [this.#carrier, ...this.#candidates];
    this.#carrier = null;
    this.#candidates = [];
    this.#sessionNo += 1;
    this.#state = 'dead';
    this.#flow = new Flow(this.#settings);
    for (const carrier of carriers) this.#reset(carrier, code, reason);
    if (wasBegun) this.#events.dead(reason, isProof);
  }
}
