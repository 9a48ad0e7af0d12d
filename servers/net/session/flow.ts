/**
 * Exactly once and in order: the four lanes of one session, both ways. Knows of carriers only that there is one, or
 * none.
 */
import { WireError } from '../../../ports/wire/error.ts';
import { Slab } from '../../../ports/wire/slab.ts';
import type { Carrier } from './carrier.ts';
import { type Header, LANES, type Lane } from './frame.ts';
import { ackFrame } from './hello.ts';
import { InLane } from './lane.ts';
import { Outbox } from './outbox.ts';
import type { SessionSettings } from './settings.ts';

/** What became of a payload that was to be sent. */
export type Transmitted =
  | 'ok'
  | 'full' // nothing was taken; `drained` will tell when to try again
  | 'dead' // nobody would receive it
  | 'too-large';

/** The flow of one session. A new session gets a new one. */
export class Flow {
  readonly #settings: SessionSettings;
  readonly #slab = new Slab(65_536);
  readonly #outbox: Outbox;
  readonly #incoming: readonly InLane[] = LANES.map(() => new InLane());
  /** Lanes that were told `full` and not yet `drained`. */
  readonly #full = new Set<Lane>();
  #ackAt = Number.POSITIVE_INFINITY;
  #ackFrames = 0;
  #ackBytes = 0;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#outbox = new Outbox(settings.replayMax);
  }

  /** When an acknowledgement is due. */
  get ackAt(): number {
    return this.#ackAt;
  }

  /** Bytes that are not acknowledged. */
  get held(): number {
    return this.#outbox.bytes;
  }

  /** For each lane the sequence number that comes next. */
  get recvNext(): readonly number[] {
    return this.#incoming.map((lane) => lane.next);
  }

  push(lane: Lane, payload: Uint8Array): Transmitted {
    if (payload.length > this.#settings.payloadMax) return 'too-large';
    if (this.#outbox.push(this.#slab, lane, payload)) return 'ok';
    this.#full.add(lane);
    return 'full';
  }

  /** Gives the carrier what it takes. */
  pump(carrier: Carrier): void {
    while (!carrier.isCongested) {
      const next = this.#outbox.next(this.#slab, carrier.epoch);
      if (next === null) return;
      carrier.send(next);
    }
  }

  /** Takes a DATA frame. Answers a payload that is now whole, else null. */
  take(header: Header, frame: Uint8Array, now: number): Uint8Array | null {
    const lane = this.#incoming[header.lane] as InLane;
    if (header.seq > lane.next) throw new WireError(12, 'a gap in the sequence');
    if (this.#ackAt === Number.POSITIVE_INFINITY) this.#ackAt = now + this.#settings.ackDelayMs;
    if (header.seq < lane.next) return null;
    const payload = lane.take(frame, header.flags, this.#settings.payloadMax);
    this.#ackFrames += 1;
    this.#ackBytes += frame.length;
    if (this.#ackFrames >= this.#settings.ackFrames || this.#ackBytes >= this.#settings.ackBytes) this.#ackAt = now;
    return payload;
  }

  /** Acknowledges what has come. */
  sendAck(carrier: Carrier): void {
    this.forgetAck();
    carrier.send(ackFrame(this.#slab, carrier.epoch, this.recvNext));
  }

  /** Nothing is to be acknowledged, or the next hello will say it. */
  forgetAck(): void {
    this.#ackAt = Number.POSITIVE_INFINITY;
    this.#ackFrames = 0;
    this.#ackBytes = 0;
  }

  /** The peer has all before `next`. Answers the lanes that have room again. */
  acknowledged(next: readonly number[]): readonly Lane[] {
    this.#outbox.acknowledge(next);
    if (this.#full.size === 0) return [];
    const roomy = LANES.filter((lane) => this.#full.has(lane) && this.#outbox.isRoomy(lane));
    for (const lane of roomy) this.#full.delete(lane);
    return roomy;
  }

  /** A new carrier begins: whatever is not acknowledged goes again. */
  rewind(): void {
    this.forgetAck();
    this.#outbox.rewind();
  }
}
