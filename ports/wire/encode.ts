import type { Body, BodyRecord, ClonedBody } from '../body.ts';
import { errorClasses, errorExtras } from '../body-value.ts';
import { Bytes, viewOfBytes } from '../bytes.ts';
import { BODY_DEPTH_MAX } from '../limits.ts';
import { WireError } from './error.ts';
import * as tag from './tags.ts';
import { isNarrow, type Writer } from './writer.ts';

/** Appends an admitted body. Equal bodies give equal bytes. What was never admitted and is no body throws. Hot path. */
export const writeBody = (to: Writer, body: Body): void => write(to, body, 0);

const write = (to: Writer, body: Body, depth: number): void => {
  switch (typeof body) {
    case 'undefined':
      return to.u8(tag.TAG_UNDEFINED);
    case 'boolean':
      return to.u8(body ? tag.TAG_TRUE : tag.TAG_FALSE);
    case 'number':
      return writeNumber(to, body);
    case 'string':
      return writeText(to, body);
    case 'bigint':
      return writeBig(to, body);
    case 'object':
      if (body === null) return to.u8(tag.TAG_NULL);
      if (depth === BODY_DEPTH_MAX && !Bytes.is(body)) throw new WireError(to.length, `deeper than ${BODY_DEPTH_MAX}`);
      return writeObject(to, body, depth + 1);
    default:
      throw new WireError(to.length, `a ${typeof body} is not a body`);
  }
};

const writeObject = (to: Writer, body: Exclude<Body & object, null>, depth: number): void => {
  const prototype: unknown = Object.getPrototypeOf(body);
  if (prototype === Object.prototype) return writeRecord(to, tag.TAG_RECORD, body as BodyRecord, depth);
  if (Bytes.is(body)) {
    to.u8(tag.TAG_BYTES);
    return to.bytes(viewOfBytes(body));
  }
  if (Array.isArray(body)) return writeList(to, body, depth);
  if (prototype === null) return writeRecord(to, tag.TAG_BARE_RECORD, body as BodyRecord, depth);
  return writeCloned(to, body as ClonedBody, depth);
};

const writeNumber = (to: Writer, value: number): void => {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    to.u8(tag.TAG_F64);
    to.f64(value);
  } else if (value >= 0 && value <= tag.SMALL_MAX) to.u8(tag.TAG_SMALL + value);
  else {
    to.u8(value < 0 ? tag.TAG_NEGATIVE : tag.TAG_POSITIVE);
    to.varint(Math.abs(value));
  }
};

const writeText = (to: Writer, text: string): void => {
  if (!isNarrow(text)) {
    to.u8(tag.TAG_WIDE);
    to.varint(text.length);
    return to.wide(text);
  }
  if (text.length <= tag.SHORT_TEXT_MAX) to.u8(tag.TAG_SHORT_TEXT + text.length);
  else {
    to.u8(tag.TAG_NARROW);
    to.varint(text.length);
  }
  to.narrow(text);
};

const writeBig = (to: Writer, value: bigint): void => {
  to.u8(value < 0n ? tag.TAG_BIG_NEGATIVE : tag.TAG_BIG_POSITIVE);
  const digits = value === 0n ? '' : (value < 0n ? -value : value).toString(16);
  to.varint((digits.length + 1) >> 1);
  for (let end = digits.length; end > 0; end -= 2) to.u8(Number.parseInt(digits.slice(Math.max(0, end - 2), end), 16));
};

const writeList = (to: Writer, list: readonly Body[], depth: number): void => {
  to.u8(tag.TAG_LIST);
  to.varint(list.length);
  for (let i = 0; i < list.length; i += 1) write(to, list[i], depth);
};

const writeRecord = (to: Writer, first: number, record: BodyRecord, depth: number): void => {
  const keys = Object.keys(record);
  to.u8(first);
  to.varint(keys.length);
  for (let i = 0; i < keys.length; i += 1) {
    const key = keys[i] as string;
    to.str(key);
    write(to, record[key], depth);
  }
};

const writeCloned = (to: Writer, body: ClonedBody, depth: number): void => {
  if (body instanceof Map) {
    to.u8(tag.TAG_MAP);
    to.varint(body.size);
    for (const [key, value] of body) {
      write(to, key, depth);
      write(to, value, depth);
    }
  } else if (body instanceof Set) {
    to.u8(tag.TAG_SET);
    to.varint(body.size);
    for (const value of body) write(to, value, depth);
  } else if (body instanceof Date) {
    to.u8(tag.TAG_DATE);
    to.f64(body.getTime());
  } else if (body instanceof RegExp) {
    to.u8(tag.TAG_EXPRESSION);
    to.str(body.source);
    to.str(body.flags);
  } else if (body instanceof Error) writeError(to, body, depth);
  else writeMemory(to, body);
};

const writeError = (to: Writer, error: Error, depth: number): void => {
  to.u8(tag.TAG_ERROR);
  to.u8(
    Math.max(
      0,
      errorClasses.findLastIndex((candidate) => error instanceof candidate),
    ),
  );
  to.str(error.name);
  to.str(error.message);
  const extras = errorExtras.filter((key) => Object.hasOwn(error, key));
  to.u8(extras.reduce((set, key) => set | (1 << errorExtras.indexOf(key)), 0));
  for (const key of extras) write(to, (error as unknown as BodyRecord)[key], depth);
};

const writeMemory = (to: Writer, memory: ArrayBuffer | ArrayBufferView): void => {
  if (memory instanceof ArrayBuffer) {
    to.u8(tag.TAG_BUFFER);
    return to.bytes(new Uint8Array(memory));
  }
  const kind = tag.viewClasses.findIndex((candidate) => memory instanceof candidate);
  if (kind < 0) throw new WireError(to.length, 'an instance of a class is not a body');
  to.u8(tag.TAG_VIEW);
  to.u8(kind);
  const octets = new Uint8Array(memory.buffer as ArrayBuffer, memory.byteOffset, memory.byteLength);
  if (tag.isLittleEndian || kind === 0) return to.bytes(octets);
  const turned = octets.slice();
  tag.swapElements(turned, (memory as Uint8Array).BYTES_PER_ELEMENT);
  to.bytes(turned);
};
