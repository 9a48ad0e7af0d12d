/**
 * A hash table in an arena: texts to numbers, in chains, doubled when it holds as many entries as it has buckets. Its
 * address never changes.
 */
import type { Address, Arena } from './arena.ts';
import { record } from './record.ts';

const head = record({ size: 'u32', buckets: 'u32', table: 'address' });
const entry = record({ hash: 'u32', next: 'address', text: 'address', value: 'f64' });
const BUCKETS_MIN = 15;

/** A new, empty map. */
export const makeTextMap = (arena: Arena): Address => {
  const map = head.make(arena, { buckets: BUCKETS_MIN });
  head.set(arena, map, 'table', arena.alloc(BUCKETS_MIN * 8));
  return map;
};

/** Entries in it. */
export const textMapSize = (arena: Arena, map: Address): number => head.get(arena, map, 'size');

/** The number of a text; null if there is none. */
export const getText = (arena: Arena, map: Address, text: string): number | null => {
  const link = find(arena, map, new TextEncoder().encode(text));
  const found = arena.getF64(link);
  return found === 0 ? null : entry.get(arena, found, 'value');
};

/** Gives a text its number. */
export const setText = (arena: Arena, map: Address, text: string, value: number): void => {
  const bytes = new TextEncoder().encode(text);
  const found = arena.getF64(find(arena, map, bytes));
  if (found !== 0) return entry.set(arena, found, 'value', value);
  const size = textMapSize(arena, map);
  if (size >= head.get(arena, map, 'buckets')) double(arena, map);
  const added = entry.make(arena, { hash: hashOf(bytes), text: arena.putBytes(bytes), value });
  arena.setF64(find(arena, map, bytes), added);
  head.set(arena, map, 'size', size + 1);
};

/** Takes a text out; false if it was not in. */
export const deleteText = (arena: Arena, map: Address, text: string): boolean => {
  const link = find(arena, map, new TextEncoder().encode(text));
  const found = arena.getF64(link);
  if (found === 0) return false;
  arena.setF64(link, entry.get(arena, found, 'next'));
  arena.free(entry.get(arena, found, 'text'));
  arena.free(found);
  head.set(arena, map, 'size', textMapSize(arena, map) - 1);
  return true;
};

/** Visits every entry, in no order that means anything. The map must not change meanwhile. */
export const forEachText = (arena: Arena, map: Address, visit: (text: string, value: number) => void): void => {
  const table = head.get(arena, map, 'table');
  for (let bucket = 0; bucket < head.get(arena, map, 'buckets'); bucket += 1) {
    for (let each = arena.getF64(table + bucket * 8); each !== 0; each = entry.get(arena, each, 'next')) {
      visit(arena.textAt(entry.get(arena, each, 'text')), entry.get(arena, each, 'value'));
    }
  }
};

/** FNV-1a. */
const hashOf = (bytes: Uint8Array): number => {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
};

/** Offset of `next` in an entry: a link is an address that holds the address of an entry. */
const NEXT = 8;

/** The link to the entry of a text, or the last one of its chain, which holds 0. */
const find = (arena: Arena, map: Address, bytes: Uint8Array): Address => {
  const hash = hashOf(bytes);
  let link = head.get(arena, map, 'table') + (hash % head.get(arena, map, 'buckets')) * 8;
  for (;;) {
    const each = arena.getF64(link);
    if (each === 0) return link;
    if (entry.get(arena, each, 'hash') === hash && isEqual(arena.bytesAt(entry.get(arena, each, 'text')), bytes)) {
      return link;
    }
    link = each + NEXT;
  }
};

const isEqual = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, index) => byte === other[index]);

const double = (arena: Arena, map: Address): void => {
  const before = head.get(arena, map, 'buckets');
  const old = head.get(arena, map, 'table');
  const buckets = before * 2 + 1;
  const table = arena.alloc(buckets * 8);
  for (let bucket = 0; bucket < before; bucket += 1) {
    for (let each = arena.getF64(old + bucket * 8); each !== 0; ) {
      const next = entry.get(arena, each, 'next');
      const link = table + (entry.get(arena, each, 'hash') % buckets) * 8;
      entry.set(arena, each, 'next', arena.getF64(link));
      arena.setF64(link, each);
      each = next;
    }
  }
  head.set(arena, map, 'buckets', buckets);
  head.set(arena, map, 'table', table);
  arena.free(old);
};
