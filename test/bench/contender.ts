/**
 * What a message says, and what a round trip answers. `record` and `record+bytes` are made anew for each message, as a
 * program would; `fresh answer` has the answer made anew too, where the others send back what came.
 */
export type BodyKind = 'none' | 'text' | 'bytes' | 'reused' | 'record' | 'record+bytes' | 'fresh answer' | 'array';

/** 1 KiB, the same octets for everybody. */
export const octets: Uint8Array = Uint8Array.from({ length: 1024 }, (_, at) => (at * 31) & 0xff);
/** 64 characters. */
export const text: string = 'portolan'.repeat(8);

/** Something to measure: a way for concurrent parties of one process to send and to ask. */
export interface Contender {
  readonly name: string;
  /** Makes `pairs` pairs of a sender and a receiver. Without a choice of bodies it sends records. */
  setup(pairs: number, body: BodyKind): Promise<Pairs> | Pairs;
}

/** What was done, and how long it took by the clock of another process that did it. */
export interface Measured {
  readonly done: number;
  readonly ns: number;
}

/**
 * Pairs that are ready. Each run answers how many messages, or round trips, were done: at least `n`, evenly over the
 * pairs.
 */
export interface Pairs {
  oneWay(n: number): Promise<number | Measured> | number;
  rpc(n: number): Promise<number | Measured> | number;
}

/** How many each of the pairs does. */
export const share = (n: number, pairs: number): number => Math.max(1, Math.ceil(n / pairs));

/** Calls back once, at the last of `n` hits. */
export class Gate {
  #left = 0;
  #open: () => void = () => undefined;

  arm(n: number): Promise<void> {
    this.#left = n;
    return new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  hit(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#open();
  }
}
