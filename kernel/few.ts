/**
 * A set that mostly has one member: a task has one thread far more often than two, and a million idle tasks are to fit
 * into memory. One member takes no storage of its own; from the second on it is a `Set`, in order of insertion.
 */
export class Few<T extends object> implements Iterable<T> {
  #one: T | null = null;
  #many: Set<T> | null = null;

  get size(): number {
    return this.#many === null ? Number(this.#one !== null) : this.#many.size;
  }

  add(member: T): void {
    if (this.#many !== null) this.#many.add(member);
    else if (this.#one === null || this.#one === member) this.#one = member;
    else {
      this.#many = new Set([this.#one, member]);
      this.#one = null;
    }
  }

  /** True if it was a member. */
  delete(member: T): boolean {
    if (this.#many !== null) return this.#many.delete(member);
    if (this.#one !== member) return false;
    this.#one = null;
    return true;
  }

  /** As that of a `Set`: members may be deleted while it is walked. */
  [Symbol.iterator](): Iterator<T> {
    if (this.#many !== null) return this.#many.values();
    return (this.#one === null ? [] : [this.#one]).values();
  }
}
