import { BODY_VALUES_MAX, type Body } from '../body.ts';
import { errorClasses, errorExtras, makeError } from '../body-value.ts';
import { Bytes } from '../bytes.ts';
import { BODY_DEPTH_MAX } from '../limits.ts';
import type { Reader } from './reader.ts';
import type { Slab } from './slab.ts';
import * as tag from './tags.ts';

/** Bytes of one bigint. */
const BIG_MAX = 1 << 20;

/**
 * The next body. It shares no memory with what was read, and is not frozen yet: whoever sends it on admits it. Whatever
 * the bytes are, the only thing thrown is a WireError, and no more is allocated than about 32 times their number.
 */
export const readBody = (from: Reader, slab: Slab | null = null, valuesMax: number = BODY_VALUES_MAX): Body =>
  new Decoding(from, slab, valuesMax).value(0);

/** The decoding of one body: counts its values. */
class Decoding {
  readonly #from: Reader;
  readonly #slab: Slab | null;
  readonly #valuesMax: number;
  #values = 0;

  constructor(from: Reader, slab: Slab | null, valuesMax: number) {
    this.#from = from;
    this.#slab = slab;
    this.#valuesMax = valuesMax;
  }

  value(depth: number): Body {
    const from = this.#from;
    this.#values += 1;
    if (this.#values > this.#valuesMax) from.fail(`more than ${this.#valuesMax} values`);
    const first = from.u8();
    if (first >= tag.TAG_SMALL) return first - tag.TAG_SMALL;
    if (first >= tag.TAG_SHORT_TEXT) return from.narrow(first - tag.TAG_SHORT_TEXT);
    switch (first) {
      case tag.TAG_NULL:
        return null;
      case tag.TAG_UNDEFINED:
        return undefined;
      case tag.TAG_FALSE:
        return false;
      case tag.TAG_TRUE:
        return true;
      case tag.TAG_POSITIVE:
        return from.varint();
      case tag.TAG_NEGATIVE:
        return -from.varint();
      case tag.TAG_F64:
        return from.f64();
      case tag.TAG_BIG_POSITIVE:
        return this.#big();
      case tag.TAG_BIG_NEGATIVE:
        return -this.#big();
      case tag.TAG_NARROW:
        return from.narrow(from.varint());
      case tag.TAG_WIDE:
        return from.wide(from.varint());
      case tag.TAG_BYTES:
        return this.#slab === null ? Bytes.from(from.bytes()) : Bytes.adopt(this.#slab.copy(from.bytes()));
      default:
        return depth < BODY_DEPTH_MAX ? this.#tree(first, depth + 1) : from.fail(`deeper than ${BODY_DEPTH_MAX}`);
    }
  }

  #tree(first: number, depth: number): Body {
    const from = this.#from;
    switch (first) {
      case tag.TAG_LIST:
        return this.#list(depth);
      case tag.TAG_RECORD:
        return this.#record({}, depth);
      case tag.TAG_BARE_RECORD:
        return this.#record(Object.create(null) as Record<string, Body>, depth);
      case tag.TAG_MAP:
        return this.#map(depth);
      case tag.TAG_SET:
        return this.#set(depth);
      case tag.TAG_DATE:
        return new Date(from.f64());
      case tag.TAG_EXPRESSION:
        return this.#expression();
      case tag.TAG_ERROR:
        return this.#error(depth);
      case tag.TAG_BUFFER:
        return ownBuffer(from.bytes());
      case tag.TAG_VIEW:
        return this.#view();
      default:
        return from.fail('an unknown kind of value');
    }
  }

  #big(): bigint {
    const octets = this.#from.bytes();
    if (octets.length > BIG_MAX) this.#from.fail(`a bigint of more than ${BIG_MAX} bytes`);
    if (octets.length === 0) return 0n;
    let digits = '0x';
    for (let i = octets.length - 1; i >= 0; i -= 1) digits += (octets[i] as number).toString(16).padStart(2, '0');
    return BigInt(digits);
  }

  #list(depth: number): Body {
    const count = this.#from.count(1);
    const list: Body[] = [];
    for (let i = 0; i < count; i += 1) list.push(this.value(depth));
    return list;
  }

  #record(record: Record<string, Body>, depth: number): Body {
    const from = this.#from;
    const count = from.count(2);
    for (let i = 0; i < count; i += 1) {
      const key = from.str();
      if (Object.hasOwn(record, key)) from.fail('a key twice');
      if (!(key in Object.prototype)) record[key] = this.value(depth);
      else if (key === '__proto__') from.fail('a key named __proto__');
      else define(record, key, this.value(depth), true);
    }
    return record;
  }

  #map(depth: number): Body {
    const count = this.#from.count(2);
    const map = new Map<Body, Body>();
    for (let i = 0; i < count; i += 1) {
      const key = this.value(depth);
      map.set(key, this.value(depth));
      if (map.size === i) this.#from.fail('a key twice');
    }
    return map;
  }

  #set(depth: number): Body {
    const count = this.#from.count(1);
    const set = new Set<Body>();
    for (let i = 0; i < count; i += 1) {
      set.add(this.value(depth));
      if (set.size === i) this.#from.fail('a member twice');
    }
    return set;
  }

  #expression(): Body {
    const source = this.#from.str();
    const flags = this.#from.str();
    try {
      return new RegExp(source, flags);
    } catch {
      return this.#from.fail('not a regular expression');
    }
  }

  #error(depth: number): Body {
    const from = this.#from;
    const errorClass = errorClasses[from.u8()];
    if (errorClass === undefined) return from.fail('an unknown class of error');
    const error = makeError(errorClass, from.str(), from.str());
    const set = from.u8();
    if (set >> errorExtras.length !== 0) from.fail('an unknown property of an error');
    errorExtras.forEach((key, bit) => {
      if ((set & (1 << bit)) !== 0) define(error, key, this.value(depth), false);
    });
    return error;
  }

  #view(): Body {
    const from = this.#from;
    const viewClass = tag.viewClasses[from.u8()];
    if (viewClass === undefined) return from.fail('an unknown kind of typed array');
    const octets = from.bytes();
    const width = viewClass === DataView ? 1 : (viewClass as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
    if (octets.length % width !== 0) from.fail('a typed array that ends within an element');
    const buffer = ownBuffer(octets);
    if (!tag.isLittleEndian) tag.swapElements(new Uint8Array(buffer), width);
    return new (viewClass as Uint8ArrayConstructor)(buffer);
  }
}

const ownBuffer = (octets: Uint8Array): ArrayBuffer => new Uint8Array(octets).buffer;

/** Makes an own property, whatever the prototype has under that name. */
const define = (target: object, key: string, value: Body, enumerable: boolean): void => {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
};
