/**
 * Typed data, the bodies of Mach 3 and GNU Mach: items one after the other, each a type word (and two more if
 * `longform`) and its data, or the address of its data. Rights and memory among them become descriptors; the rest, with
 * holes where they were, is the message's body as `Bytes`. What is wrong with an item is found when its turn comes, as
 * there: the header and the items before it are gone then (`malformed` in `draft.ts`).
 *
 *     bits 0-7 name · 8-15 bits of one element · 16-27 number · 28 inline · 29 longform · 30 deallocate · 31 unused
 */
import { Bytes } from '../bytes.ts';
import type { Draft, DraftItem } from '../draft.ts';
import { portName } from '../name.ts';
import type { Item, Received } from '../port.ts';
import { MAKE_SEND_ONCE, MOVE_RECEIVE } from '../right.ts';
import type { NameArrays } from './message.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** One item, as a program writes or reads it. `values` are its elements, if it is inline; names of rights, if ports. */
export interface TypedItem {
  /** What it is: `TYPE_*`, or for rights the disposition (sent) or the type (received). */
  readonly name: number;
  /** Bits of one element; 32 for a right. */
  readonly bits: number;
  readonly count: number;
  readonly inline: boolean;
  readonly deallocate: boolean;
  /** Must be 0. */
  readonly unused: number;
  readonly values: readonly number[];
  /** Where the data lies, if it is not inline. */
  readonly address: number;
}

/** Names of types that are no rights (`mach/message.h`). */
export const TYPE_INTEGER_16 = 1;
export const TYPE_INTEGER_32 = 2;
export const TYPE_CHAR = 8;
export const TYPE_BYTE = 9;

const NUMBER_MAX = 0xfff;
const RIGHT_BITS = 32;
const INLINE = 2 ** 28;
const LONGFORM = 2 ** 29;
const DEALLOCATE = 2 ** 30;
const UNUSED = 2 ** 31;

const isRight = (name: number): boolean => name >= MOVE_RECEIVE && name <= MAKE_SEND_ONCE;
const sizeOf = ({ bits, count }: Pick<TypedItem, 'bits' | 'count'>): number => Math.ceil((bits * count) / 8);

/** Items as bytes. */
export const writeTyped = (items: readonly TypedItem[]): Uint8Array => {
  const to = new Writer(64);
  for (const item of items) {
    writeType(to, item);
    if (!item.inline) to.u53(item.address);
    else for (const value of item.values) writeElement(to, item.bits, value);
    align(to);
  }
  return to.copy();
};

const writeType = (to: Writer, { name, bits, count, inline, deallocate, unused }: TypedItem): void => {
  const isLong = count > NUMBER_MAX;
  const flags =
    (inline ? INLINE : 0) + (isLong ? LONGFORM : 0) + (deallocate ? DEALLOCATE : 0) + (unused === 0 ? 0 : UNUSED);
  to.u32(flags + (isLong ? 0 : name + bits * 256 + count * 65_536));
  if (!isLong) return;
  to.u16(name);
  to.u16(bits);
  to.u32(count);
};

/** Elements of other sizes than 8, 16 and 32 bits are written and read as bytes. */
const widthOf = (bits: number): 1 | 2 | 4 => (bits === 32 ? 4 : bits === 16 ? 2 : 1);

const writeElement = (to: Writer, bits: number, value: number): void => {
  const width = widthOf(bits);
  if (width === 1) to.u8(value & 0xff);
  else if (width === 2) to.u16(value & 0xffff);
  else to.u32(value >>> 0);
};

const align = (to: Writer): void => {
  to.raw(new Uint8Array((4 - (to.length % 4)) % 4));
};

type Malformed = Extract<DraftItem, { kind: 'malformed' }>;
const INVALID: Malformed = Object.freeze({ kind: 'malformed', code: 'MACH_SEND_INVALID_TYPE' });
const TRUNCATED: Malformed = Object.freeze({ kind: 'malformed', code: 'MACH_SEND_MSG_TOO_SMALL' });

/** An item, where its data begins in what was read, or why it is none. */
type Read = { readonly item: TypedItem; readonly at: number } | Malformed;

const readType = (from: Reader): Omit<TypedItem, 'values' | 'address'> | Malformed => {
  if (from.left < 4) return TRUNCATED;
  const word = from.u32();
  const has = (flag: number): boolean => Math.floor(word / flag) % 2 === 1;
  const flags = { inline: has(INLINE), deallocate: has(DEALLOCATE), unused: has(UNUSED) ? 1 : 0 };
  if (!has(LONGFORM))
    return { name: word & 0xff, bits: (word >>> 8) & 0xff, count: (word >>> 16) & NUMBER_MAX, ...flags };
  if ((word & 0x0fff_ffff) !== 0) return INVALID;
  return from.left < 8 ? TRUNCATED : { name: from.u16(), bits: from.u16(), count: from.u32(), ...flags };
};

const readItem = (from: Reader): Read => {
  const type = readType(from);
  if ('kind' in type) return type;
  const { name, bits, inline, deallocate, unused } = type;
  if ((isRight(name) && bits !== RIGHT_BITS) || unused !== 0 || (inline && deallocate)) return INVALID;
  const size = inline ? sizeOf(type) : 8;
  if (size > from.left) return TRUNCATED;
  const at = from.at;
  if (!inline) return { item: { ...type, values: [], address: from.u53() }, at };
  const values = elementsOf(from.raw(size), bits);
  from.raw(Math.min((4 - (from.at % 4)) % 4, from.left));
  return { item: { ...type, values, address: 0 }, at };
};

const elementsOf = (octets: Uint8Array, bits: number): readonly number[] => {
  const width = widthOf(bits);
  const from = new Reader(octets);
  return Array.from({ length: octets.length / width }, () =>
    width === 1 ? from.u8() : width === 2 ? from.u16() : from.u32(),
  );
};

/** The items of typed data that is well-formed: what a receiver has. Throws a `WireError` if it is not. */
export const readTyped = (octets: Uint8Array): readonly TypedItem[] => {
  const from = new Reader(octets);
  const items: TypedItem[] = [];
  while (from.left > 0) {
    const read = readItem(from);
    if ('kind' in read) return from.fail(read.code);
    items.push(read.item);
  }
  return items;
};

/**
 * A message with typed data. `header` says where it goes; `octets` are its items. Arrays of rights out of line are
 * read by `arrays`.
 */
export const typedDraft = (
  header: Omit<Draft, 'body' | 'descriptors'>,
  octets: Uint8Array,
  arrays: NameArrays,
): Draft => {
  const rest = octets.slice();
  const from = new Reader(octets);
  const descriptors: DraftItem[] = [];
  let malformed: Malformed | null = null;
  while (from.left > 0 && malformed === null) {
    const read = readItem(from);
    if ('kind' in read) malformed = read;
    else {
      descriptors.push(...descriptorsOf(read.item, arrays));
      if (isRight(read.item.name) || !read.item.inline) rest.fill(0, read.at, from.at);
    }
  }
  const body = Bytes.from(rest);
  if (malformed !== null) descriptors.push(malformed);
  return descriptors.length === 0 ? { ...header, body } : { ...header, body, descriptors };
};

const descriptorsOf = (item: TypedItem, arrays: NameArrays): readonly DraftItem[] => {
  const { name, count, inline, deallocate, values, address } = item;
  if (!inline && !isRight(name)) return [{ kind: 'ool', address, size: sizeOf(item), deallocate }];
  if (!isRight(name)) return [];
  if (inline) return values.map((value) => ({ kind: 'port', name: portName(value), disposition: name }));
  const names = count === 0 ? [] : arrays.load(address, count);
  if (names === null) return [INVALID];
  return [{ kind: 'ool_ports', names, disposition: name, address, deallocate }];
};

/**
 * The items of a received message with typed data, with the names and addresses of the receiver. Arrays of names are
 * put where `arrays` says. Throws a `WireError` if its body is no typed data, or has other holes than descriptors.
 */
export const typedReceived = (
  { body, items }: Pick<Received, 'body' | 'items'>,
  arrays: NameArrays,
): readonly TypedItem[] => {
  const octets = typeof body === 'object' && body !== null && Bytes.is(body) ? body.toUint8Array() : new Uint8Array();
  const left = [...(items ?? [])];
  const found = readTyped(octets).map((item) => {
    if (isRight(item.name) && item.inline) return withRights(item, left.splice(0, item.count));
    return item.inline ? item : withAddress(item, left.shift(), arrays);
  });
  if (left.length > 0) new Reader(octets).fail('more descriptors than items');
  return found;
};

const withRights = (item: TypedItem, found: readonly Item[]): TypedItem => {
  const values = found.flatMap((each) => (each.kind === 'port' ? [each.name as number] : []));
  return { ...item, name: typeIn(found, item.name), values };
};

const withAddress = (item: TypedItem, found: Item | undefined, arrays: NameArrays): TypedItem => {
  if (found?.kind === 'ool') return { ...item, address: found.address, deallocate: true };
  if (found?.kind !== 'ool_ports') return { ...item, count: 0, address: 0 };
  return { ...item, name: found.type, address: arrays.store(found.names) ?? 0, deallocate: true };
};

/** Rights arrive under the type that they have become; an array without any keeps its name. */
const typeIn = (items: readonly Item[], otherwise: number): number => {
  for (const item of items) if (item.kind === 'port') return item.type;
  return otherwise;
};
