/** Waiting for a page: what a thread joins when its fault cannot be settled at once. */

/** Told when a page that was asked for has been decided about. It looks again; it is not told what was decided. */
export interface PageWaiter {
  pageReady(): void;
}

/** One answer that is awaited, and who awaits it. */
export class PageWait {
  /** The page asked for, or -1 for the word that the pager is ready. */
  readonly page: number;
  /** What the page is wanted for, as protection bits. */
  access: number;
  /** False while the pager may not be asked yet. */
  isSent = false;
  /** Nobody wants the page yet: it was asked for because its neighbour was. */
  isAhead = false;
  #isOver = false;
  #waiters: PageWaiter[] = [];

  constructor(page: number, access: number) {
    this.page = page;
    this.access = access;
  }

  /** True if the answer has come: whoever asked looks again at once. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits. If the answer has come already, `waiter` is told at once. */
  join(waiter: PageWaiter): void {
    if (this.#isOver) waiter.pageReady();
    else this.#waiters.push(waiter);
  }

  /** Waits no more: the thread was aborted. */
  leave(waiter: PageWaiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  /** The answer is there: everybody looks again. */
  finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.pageReady();
  }
}

/** What is outstanding at one pager: at most one wait for each page. */
export class PageRequests {
  readonly #waits: Map<number, PageWait> = new Map();

  /** Pages that are waited for. */
  get size(): number {
    return this.#waits.size;
  }

  /** The wait for a page, if there is one. */
  get(page: number): PageWait | undefined {
    return this.#waits.get(page);
  }

  /** A new wait. */
  open(page: number, access: number): PageWait {
    const wait = new PageWait(page, access);
    this.#waits.set(page, wait);
    return wait;
  }

  /** The wait for a page is over. Whoever waited is told now: everything must be settled before. */
  close(page: number): void {
    const wait = this.#waits.get(page);
    if (wait === undefined) return;
    this.#waits.delete(page);
    wait.finish();
  }

  /** Takes the wait for a page out; whoever waits is told by its `finish`. */
  take(page: number): PageWait | undefined {
    const wait = this.#waits.get(page);
    this.#waits.delete(page);
    return wait;
  }

  /** Pages of a range that are waited for, in order. */
  pages(first: number, end: number): number[] {
    if (this.#waits.size === 0) return [];
    const found: number[] = [];
    if (end - first < this.#waits.size) {
      for (let page = first; page < end; page += 1) if (this.#waits.has(page)) found.push(page);
      return found;
    }
    for (const page of this.#waits.keys()) if (page >= first && page < end) found.push(page);
    return found.sort((a, b) => a - b);
  }

  /** All waits, in the order in which they were opened. */
  all(): PageWait[] {
    return [...this.#waits.values()];
  }

  /** Every wait is over. */
  closeAll(): void {
    const waits = this.all();
    this.#waits.clear();
    for (const wait of waits) wait.finish();
  }
}
