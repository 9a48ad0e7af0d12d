/**
 * Bounded FIFO. Its storage grows by doubling up to need and is reused; `shift` leaves no reference behind. Hot path.
 */
export class Ring<T> {
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  constructor(capacity = 4) {
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
  }

  get length(): number {
    return this.#length;
  }

  push(value: T): void {
    const length = this.#length;
    if (length === this.#slots.length) this.#grow();
    const slots = this.#slots;
    slots[(this.#head + length) & (slots.length - 1)] = value;
    this.#length = length + 1;
  }

  /** Puts a value before all others. */
  unshift(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#slots.length - 1);
    this.#slots[this.#head] = value;
    this.#length += 1;
  }

  shift(): T | undefined {
    const length = this.#length;
    if (length === 0) return undefined;
    const slots = this.#slots;
    const head = this.#head;
    const value = slots[head];
    slots[head] = undefined;
    this.#head = (head + 1) & (slots.length - 1);
    this.#length = length - 1;
    return value;
  }

  /** The value `index` places behind the head. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#slots[(this.#head + index) & (this.#slots.length - 1)] : undefined;
  }

  /** Takes one value out, wherever it stands; the rest keeps its order. O(length): for aborts and deaths only. */
  remove(value: T): boolean {
    let found = false;
    const kept: T[] = [];
    for (let next = this.shift(); next !== undefined; next = this.shift()) {
      if (!found && next === value) found = true;
      else kept.push(next);
    }
    for (const each of kept) this.push(each);
    return found;
  }

  #grow(): void {
    const old = this.#slots;
    const grown = new Array<T | undefined>(old.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i += 1) grown[i] = old[(this.#head + i) & (old.length - 1)];
    this.#slots = grown;
    this.#head = 0;
  }
}
