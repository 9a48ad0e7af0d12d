/** A carrier of frames with the faults of real ones: it delays, and when it is cut it loses what is in it. */
import type { Link, LinkEvents } from '../../servers/net/link.ts';
import type { SeededRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What a carrier is made of. */
export interface Medium {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  /** Milliseconds on top of its own that every frame takes now. */
  readonly extraDelay: () => number;
  /** A frame has been lost. */
  readonly lost: () => void;
}

/** Frames on their way beyond which a sender has to wait. */
const FLIGHT_MAX = 24;

/** A connection between two nodes, from its dialling to its end. */
export class SimCarrier {
  readonly name: string;
  readonly ends: readonly [SimLink, SimLink];
  /** Nothing gets through any more, though the ends may not know yet. */
  isCut = false;

  constructor(name: string, from: string, to: string, medium: Medium) {
    this.name = name;
    this.ends = [new SimLink(this, from, medium), new SimLink(this, to, medium)];
    this.ends[0].join(this.ends[1]);
    this.ends[1].join(this.ends[0]);
  }

  /** True while an end may still hear of it. */
  get isLiving(): boolean {
    return !this.isCut && this.ends.some((end) => end.isOpen);
  }

  cut(): void {
    if (this.isCut) return;
    this.isCut = true;
    for (const end of this.ends) end.notice();
  }
}

class SimLink implements Link {
  readonly kind: string = 'simulated';
  readonly node: string;
  readonly #carrier: SimCarrier;
  readonly #medium: Medium;
  readonly #latency: number;
  #peer: SimLink | null = null;
  #events: LinkEvents | null = null;
  #isEnding = false;
  isOpen = true;
  /** Frames on their way to this end, and when the last of them arrives. */
  #flight = 0;
  #arrivesAt = 0;
  #owesDrain = false;

  constructor(carrier: SimCarrier, node: string, medium: Medium) {
    this.#carrier = carrier;
    this.node = node;
    this.#medium = medium;
    this.#latency = medium.random.between(0, 12);
  }

  join(peer: SimLink): void {
    this.#peer = peer;
  }

  open(events: LinkEvents): void {
    this.#events = events;
  }

  send(frame: Uint8Array): boolean {
    const peer = this.#peer;
    if (peer === null || !this.isOpen || this.#isEnding) return true;
    if (this.#carrier.isCut) {
      this.#medium.lost();
      return true;
    }
    peer.#coming(frame);
    this.#owesDrain = peer.#flight >= FLIGHT_MAX;
    return !this.#owesDrain;
  }

  close(reason: string): void {
    if (!this.isOpen || this.#isEnding) return;
    this.#end(reason, 0);
    const peer = this.#peer;
    if (peer !== null && !this.#carrier.isCut)
      peer.#end('closed by the peer', peer.#arrivesAt - this.#medium.timeline.now);
  }

  /** The connection has broken: this end learns it some time later. */
  notice(): void {
    this.#end('cut', this.#medium.random.between(0, 150));
  }

  #coming(frame: Uint8Array): void {
    const { timeline, random, extraDelay } = this.#medium;
    const delay =
      0.2 + this.#latency * random.next() + (random.chance(0.02) ? random.between(20, 200) : 0) + extraDelay();
    this.#arrivesAt = Math.max(this.#arrivesAt + 0.001, timeline.now + delay);
    this.#flight += 1;
    const size = frame.length;
    timeline.after(this.#arrivesAt - timeline.now, `~${this.#carrier.name}: ${size} bytes reach ${this.node}`, () => {
      this.#arrive(frame);
    });
  }

  #arrive(frame: Uint8Array): void {
    this.#flight -= 1;
    if (this.#carrier.isCut || !this.isOpen) return this.#medium.lost();
    this.#events?.frame(frame);
    const peer = this.#peer;
    if (peer !== null) peer.#drained();
  }

  #drained(): void {
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#medium.timeline.after(0, `~${this.#carrier.name}: ${this.node} may send again`, () => {
      if (this.isOpen) this.#events?.drain();
    });
  }

  #end(reason: string, delay: number): void {
    if (!this.isOpen || this.#isEnding) return;
    this.#isEnding = true;
    this.#medium.timeline.after(delay + 0.01, `${this.#carrier.name}: ends for ${this.node} (${reason})`, () => {
      this.isOpen = false;
      const events = this.#events;
      if (events !== null) events.closed(reason);
    });
  }
}
