/**
 * Looking on: accessors in the place of the fields of one object, wrappers in the place of its methods. The object does
 * what it did, by the same code; somebody is told. Taken off again, it is as it was.
 */

/** Takes one observation off. */
export type TakeOff = () => void;

/** What is told of a field. */
export interface FieldObserver {
  /** It has been read. */
  readonly read?: (value: unknown) => void;
  /** It has another value now. */
  readonly wrote?: (value: unknown, before: unknown) => void;
}

const inherited = (target: object, key: string): PropertyDescriptor | undefined => {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertyDescriptor(at, key);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Observes a field, or a getter of the object's class. A field that is not there is left alone. */
export const observeField = (target: object, key: string, { read, wrote }: FieldObserver): TakeOff => {
  const found = inherited(target, key);
  if (found === undefined) return () => undefined;
  if (found.get !== undefined) {
    const getter = found.get;
    Object.defineProperty(target, key, {
      configurable: true,
      get: (): unknown => {
        const value: unknown = getter.call(target);
        read?.(value);
        return value;
      },
    });
    return () => Reflect.deleteProperty(target, key);
  }
  let value: unknown = found.value;
  const { enumerable = true, writable = true } = found;
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable,
    get: (): unknown => {
      read?.(value);
      return value;
    },
    set: (next: unknown): void => {
      const before = value;
      value = next;
      if (next !== before) wrote?.(next, before);
    },
  });
  return () => void Object.defineProperty(target, key, { configurable: true, enumerable, writable, value });
};

/** Any method. */
export type Method = (...args: unknown[]) => unknown;

/** Puts `around` in the place of a method; it is handed the method itself. */
export const observeMethod = (target: object, key: string, around: (method: Method) => Method): TakeOff => {
  const own = Object.getOwnPropertyDescriptor(target, key);
  const found = inherited(target, key)?.value as unknown;
  if (typeof found !== 'function') return () => undefined;
  const method: Method = (...args) => Reflect.apply(found, target, args) as unknown;
  Object.defineProperty(target, key, { configurable: true, writable: true, value: around(method) });
  return () => (own === undefined ? Reflect.deleteProperty(target, key) : Object.defineProperty(target, key, own));
};
