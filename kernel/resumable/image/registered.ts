/** Classes that say themselves how their instances become data. The word is on the class: there is no list of them. */

/** How instances of a class become data and come back. Both are synchronous, and neither may call the kernel. */
export interface ClassCodec<T extends object, D> {
  /** What stands for an instance: anything that an image may hold. */
  encode(instance: T): D;
  /** An instance anew. What refers back to it is not complete yet. */
  decode(data: D): T;
}

/** A class with a name that says it in refusals. */
export interface Registration {
  readonly name: string;
  readonly codec: ClassCodec<object, unknown>;
}

/** A constructor that answers what it is given, so that a class above it can put a private field there. */
const Given = class {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is what it is for
    return value;
  }
};

class Mark extends Given {
  readonly #registration: Registration;

  constructor(target: object, registration: Registration) {
    super(target);
    this.#registration = registration;
  }

  static of(target: object): Registration | undefined {
    return #registration in target ? target.#registration : undefined;
  }
}

/** What a class was registered with; undefined if it was not. */
export const registrationOf = (target: object): Registration | undefined => Mark.of(target);

/**
 * Instances of `target` itself (not of classes below it) go by what `encode` answers. A program that holds some imports
 * the class by a name of its module: by that it is found where the image is read. Throws if it is registered already.
 */
export const registerClass = <T extends object, D>(
  name: string,
  target: abstract new (...args: never[]) => T,
  codec: ClassCodec<T, D>,
): void => {
  if (Mark.of(target) !== undefined) throw new TypeError(`class ${name} is registered already`);
  new Mark(target, { name, codec: codec as unknown as ClassCodec<object, unknown> });
};
