import type { Link, LinkEvents } from './link.ts';

/** Runs something later, in the order in which it was given. */
export type Scheduler = (run: () => void) => void;

/** Frames on their way to one end beyond which its peer is congested. */
const FLIGHT_MAX = 256;

/** Two ends of one link in memory. Time and order are the scheduler's. */
export const memoryLinks = (schedule: Scheduler, flightMax: number = FLIGHT_MAX): readonly [Link, Link] => {
  const left = new MemoryLink(schedule, flightMax);
  const right = new MemoryLink(schedule, flightMax);
  left.join(right);
  right.join(left);
  return [left, right];
};

class MemoryLink implements Link {
  readonly kind: string = 'memory';
  readonly #schedule: Scheduler;
  readonly #flightMax: number;
  readonly #run = (): void => this.#deliver();
  #peer: MemoryLink | null = null;
  #events: LinkEvents | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #reason = '';
  /** On their way to this end. */
  #incoming: Uint8Array[] = [];
  #isScheduled = false;
  #owesDrain = false;

  constructor(schedule: Scheduler, flightMax: number) {
    this.#schedule = schedule;
    this.#flightMax = flightMax;
  }

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  open(events: LinkEvents): void {
    this.#events = events;
    this.#wake();
  }

  send(frame: Uint8Array): boolean {
    const peer = this.#peer;
    if (this.#state !== 'open' || peer === null || peer.#state !== 'open') return true;
    peer.#incoming.push(frame);
    peer.#wake();
    if (peer.#incoming.length < this.#flightMax) return true;
    this.#owesDrain = true;
    return false;
  }

  close(reason: string): void {
    this.#end(reason);
    if (this.#peer !== null) this.#peer.#end('closed by the peer');
  }

  #end(reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#reason = reason;
    this.#wake();
  }

  #wake(): void {
    if (this.#isScheduled || this.#events === null) return;
    this.#isScheduled = true;
    this.#schedule(this.#run);
  }

  #deliver(): void {
    this.#isScheduled = false;
    const events = this.#events;
    if (events === null || this.#state === 'closed') return;
    const frames = this.#incoming;
    this.#incoming = [];
    for (const frame of frames) events.frame(frame);
    if (this.#peer !== null) this.#peer.#drained();
    if (this.#state === 'closing' && this.#incoming.length === 0) {
      this.#state = 'closed';
      events.closed(this.#reason);
    }
  }

  #drained(): void {
    if (!this.#owesDrain || this.#state !== 'open') return;
    this.#owesDrain = false;
    this.#schedule(() => {
      if (this.#state === 'open') this.#events?.drain();
    });
  }
}
