/** What a shape and a random program are given: a few calls whose answers depend on nothing but the calls made. */

/** The calls. Each is one message to a server and its answer; the server keeps a trace of them. */
export interface Probe {
  /** Answers what it was given, as a copy. */
  echo<T>(value: T): Promise<T>;
  add(a: number, b: number): Promise<number>;
  /** Rejects with an `Error` of this message. */
  fail(message: string): Promise<number>;
  /** How many calls were answered before this one. */
  count(): Promise<number>;
}

/** What every shape gets as its second argument. */
export interface ShapeArgs {
  readonly n: number;
  readonly list: readonly number[];
  readonly text: string;
  readonly missing?: { readonly deep: { readonly value: number } };
}

/** A program function that can be frozen at every call of its probe. */
export type Shape = (sys: Probe, args: ShapeArgs) => Promise<unknown>;
