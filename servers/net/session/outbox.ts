import type { Slab } from '../../../ports/wire/slab.ts';
import { LANES, type Lane } from './frame.ts';
import { OutLane } from './lane.ts';

/** The lanes in the order in which they are served, and how many frames each may send before the next has its turn. */
const order: readonly Lane[] = Object.freeze([0, 2, 1, 3] as const);
const turns: readonly number[] = Object.freeze([Number.POSITIVE_INFINITY, 4, 8, 1]);

/** The part of the buffer that only control may use: it must get through when everything else is stuck. */
const CONTROL_SHARE = 8;

/**
 * All that waits to be sent or acknowledged, and whose turn it is: control at once, then 8 : 4 : 1, waited-for pages
 * first.
 */
export class Outbox {
  readonly #lanes: readonly OutLane[] = LANES.map((lane) => new OutLane(lane));
  readonly #replayMax: number;
  readonly #turns: number[] = [...turns];
  /** Bytes of control, and of all other lanes. */
  #control = 0;
  #others = 0;

  constructor(replayMax: number) {
    this.#replayMax = replayMax;
  }

  get bytes(): number {
    return this.#control + this.#others;
  }

  /**
   * Takes a payload, or answers false if the buffer is full. One that is larger than the buffer is taken if it is
   * alone.
   */
  push(slab: Slab, lane: Lane, payload: Uint8Array): boolean {
    const size = OutLane.sizeOf(payload.length);
    const before = lane === 0 ? this.#control : this.#others;
    if (before > 0 && before + size > this.#share(lane)) return false;
    this.#lane(lane).push(slab, payload);
    this.#count(lane, size);
    return true;
  }

  /** The next frame for the carrier, or null if there is none. */
  next(slab: Slab, epoch: number): Uint8Array | null {
    const lane = this.#choose();
    return lane === null ? null : lane.next(slab, epoch);
  }

  /** The peer has received all before these numbers. */
  acknowledge(next: readonly number[]): void {
    for (const lane of LANES) this.#count(lane, -this.#lane(lane).acknowledge(next[lane] ?? 0));
  }

  /** A new carrier begins with whatever is not acknowledged. */
  rewind(): void {
    for (const lane of this.#lanes) lane.rewind();
  }

  /** True if half of what the lane may use is free. */
  isRoomy(lane: Lane): boolean {
    return (lane === 0 ? this.#control : this.#others) <= this.#share(lane) / 2;
  }

  #choose(): OutLane | null {
    let waiting: OutLane | null = null;
    for (const number of order) {
      const lane = this.#lane(number);
      if (!lane.hasMore) continue;
      const left = this.#turns[number] as number;
      if (left > 0) {
        this.#turns[number] = left - 1;
        return lane;
      }
      waiting ??= lane;
    }
    if (waiting === null) return null;
    for (const lane of LANES) this.#turns[lane] = turns[lane] as number;
    this.#turns[waiting.lane] = (turns[waiting.lane] as number) - 1;
    return waiting;
  }

  #lane(lane: Lane): OutLane {
    return this.#lanes[lane] as OutLane;
  }

  #share(lane: Lane): number {
    const control = this.#replayMax / CONTROL_SHARE;
    return lane === 0 ? control : this.#replayMax - control;
  }

  #count(lane: Lane, bytes: number): void {
    if (lane === 0) this.#control += bytes;
    else this.#others += bytes;
  }
}
