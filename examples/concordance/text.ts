import { HEADER, placeAt, reserve, roomAt, take } from './arena.ts';
import { DIGEST_BYTES, FILE, FILE_STATE, fileAddress } from './file-table.ts';
import { claim, PAGE_SIZE, type TaskMemory } from './memory.ts';
import { WordScanner } from './tokenize.ts';

/**
 * The text of a file: a chain of chunks, each within a page and cut between two words. A run of word characters that
 * is too long for any cut is cut between characters, and the chunk says that it ends inside of it: at least 253 bytes
 * of the run are in that chunk, so it is no word. Each chunk also knows an earlier one (`jump`), chosen so that any
 * place of the text is found from the end in a logarithmic number of jumps (Myers 1983).
 */
export const CHUNK = {
  next: 0,
  previous: 4,
  jump: 8,
  depth: 12,
  file: 16,
  offset: 20,
  length: 24,
  endsInside: 28,
  text: 32,
} as const;

/** How far before the end of a chunk a cut is looked for. */
const CUT_WINDOW = 256;
/** In less room than this no chunk is begun: the window, and some. */
const ROOM_MIN = CHUNK.text + CUT_WINDOW + 32;
/** The shortest piece of text, unless it is the last: enough for the longest chunk. */
export const PIECE_MIN: number = PAGE_SIZE;
/** The longest piece of text: what one step can store. */
export const PIECE_MAX = 65536;

/** A part of a file, as a read answers it. */
export interface Piece {
  readonly file: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Size and digest of the whole file; the first piece decides. */
  readonly size: number;
  readonly digest: Uint8Array;
}

/** Where a chunk that may be `limit` bytes long ends, and whether that is inside of a run of word characters. */
const cutText = (bytes: Uint8Array, limit: number): { length: number; inside: boolean } => {
  const scanner = new WordScanner();
  let border = 0; // the last between two characters, in case there is none behind a separator
  for (let end = limit; end > limit - CUT_WINDOW; end -= 1) {
    if (((bytes[end] ?? 0) & 0xc0) === 0x80) continue;
    if (border === 0) border = end;
    if (!scanner.endsInWord(bytes, end)) return { length: end, inside: false };
  }
  return border === 0 ? { length: limit, inside: false } : { length: border, inside: true };
};

/** The jump of a chunk that follows `parent`. */
const jumpAfter = (memory: TaskMemory, parent: number): number => {
  const near = memory.getU32(parent + CHUNK.jump);
  const far = memory.getU32(near + CHUNK.jump);
  const nearDepth = memory.getU32(near + CHUNK.depth);
  const isEven = memory.getU32(parent + CHUNK.depth) - nearDepth === nearDepth - memory.getU32(far + CHUNK.depth);
  return isEven ? far : parent;
};

/** Makes one chunk of `bytes`, or of a beginning of them if the page or the text demands it. */
const storeChunk = (
  memory: TaskMemory,
  entry: number,
  bytes: Uint8Array,
  left: number,
): 'done' | 'more' | 'need-more' => {
  const chunk = placeAt(memory.getU32(HEADER.pointer), Math.min(ROOM_MIN, CHUNK.text + left));
  const limit = Math.min(roomAt(chunk) - CHUNK.text, left);
  if (bytes.length < Math.min(limit + 1, left)) return 'more'; // the cut looks at the byte behind it
  const { length, inside } = limit === left ? { length: left, inside: false } : cutText(bytes, limit);
  const size = CHUNK.text + Math.ceil(length / 4) * 4;
  const last = memory.getU32(entry + FILE.lastChunk);
  const depth = last === 0 ? 0 : memory.getU32(last + CHUNK.depth) + 1;
  const jump = last === 0 ? chunk : jumpAfter(memory, last);
  if (last !== 0) claim(memory, last);
  if (!reserve(memory, chunk, size)) return 'need-more';
  const stored = memory.getU32(entry + FILE.stored);
  // --- Nothing faults from here on. ---
  memory.setU32(chunk + CHUNK.previous, last);
  memory.setU32(chunk + CHUNK.jump, jump);
  memory.setU32(chunk + CHUNK.depth, depth);
  memory.setU32(chunk + CHUNK.file, memory.getU32(entry + FILE.number));
  memory.setU32(chunk + CHUNK.offset, stored);
  memory.setU32(chunk + CHUNK.length, length);
  memory.setU32(chunk + CHUNK.endsInside, inside ? 1 : 0);
  memory.copyIn(chunk + CHUNK.text, bytes.subarray(0, length));
  memory.setU32(last === 0 ? entry + FILE.firstChunk : last + CHUNK.next, chunk);
  memory.setU32(entry + FILE.lastChunk, chunk);
  memory.setU32(entry + FILE.stored, stored + length);
  take(memory, chunk, size);
  return 'done';
};

/** The first piece of a file decides about its size. */
const openText = (memory: TaskMemory, entry: number, piece: Piece): void => {
  memory.setU32(entry + FILE.size, piece.size);
  memory.copyIn(entry + FILE.digest, piece.digest.subarray(0, DIGEST_BYTES));
  memory.setU32(entry + FILE.state, FILE_STATE.storing);
};

/**
 * Stores a piece of the text of the file that is to be indexed next. `more`: all that was useful of the piece is
 * stored, the next read begins at `nextNeed(…).offset`. Pieces that were stored, or are of another file, change
 * nothing. How a text was cut into pieces leaves no trace. A piece shorter than `PIECE_MIN` ends the file, even before
 * its size: it was truncated since.
 */
export const storeText = (memory: TaskMemory, piece: Piece): 'done' | 'more' | 'need-more' => {
  claim(memory, HEADER.pointer);
  if (piece.file !== memory.getU32(HEADER.filesIndexed)) return 'done';
  const entry = fileAddress(memory, piece.file);
  claim(memory, entry);
  if (memory.getU32(entry + FILE.state) >= FILE_STATE.stored) return 'done';
  if (memory.getU32(entry + FILE.state) === FILE_STATE.listed) openText(memory, entry, piece);
  const end = piece.offset + piece.bytes.length;
  if (piece.bytes.length < PIECE_MIN && end < memory.getU32(entry + FILE.size)) {
    memory.setU32(entry + FILE.size, Math.max(end, memory.getU32(entry + FILE.stored)));
  }
  for (;;) {
    const stored = memory.getU32(entry + FILE.stored);
    const left = memory.getU32(entry + FILE.size) - stored;
    if (left <= 0) break;
    if (stored < piece.offset || stored >= end) return 'more';
    const answer = storeChunk(memory, entry, piece.bytes.subarray(stored - piece.offset), left);
    if (answer !== 'done') return answer;
  }
  memory.setU32(entry + FILE.state, FILE_STATE.stored);
  return 'done';
};

/** The chunk of a file that holds the byte at `position`. */
const chunkAt = (memory: TaskMemory, entry: number, position: number): number => {
  let chunk = memory.getU32(entry + FILE.lastChunk);
  while (memory.getU32(chunk + CHUNK.offset) > position) {
    const jump = memory.getU32(chunk + CHUNK.jump);
    const isBefore = memory.getU32(jump + CHUNK.offset) <= position;
    chunk = isBefore ? memory.getU32(chunk + CHUNK.previous) : jump;
  }
  return chunk;
};

/** The text of a stored file from one position to before another, or as much of it as there is. */
export const readText = (memory: TaskMemory, number: number, from: number, to: number): Uint8Array => {
  const entry = fileAddress(memory, number);
  const end = Math.min(to, memory.getU32(entry + FILE.stored));
  const text = new Uint8Array(Math.max(0, end - from));
  if (text.length === 0) return text;
  for (let at = from, chunk = chunkAt(memory, entry, from); at < end; chunk = memory.getU32(chunk + CHUNK.next)) {
    const skipped = at - memory.getU32(chunk + CHUNK.offset);
    const length = Math.min(memory.getU32(chunk + CHUNK.length) - skipped, end - at);
    text.set(memory.copyOut(chunk + CHUNK.text + skipped, length), at - from);
    at += length;
  }
  return text;
};
