import { BUCKETS_MAX, HEADER, place, placeAt, reserve, roomAt, TABLE_BITS, TABLE_ENTRIES, take } from './arena.ts';
import { claim, type TaskMemory } from './memory.ts';
import type { WordScanner } from './tokenize.ts';

/**
 * The vocabulary: a linear hash table (Litwin 1980), which grows by one bucket for one new word, so that growing is
 * never more than one small operation; and for every word its postings, in the order of files and positions.
 *
 *   bucket ──▶ word ──▶ word ──▶ 0
 *               │ first posting inside
 *               └─▶ block ──▶ block        each twice as large as the last, up to a limit or the end of the page
 */

/** Offsets of the fields of a word. */
export const WORD = {
  next: 0,
  hash: 4,
  length: 8,
  /** Postings; those in earlier files than the last; files. */
  count: 12,
  countBefore: 16,
  files: 20,
  lastFile: 24,
  firstBlock: 28,
  lastBlock: 32,
  /** Where the next posting goes, and the end of the block. */
  tail: 36,
  tailEnd: 40,
  firstFile: 44,
  firstPosition: 48,
  bytes: 52,
} as const;

/** Offsets of the fields of a block of postings: pairs of file and position. */
export const BLOCK = { next: 0, capacity: 4, pairs: 8 } as const;

const CAPACITY_MIN = 4;
const CAPACITY_MAX = 240;

/** Where a word stands. */
export interface Place {
  readonly file: number;
  readonly position: number;
}

/** The address of a bucket. */
const bucketAddress = (memory: TaskMemory, bucket: number): number =>
  memory.getU32(HEADER.segments + (bucket >>> TABLE_BITS) * 4) + (bucket & (TABLE_ENTRIES - 1)) * 4;

/** The smallest power of two that is not less than `count`. */
const powerAbove = (count: number): number => 1 << (32 - Math.clz32(count - 1));

const bucketOf = (hash: number, buckets: number): number => {
  const power = powerAbove(buckets);
  const bucket = (hash & (power - 1)) >>> 0;
  return bucket < buckets ? bucket : bucket - power / 2;
};

/** Hot path. Whether the word at `entry` is the word that the scanner found. */
const isWord = (memory: TaskMemory, entry: number, scanner: WordScanner): boolean => {
  if (memory.getU32(entry + WORD.hash) !== scanner.hash) return false;
  if (memory.getU32(entry + WORD.length) !== scanner.length) return false;
  for (let offset = 0; offset < scanner.length; offset += 4) {
    if (memory.getU32(entry + WORD.bytes + offset) !== scanner.wordU32(offset)) return false;
  }
  return true;
};

/** Hot path. The entry in a bucket of the word that the scanner found, or 0. */
const findIn = (memory: TaskMemory, bucket: number, scanner: WordScanner): number => {
  let entry = memory.getU32(bucket);
  while (entry !== 0 && !isWord(memory, entry, scanner)) entry = memory.getU32(entry + WORD.next);
  return entry;
};

/** The entry of the word that the scanner found, or 0. Writes nothing. */
export const findWord = (memory: TaskMemory, scanner: WordScanner): number =>
  findIn(memory, bucketAddress(memory, bucketOf(scanner.hash, memory.getU32(HEADER.buckets))), scanner);

/** Puts a new word, standing at `at`, in front of its bucket. */
const insertWord = (memory: TaskMemory, bucket: number, scanner: WordScanner, at: Place): 'done' | 'need-more' => {
  const size = WORD.bytes + Math.ceil(scanner.length / 4) * 4;
  claim(memory, bucket);
  const entry = place(memory, size);
  if (entry === 0) return 'need-more';
  // --- Nothing faults from here on. ---
  memory.setU32(entry + WORD.next, memory.getU32(bucket));
  memory.setU32(entry + WORD.hash, scanner.hash);
  memory.setU32(entry + WORD.length, scanner.length);
  memory.setU32(entry + WORD.count, 1);
  memory.setU32(entry + WORD.files, 1);
  memory.setU32(entry + WORD.lastFile, at.file);
  memory.setU32(entry + WORD.firstFile, at.file);
  memory.setU32(entry + WORD.firstPosition, at.position);
  for (let offset = 0; offset < scanner.length; offset += 4) {
    memory.setU32(entry + WORD.bytes + offset, scanner.wordU32(offset));
  }
  memory.setU32(bucket, entry);
  take(memory, entry, size);
  memory.setU32(HEADER.vocabulary, memory.getU32(HEADER.vocabulary) + 1);
  return 'done';
};

/** Writes a posting at `tail`, which is claimed, as is the entry. */
const writePosting = (memory: TaskMemory, entry: number, tail: number, at: Place): void => {
  const count = memory.getU32(entry + WORD.count);
  memory.setU32(tail, at.file);
  memory.setU32(tail + 4, at.position);
  memory.setU32(entry + WORD.tail, tail + 8);
  memory.setU32(entry + WORD.count, count + 1);
  if (memory.getU32(entry + WORD.lastFile) === at.file) return;
  memory.setU32(entry + WORD.lastFile, at.file);
  memory.setU32(entry + WORD.countBefore, count);
  memory.setU32(entry + WORD.files, memory.getU32(entry + WORD.files) + 1);
};

/** Adds a block to a word whose last block is full, with a first posting. */
const appendBlock = (memory: TaskMemory, entry: number, at: Place): 'done' | 'need-more' => {
  const pointer = memory.getU32(HEADER.pointer);
  const block = placeAt(pointer, BLOCK.pairs + CAPACITY_MIN * 8);
  const wanted = Math.max(CAPACITY_MIN, Math.min(CAPACITY_MAX, memory.getU32(entry + WORD.count)));
  const capacity = Math.min(wanted, Math.floor((roomAt(block) - BLOCK.pairs) / 8));
  const size = BLOCK.pairs + capacity * 8;
  const last = memory.getU32(entry + WORD.lastBlock);
  claim(memory, entry);
  if (last !== 0) claim(memory, last);
  if (!reserve(memory, block, size)) return 'need-more';
  // --- Nothing faults from here on. ---
  memory.setU32(block + BLOCK.capacity, capacity);
  memory.setU32(last === 0 ? entry + WORD.firstBlock : last + BLOCK.next, block);
  memory.setU32(entry + WORD.lastBlock, block);
  memory.setU32(entry + WORD.tailEnd, block + size);
  writePosting(memory, entry, block + BLOCK.pairs, at);
  take(memory, block, size);
  return 'done';
};

/** Hot path. The word that the scanner found stands at `at`, behind all that was posted. The header is claimed. */
export const postWord = (memory: TaskMemory, scanner: WordScanner, at: Place): 'done' | 'need-more' => {
  const bucket = bucketAddress(memory, bucketOf(scanner.hash, memory.getU32(HEADER.buckets)));
  const entry = findIn(memory, bucket, scanner);
  if (entry === 0) return insertWord(memory, bucket, scanner, at);
  const tail = memory.getU32(entry + WORD.tail);
  if (tail === memory.getU32(entry + WORD.tailEnd)) return appendBlock(memory, entry, at);
  claim(memory, tail);
  claim(memory, entry);
  writePosting(memory, entry, tail, at);
  return 'done';
};

/** Makes room for the next `TABLE_ENTRIES` buckets. */
const openSegment = (memory: TaskMemory, segment: number): 'done' | 'need-more' => {
  const size = TABLE_ENTRIES * 4;
  const address = place(memory, size);
  if (address === 0) return 'need-more';
  memory.setU32(HEADER.segments + segment * 4, address);
  take(memory, address, size);
  return 'done';
};

/** Whether the table should have one more bucket. */
const isCrowded = (memory: TaskMemory): boolean => {
  const buckets = memory.getU32(HEADER.buckets);
  return memory.getU32(HEADER.vocabulary) > buckets && buckets < BUCKETS_MAX;
};

/** Splits one bucket: its words keep their order. */
const splitBucket = (memory: TaskMemory): 'done' | 'need-more' => {
  const buckets = memory.getU32(HEADER.buckets);
  const segment = buckets >>> TABLE_BITS;
  if (memory.getU32(HEADER.segments + segment * 4) === 0 && openSegment(memory, segment) !== 'done') return 'need-more';
  const power = powerAbove(buckets + 1);
  const from = bucketAddress(memory, buckets - power / 2);
  const to = bucketAddress(memory, buckets);
  const staying: number[] = [];
  const leaving: number[] = [];
  claim(memory, from);
  claim(memory, to);
  for (let entry = memory.getU32(from); entry !== 0; entry = memory.getU32(entry + WORD.next)) {
    claim(memory, entry);
    const isLeaving = (memory.getU32(entry + WORD.hash) & (power - 1)) >>> 0 === buckets;
    (isLeaving ? leaving : staying).push(entry);
  }
  // --- Nothing faults from here on. ---
  for (const [bucket, entries] of [
    [from, staying],
    [to, leaving],
  ] as const) {
    let link = bucket;
    for (const entry of entries) {
      memory.setU32(link, entry);
      link = entry + WORD.next;
    }
    memory.setU32(link, 0);
  }
  memory.setU32(HEADER.buckets, buckets + 1);
  return 'done';
};

/** Hot path. Grows the table by as many buckets as it lacks: after one new word, one. The header is claimed. */
export const settleWords = (memory: TaskMemory): 'done' | 'need-more' => {
  while (isCrowded(memory)) if (splitBucket(memory) !== 'done') return 'need-more';
  return 'done';
};

/** Up to `max` postings of a word, in order, from the one with index `skip` on; none in a file not below `files`. */
export const readPostings = (
  memory: TaskMemory,
  entry: number,
  range: { readonly skip: number; readonly max: number; readonly files: number },
): Place[] => {
  const count = memory.getU32(entry + WORD.count);
  const places: Place[] = [];
  const admit = (address: number): boolean => {
    const file = memory.getU32(address);
    if (file >= range.files) return false;
    places.push({ file, position: memory.getU32(address + 4) });
    return places.length < range.max;
  };
  if (range.max <= 0 || range.skip >= count) return places;
  if (range.skip === 0 && !admit(entry + WORD.firstFile)) return places;
  let block = memory.getU32(entry + WORD.firstBlock);
  for (let index = 1; index < count; block = memory.getU32(block + BLOCK.next)) {
    const held = Math.min(memory.getU32(block + BLOCK.capacity), count - index);
    for (let at = Math.max(0, range.skip - index); at < held; at += 1) {
      if (!admit(block + BLOCK.pairs + at * 8)) return places;
    }
    index += held;
  }
  return places;
};
