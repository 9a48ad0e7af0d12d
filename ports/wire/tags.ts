/** The first byte of every value (WIRE.md). Numbers and short strings have it to themselves. */

/** `null`. */
export const TAG_NULL = 0x00;
/** `undefined`. */
export const TAG_UNDEFINED = 0x01;
/** `false`. */
export const TAG_FALSE = 0x02;
/** `true`. */
export const TAG_TRUE = 0x03;
/** A whole number from 128 to 2^53 - 1: varint. */
export const TAG_POSITIVE = 0x04;
/** A whole number from -1 to -(2^53 - 1): varint of its magnitude. */
export const TAG_NEGATIVE = 0x05;
/** Any other number: eight bytes. */
export const TAG_F64 = 0x06;
/** A bigint of zero or more: number of bytes, magnitude, low bytes first. */
export const TAG_BIG_POSITIVE = 0x07;
/** A bigint below zero: number of bytes, magnitude, low bytes first. */
export const TAG_BIG_NEGATIVE = 0x08;
/** A string of code units below 256: length, a byte each. */
export const TAG_NARROW = 0x09;
/** A string of any code units: length, two bytes each. */
export const TAG_WIDE = 0x0a;
/** `Bytes`: length, bytes. */
export const TAG_BYTES = 0x0b;
/** An array: count, values. */
export const TAG_LIST = 0x0c;
/** A plain object: count, pairs of key and value. */
export const TAG_RECORD = 0x0d;
/** A record without prototype. */
export const TAG_BARE_RECORD = 0x0e;
/** A Map: count, pairs of values. */
export const TAG_MAP = 0x0f;
/** A Set: count, values. */
export const TAG_SET = 0x10;
/** A Date: milliseconds in eight bytes. */
export const TAG_DATE = 0x11;
/** A RegExp: source, flags. */
export const TAG_EXPRESSION = 0x12;
/** An Error: class, name, message, which extras, extras. */
export const TAG_ERROR = 0x13;
/** An ArrayBuffer: length, bytes. */
export const TAG_BUFFER = 0x14;
/** A typed array or DataView: kind, length in bytes, bytes. */
export const TAG_VIEW = 0x15;
/** 0x40 + length: a string of up to 63 narrow code units. */
export const TAG_SHORT_TEXT = 0x40;
/** The longest string whose length is in its tag. */
export const SHORT_TEXT_MAX = 63;
/** 0x80 + value: a whole number from 0 to 127. */
export const TAG_SMALL = 0x80;
/** The largest number that is its own tag. */
export const SMALL_MAX = 127;

/** What can be seen of an ArrayBuffer, by number; 0 is a DataView. Only ever add at the end. */
export const viewClasses: readonly (
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Uint8ClampedArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | DataViewConstructor
)[] = Object.freeze([
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]);

/**
 * True where numbers in memory have the order of the wire. Elsewhere the elements of typed arrays are turned around.
 */
export const isLittleEndian: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Turns the bytes of each element around, in place. */
export const swapElements = (octets: Uint8Array, width: number): void => {
  for (let at = 0; at + width <= octets.length; at += width) octets.subarray(at, at + width).reverse();
};
