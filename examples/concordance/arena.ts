import { claim, PAGE_SIZE, type TaskMemory } from './memory.ts';

/**
 * The memory of an index: a header page, then objects in the order of their making. Nothing is ever freed.
 *
 *   0         256              512                4096
 *   | counts  | file tables    | bucket segments  | objects ...            | room up to the limit |
 *
 * No object crosses the border of a page, so that touching an object is touching one page; every page begins with an
 * object. Address 0 is the header, so 0 in a link means "none". The layout depends on the input alone.
 */

const MAGIC = 0x4e4f4350; // "PCON"
const VERSION = 1;

/** Addresses of the fields of the header. */
export const HEADER = {
  magic: 0,
  version: 4,
  /** Where the next object goes. */
  pointer: 8,
  /** Where the memory given by the kernel ends. */
  limit: 12,
  filesListed: 16,
  /** Files whose every word is in the index: also the number of the file that is being indexed. */
  filesIndexed: 20,
  vocabulary: 24,
  buckets: 28,
  /** Words of the files that are indexed. */
  postings: 32,
  /** Bytes of the files that are indexed. */
  textBytes: 36,
  /** The chunk of text being scanned, 0 before the first; how far in it; and the words of this file so far. */
  scanChunk: 40,
  scanOffset: 44,
  scanWords: 48,
  fileTables: 256,
  segments: 512,
} as const;

/** Entries of one file table, and of one segment of buckets: 512. */
export const TABLE_BITS = 9;
export const TABLE_ENTRIES: number = 1 << TABLE_BITS;
/** The most files an index holds. */
export const FILES_MAX: number = ((HEADER.segments - HEADER.fileTables) / 4) * TABLE_ENTRIES;
/** The most buckets the hash table grows to; from then on its chains grow. */
export const BUCKETS_MAX: number = ((PAGE_SIZE - HEADER.segments) / 4) * TABLE_ENTRIES;
/** What an arena asks of the kernel when it is full, and what it begins with: 1 MiB. */
export const ARENA_GROWTH: number = 256 * PAGE_SIZE;

/** Makes an empty arena of zero memory that ends at `limit`. Running it again changes nothing. */
export const formatArena = (memory: TaskMemory, limit: number): void => {
  claim(memory, HEADER.magic);
  if (memory.getU32(HEADER.magic) === MAGIC) return;
  const fields: readonly (readonly [number, number])[] = [
    [HEADER.version, VERSION],
    [HEADER.pointer, PAGE_SIZE + TABLE_ENTRIES * 4],
    [HEADER.limit, limit],
    [HEADER.buckets, TABLE_ENTRIES],
    [HEADER.segments, PAGE_SIZE],
    [HEADER.magic, MAGIC],
  ];
  for (const [field, value] of fields) memory.setU32(field, value);
};

/** Whether the memory holds an arena of this version. */
export const isArena = (memory: TaskMemory): boolean =>
  memory.getU32(HEADER.magic) === MAGIC && memory.getU32(HEADER.version) === VERSION;

/** Tells the arena that its memory now ends at `limit`. Running it again changes nothing. */
export const extendArena = (memory: TaskMemory, limit: number): void => {
  if (limit > memory.getU32(HEADER.limit)) memory.setU32(HEADER.limit, limit);
};

/** Bytes left in the page that `address` lies in. */
export const roomAt = (address: number): number => PAGE_SIZE - (address % PAGE_SIZE);

/** Where an object that needs `size` bytes of one page goes if the pointer stands at `pointer`. */
export const placeAt = (pointer: number, size: number): number =>
  roomAt(pointer) >= size ? pointer : pointer + roomAt(pointer);

/**
 * Makes `size` bytes at `address`, where `placeAt` puts the next object, ready to be written. Answers whether there is
 * enough memory; if not, the kernel must give more first. Nothing is changed. Faults unless the page is writable.
 */
export const reserve = (memory: TaskMemory, address: number, size: number): boolean => {
  if (address + size > memory.getU32(HEADER.limit)) return false;
  claim(memory, address);
  return true;
};

/** Where the next object of `size` bytes goes, reserved; 0 if there is not enough memory. */
export const place = (memory: TaskMemory, size: number): number => {
  const address = placeAt(memory.getU32(HEADER.pointer), size);
  return reserve(memory, address, size) ? address : 0;
};

/** The object placed at `address` is made. The header must have been claimed. */
export const take = (memory: TaskMemory, address: number, size: number): void =>
  memory.setU32(HEADER.pointer, address + size);

/** Pages that hold something. */
export const pagesUsed = (memory: TaskMemory): number => Math.ceil(memory.getU32(HEADER.pointer) / PAGE_SIZE);
