import type { SessionSettings } from './settings.ts';

/** What silence means. Suspicion is not death; only the verdict is, and that is the session's. */
export type Health = 'well' | 'suspect' | 'dead';

/** The failure detector of one session: told what was heard and when, it says what to think of it. */
export class Detector {
  readonly #settings: SessionSettings;
  #heardAt: number;
  #pingedAt: number;
  #roundTrip = 0;
  #variance = 0;
  /** What was thought last. */
  health: Health = 'well';

  constructor(settings: SessionSettings, now: number) {
    this.#settings = settings;
    this.#heardAt = now;
    this.#pingedAt = now;
  }

  /** The smoothed round trip in milliseconds; 0 until the first PONG. */
  get roundTripMs(): number {
    return this.#roundTrip;
  }

  /** A frame has come. */
  heard(now: number): void {
    this.#heardAt = now;
  }

  /** A PONG tells how long it took. */
  measured(roundTrip: number): void {
    if (!(roundTrip >= 0)) return;
    if (this.#roundTrip === 0) {
      this.#roundTrip = roundTrip;
      this.#variance = roundTrip / 2;
      return;
    }
    this.#variance += (Math.abs(roundTrip - this.#roundTrip) - this.#variance) / 4;
    this.#roundTrip += (roundTrip - this.#roundTrip) / 8;
  }

  /** What the silence means now. */
  judge(now: number): Health {
    if (now >= this.#deadAt) return 'dead';
    return now >= this.#suspectAt ? 'suspect' : 'well';
  }

  /** True if it is time to ask for a sign of life; then it counts as asked. */
  shallPing(now: number): boolean {
    if (now < this.#pingAt) return false;
    this.#pingedAt = now;
    return true;
  }

  /** When there will be something to do, if nothing is heard. */
  deadline(hasCarrier: boolean): number {
    const verdict = this.health === 'well' ? this.#suspectAt : this.#deadAt;
    return hasCarrier ? Math.min(verdict, this.#pingAt) : verdict;
  }

  get #pingAt(): number {
    return Math.max(this.#heardAt, this.#pingedAt) + this.#settings.pingIdleMs;
  }

  get #suspectAt(): number {
    const { suspectAfterMs, deadAfterMs } = this.#settings;
    const slow = 8 * this.#roundTrip + 4 * this.#variance;
    return this.#heardAt + Math.min(Math.max(suspectAfterMs, slow), deadAfterMs);
  }

  get #deadAt(): number {
    return this.#heardAt + this.#settings.deadAfterMs;
  }
}
