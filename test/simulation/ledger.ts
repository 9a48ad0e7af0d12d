/** What was really sent in a bazaar, known to nobody in it: each message is heard once, in its sender's order. */

/** A message that has been accepted and not yet heard. */
interface Owed {
  readonly to: string;
  /** Ports whose receive right it carries: they end if it does. */
  readonly ports: readonly string[];
}

/** See the head of this file. Ports and traders are known by names that nothing in the system knows. */
export class Ledger {
  /** What breaks the promise, in words. */
  wrong: string | null = null;
  /** A node has crashed: what it had accepted is lost. */
  isHurt = false;
  heardCount = 0;
  readonly #owed: Map<number, Owed> = new Map();
  readonly #last: Map<string, number> = new Map();
  readonly #ended: Set<string> = new Set();
  #numbers = 0;

  /** The number of the next message. One that is not sent after all leaves a gap. */
  next(): number {
    this.#numbers += 1;
    return this.#numbers;
  }

  /** The message has been accepted. */
  said(n: number, to: string, ports: readonly string[]): void {
    if (this.#ended.has(to)) for (const port of ports) this.end(port);
    else this.#owed.set(n, { to, ports });
  }

  /** It has come out of port `at`. */
  heard(n: number, from: string, at: string): void {
    const owed = this.#owed.get(n);
    const channel = `${from} ${at}`;
    const last = this.#last.get(channel) ?? 0;
    if (owed === undefined) this.#blame(`message ${n} of ${from} came twice, or was never sent`);
    else if (owed.to !== at) this.#blame(`message ${n} of ${from} was for ${owed.to} and came to ${at}`);
    else if (n <= last) this.#blame(`message ${n} of ${from} came to ${at} after ${last}`);
    this.#owed.delete(n);
    this.#last.set(channel, n);
    this.heardCount += 1;
  }

  /** A port ends, and with it what it holds. */
  end(port: string): void {
    if (this.#ended.has(port)) return;
    this.#ended.add(port);
    for (const [n, { to, ports }] of [...this.#owed]) {
      if (to !== port) continue;
      this.#owed.delete(n);
      for (const inside of ports) this.end(inside);
    }
  }

  hasEnded(port: string): boolean {
    return this.#ended.has(port);
  }

  /** Something that must not be, in words. The first is kept. */
  #blame(what: string): void {
    this.wrong ??= what;
  }

  blame(what: string): void {
    this.#blame(what);
  }

  /** A message that has not been heard, null if all have. */
  get missing(): string | null {
    const [first] = this.#owed;
    return first === undefined ? null : `message ${first[0]} for ${first[1].to}, and ${this.#owed.size - 1} more`;
  }
}
