/** Something that asks across the border of a process or thread, to be compared with netmsg. */

/** A way to ask. */
export interface Remote {
  readonly name: string;
  /** Opens a line whose questions and answers carry `size` bytes. Throws, with the reason, if that cannot be had. */
  open(size: number): Promise<Line>;
}

/** A line that is open. */
export interface Line {
  /** Asks `n` times, `outstanding` at once. */
  ask(n: number, outstanding: number): Promise<void>;
  close(): Promise<void> | void;
}

/** Asks by `send`, which must lead to one `heard` for each: keeps so many open, resolves at the last answer. */
export class Window {
  readonly #send: () => void;
  #left = 0;
  #open = 0;
  #done: () => void = () => undefined;

  constructor(send: () => void) {
    this.#send = send;
  }

  run(n: number, outstanding: number): Promise<void> {
    return new Promise((resolve) => {
      this.#left = n;
      this.#done = resolve;
      while (this.#left > 0 && this.#open < outstanding) this.#next();
    });
  }

  heard(): void {
    this.#open -= 1;
    if (this.#left > 0) this.#next();
    else if (this.#open === 0) this.#done();
  }

  #next(): void {
    this.#left -= 1;
    this.#open += 1;
    this.#send();
  }
}

/** `n` calls that each answer by a promise, from `outstanding` callers. */
export const callAll = async (n: number, outstanding: number, call: () => Promise<unknown>): Promise<void> => {
  let left = n;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await call();
    }
  };
  await Promise.all(Array.from({ length: outstanding }, caller));
};
