/**
 * One lane of a session: what was sent and is not acknowledged yet, and what has come of a payload that is not whole.
 */
import { Ring } from '../../../ports/ring.ts';
import { WireError } from '../../../ports/wire/error.ts';
import type { Slab } from '../../../ports/wire/slab.ts';
import * as frame from './frame.ts';

/** Bytes that say how long a payload of several fragments is. */
const TOTAL_SIZE = 4;

/**
 * What is sent on a lane: frames numbered from 0.
 *
 *     acknowledged │ sent on this carrier │ to be sent again │ never sent
 *                  base                cursor             sentMax      end
 */
export class OutLane {
  readonly lane: frame.Lane;
  readonly #frames = new Ring<Uint8Array>(16);
  #base = 0;
  #cursor = 0;
  #sentMax = 0;

  constructor(lane: frame.Lane) {
    this.lane = lane;
  }

  /** True if there is a frame that the carrier has not been given. */
  get hasMore(): boolean {
    return this.#cursor < this.#base + this.#frames.length;
  }

  /** Bytes that a payload will take with the headers of its frames. */
  static sizeOf(payload: number): number {
    if (payload <= frame.PAYLOAD_MAX) return payload + frame.HEADER_SIZE;
    const whole = payload + TOTAL_SIZE;
    return whole + frame.HEADER_SIZE * Math.ceil(whole / frame.PAYLOAD_MAX);
  }

  /** Cuts a payload into frames: the one copy that is made of it. */
  push(slab: Slab, payload: Uint8Array): void {
    if (payload.length <= frame.PAYLOAD_MAX) {
      this.#add(slab, frame.FLAG_FIRST | frame.FLAG_LAST, payload, 0);
      return;
    }
    const first = frame.PAYLOAD_MAX - TOTAL_SIZE;
    frame.putTotal(this.#add(slab, frame.FLAG_FIRST, payload.subarray(0, first), TOTAL_SIZE), payload.length);
    for (let at = first; at < payload.length; at += frame.PAYLOAD_MAX) {
      const piece = payload.subarray(at, at + frame.PAYLOAD_MAX);
      this.#add(slab, at + piece.length === payload.length ? frame.FLAG_LAST : 0, piece, 0);
    }
  }

  /**
   * The next frame for the carrier of this epoch. A frame that an older carrier had is copied: it may be on its way
   * there.
   */
  next(slab: Slab, epoch: number): Uint8Array {
    let next = this.#frames.at(this.#cursor - this.#base) as Uint8Array;
    if (this.#cursor < this.#sentMax) next = slab.copy(next);
    else this.#sentMax += 1;
    this.#cursor += 1;
    frame.setEpoch(next, epoch);
    return next;
  }

  /** The peer has all before `next`. Answers the bytes that this sets free. */
  acknowledge(next: number): number {
    if (next > this.#sentMax) throw new WireError(frame.HEADER_SIZE, 'acknowledges what was never sent');
    let freed = 0;
    for (; this.#base < next; this.#base += 1) freed += this.#frames.shift()?.length ?? 0;
    if (this.#cursor < next) this.#cursor = next;
    return freed;
  }

  /** A new carrier begins where the peer is. */
  rewind(): void {
    this.#cursor = this.#base;
  }

  #add(slab: Slab, flags: number, piece: Uint8Array, before: number): Uint8Array {
    const header = { type: frame.FRAME_DATA, lane: this.lane, flags, epoch: 0, seq: this.#base + this.#frames.length };
    const made = frame.newFrame(slab, header, before + piece.length);
    made.set(piece, frame.HEADER_SIZE + before);
    this.#frames.push(made);
    return made;
  }
}

/** What is received on a lane. */
export class InLane {
  /** The sequence number that comes next. */
  next = 0;
  #parts: Uint8Array[] = [];
  #length = 0;
  #total = 0;

  /**
   * Takes the frame whose turn it is. Answers the payload if it is now whole, else null. Nothing is set aside for what
   * was only announced: parts are kept as they come, each but the last is full, and none goes beyond the total.
   */
  take(received: Uint8Array, flags: number, payloadMax: number): Uint8Array | null {
    const isFirst = (flags & frame.FLAG_FIRST) !== 0;
    const isLast = (flags & frame.FLAG_LAST) !== 0;
    if (isFirst !== (this.#total === 0)) throw new WireError(4, 'a fragment out of place');
    if (isFirst && isLast) {
      if (received.length - frame.HEADER_SIZE > payloadMax) throw new WireError(6, 'a payload larger than agreed');
      this.next += 1;
      return received.subarray(frame.HEADER_SIZE);
    }
    if (!isLast && received.length !== frame.HEADER_SIZE + frame.PAYLOAD_MAX)
      throw new WireError(6, 'a fragment not full');
    const total = isFirst ? frame.get32(received, frame.HEADER_SIZE) : this.#total;
    const part = received.subarray(frame.HEADER_SIZE + (isFirst ? TOTAL_SIZE : 0));
    const length = this.#length + part.length;
    if (total > payloadMax) throw new WireError(frame.HEADER_SIZE, 'a payload larger than agreed');
    if (isLast ? length !== total : length >= total) throw new WireError(6, 'fragments that do not make up the whole');
    this.next += 1;
    this.#parts.push(part);
    this.#length = length;
    this.#total = total;
    return isLast ? this.#join() : null;
  }

  #join(): Uint8Array {
    const whole = new Uint8Array(this.#total);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    this.#total = 0;
    return whole;
  }
}
