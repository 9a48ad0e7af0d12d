/**
 * Deadlines of blocked calls: a binary heap. A call that ended in time leaves its entry to be skipped when it comes
 * up.
 */
export class Timers<T> {
  readonly #heap: { at: number; readonly order: number; readonly owner: T; live: boolean }[] = [];
  #order = 0;

  /** The earliest deadline, Infinity if there is none. */
  get next(): number {
    this.#prune();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Adds a deadline; the answer cancels it. */
  add(at: number, owner: T): { live: boolean } {
    this.#order += 1;
    const entry = { at, order: this.#order, owner, live: true };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return entry;
  }

  /** Takes the owner of the earliest deadline that has passed, in order of deadlines and then of arrival. */
  expire(now: number): T | undefined {
    this.#prune();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#pop();
    return first.owner;
  }

  #prune(): void {
    while (this.#heap[0]?.live === false) this.#pop();
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      const left = at * 2 + 1;
      const smaller = this.#before(left + 1, left) ? left + 1 : left;
      if (!this.#before(smaller, at)) return;
      this.#swap(at, smaller);
      at = smaller;
    }
  }
}
