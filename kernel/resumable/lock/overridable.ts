/**
 * Properties of the language's prototypes that others are used to have over theirs by assignment: `error.name = 'X'`.
 * Over a property that cannot be written an assignment fails ("override mistake"), so these become accessors when they
 * are locked: what is read is what it was, an assignment to anything below defines a property there, and one to the
 * prototype itself is a TypeError.
 */

const OBJECT = [
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
] as const;
const ERROR = ['message', 'name', 'toString'] as const;
const TEXT = ['toString'] as const;

/**
 * By the name of the class. Not `constructor` of errors: by that Node tells them from other objects when it shows them,
 * and does not look at accessors. Not what an engine guards to be quick: `constructor` and iterators of arrays.
 */
export const OVERRIDABLE: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Object', OBJECT],
  ['Function', TEXT],
  ['Array', TEXT],
  ['AggregateError', ERROR],
  ['Error', ERROR],
  ['EvalError', ERROR],
  ['RangeError', ERROR],
  ['ReferenceError', ERROR],
  ['SyntaxError', ERROR],
  ['TypeError', ERROR],
  ['URIError', ERROR],
]);

/** Makes a property overridable that has a value and can still be changed; all others stay as they are. */
export const makeOverridable = (owner: object, key: string): void => {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property === undefined || !('value' in property) || property.configurable !== true) return;
  const value: unknown = property.value;
  const accessor = {
    get(): unknown {
      return value;
    },
    set(this: unknown, given: unknown): void {
      if (this === owner || !isObject(this)) throw refused(key);
      const own = { value: given, writable: true, enumerable: true, configurable: true };
      if (!Reflect.defineProperty(this, key, own)) throw refused(key);
    },
  };
  Object.freeze(Object.getOwnPropertyDescriptor(accessor, 'get')?.value);
  Object.freeze(Object.getOwnPropertyDescriptor(accessor, 'set')?.value);
  Object.defineProperty(owner, key, { ...accessor, enumerable: property.enumerable === true, configurable: false });
};

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

const refused = (key: string): TypeError =>
  new TypeError(`Cannot assign to '${key}' of what is not extensible: the language's own objects are locked`);

/**
 * The value of a property of one of the language's own objects, whether they are locked or not. Runs no other accessor:
 * undefined then.
 */
export const valueOfMember = (className: string, owner: object, key: string): unknown => {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property === undefined || 'value' in property) return property?.value;
  const isLocked = property.configurable === false && OVERRIDABLE.get(className)?.includes(key) === true;
  return isLocked ? (owner as Readonly<Record<string, unknown>>)[key] : undefined;
};
