/** Why something cannot become an image, and why an image cannot be read. Codes are stable. */

/** Reasons for which a value cannot be frozen. */
export type FreezeCode =
  | 'F01' // it runs now
  | 'F02' // a function that no program has made
  | 'F03' // a promise of the host
  | 'F04' // an iterator or generator of the engine
  | 'F05' // weak: a WeakMap, WeakSet, WeakRef or FinalizationRegistry
  | 'F06' // an instance of a class that the program does not declare and nobody has registered
  | 'F07' // of a class that extends a built-in one in a way that cannot be built again
  | 'F08' // a symbol that means something in one process only
  | 'F09' // a thread of the host is awaited
  | 'F10' // memory that is shared, or changes its size
  | 'F11' // a property that the image cannot keep
  | 'F12' // too large
  | 'F13' // a registered class cannot be taken apart
  | 'F14' // looking at it throws
  | 'F15'; // state of the runtime where only data may be

/** Reasons for which an image cannot be read. */
export type ThawCode =
  | 'V01' // it needs code that is not here, or is another version
  | 'V02' // it is of another format
  | 'V03' // it is malformed
  | 'V04' // it is too large
  | 'V05'; // a registered class cannot be put together

/** A graph that cannot be frozen: which part of it, in the program's words, and why. */
export class ImageRefusal {
  readonly code: FreezeCode;
  /** The root that the part was found from. */
  readonly root: number;
  /** Such as `frame serve (counter.program.ts:12:3) > local list > 1 > sock`. */
  readonly path: string;
  readonly why: string;

  constructor(code: FreezeCode, root: number, path: string, why: string) {
    this.code = code;
    this.root = root;
    this.path = path;
    this.why = why;
  }

  toString(): string {
    return `${this.code}: ${this.path} ${this.why}`;
  }
}

/** An image that cannot be read. Nothing has been built from it that anybody could see. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
  readonly code: ThawCode;
  /** Where in the image, such as `node 12`. */
  readonly place: string;

  constructor(code: ThawCode, place: string, why: string) {
    super(`${code} at ${place}: ${why}`);
    this.code = code;
    this.place = place;
  }
}
