import { HEADER } from './arena.ts';
import { FILE, FILE_STATE, fileAddress, pathOf } from './file-table.ts';
import { claim, type TaskMemory } from './memory.ts';
import { CHUNK, PIECE_MAX, PIECE_MIN, readText } from './text.ts';
import { oneWord, WordScanner } from './tokenize.ts';
import { findWord, postWord, readPostings, settleWords, WORD } from './words.ts';

/**
 * An inverted index that lives in memory alone: what it has done and what it needs next are read from its header, so
 * the program that drives it keeps nothing. It is driven by what `nextNeed` answers.
 */

/** The most hits in one answer. */
export const HITS_MAX = 1024;
/** How much of the line is shown before and behind a hit, in bytes. */
export const CONTEXT_BYTES = 160;

/** What the index is waiting for. */
export type Need =
  /** A piece of the text of a file: `storeText`. */
  | {
      readonly want: 'text';
      readonly file: number;
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    }
  /** Time: `indexSome`. */
  | { readonly want: 'indexing'; readonly file: number }
  /** Nothing: every listed file is indexed. */
  | { readonly want: 'nothing' };

/** How far the index is: plain data, also for showing. */
export interface Progress {
  readonly filesListed: number;
  readonly filesIndexed: number;
  /** In the file that is being indexed: bytes stored, bytes scanned, words posted. */
  readonly stored: number;
  readonly scanned: number;
  readonly words: number;
  /** In the files that are indexed. */
  readonly postings: number;
  readonly textBytes: number;
  readonly vocabulary: number;
}

/** A question: where does this word stand? */
export interface WordQuery {
  readonly word: string;
  /** Hits to leave out, and the most to answer (`HITS_MAX` at most). */
  readonly skip: number;
  readonly hitsMax: number;
}

/** The hits in one file. */
export interface FileHits {
  readonly file: number;
  readonly path: string;
  readonly positions: readonly number[];
}

/** An answer. It is about the first `filesIndexed` files, whole, and about nothing else. */
export interface Answer {
  readonly word: string;
  readonly filesIndexed: number;
  /** All hits, and the files that have any. */
  readonly total: number;
  readonly files: number;
  readonly hits: readonly FileHits[];
}

/** What the index needs next. Writes nothing. */
export const nextNeed = (memory: TaskMemory): Need => {
  const file = memory.getU32(HEADER.filesIndexed);
  if (file === memory.getU32(HEADER.filesListed)) return { want: 'nothing' };
  const entry = fileAddress(memory, file);
  if (memory.getU32(entry + FILE.state) >= FILE_STATE.stored) return { want: 'indexing', file };
  const offset = memory.getU32(entry + FILE.stored);
  const left = memory.getU32(entry + FILE.size) - offset;
  const length = Math.max(PIECE_MIN, Math.min(left, PIECE_MAX));
  return { want: 'text', file, path: pathOf(memory, entry), offset, length };
};

/** How far the index is. Writes nothing. */
export const progressOf = (memory: TaskMemory): Progress => {
  const filesIndexed = memory.getU32(HEADER.filesIndexed);
  const filesListed = memory.getU32(HEADER.filesListed);
  const stored = filesIndexed < filesListed ? memory.getU32(fileAddress(memory, filesIndexed) + FILE.stored) : 0;
  const chunk = memory.getU32(HEADER.scanChunk);
  return {
    filesListed,
    filesIndexed,
    stored,
    scanned: (chunk === 0 ? 0 : memory.getU32(chunk + CHUNK.offset)) + memory.getU32(HEADER.scanOffset),
    words: memory.getU32(HEADER.scanWords),
    postings: memory.getU32(HEADER.postings),
    textBytes: memory.getU32(HEADER.textBytes),
    vocabulary: memory.getU32(HEADER.vocabulary),
  };
};

/** Where the scan of a chunk begins: behind a run that began in the chunk before. */
const scanStart = (memory: TaskMemory, chunk: number, bytes: Uint8Array, scanner: WordScanner): number => {
  const offset = memory.getU32(HEADER.scanOffset);
  const previous = memory.getU32(chunk + CHUNK.previous);
  if (offset > 0 || previous === 0 || memory.getU32(previous + CHUNK.endsInside) === 0) return offset;
  return scanner.skipRun(bytes, 0);
};

/** Hot path. Posts the words of a chunk, at most so many bytes of it. */
const scanChunk = (
  memory: TaskMemory,
  chunk: number,
  scanner: WordScanner,
  budget: number,
): 'done' | 'out-of-budget' | 'need-more' => {
  const bytes = memory.copyOut(chunk + CHUNK.text, memory.getU32(chunk + CHUNK.length));
  const file = memory.getU32(chunk + CHUNK.file);
  const offset = memory.getU32(chunk + CHUNK.offset);
  let at = scanStart(memory, chunk, bytes, scanner);
  const stop = at + budget;
  for (;;) {
    if (settleWords(memory) !== 'done') return 'need-more';
    if (!scanner.next(bytes, at)) return 'done';
    if (postWord(memory, scanner, { file, position: offset + scanner.start }) !== 'done') return 'need-more';
    memory.setU32(HEADER.scanChunk, chunk);
    memory.setU32(HEADER.scanOffset, scanner.end);
    memory.setU32(HEADER.scanWords, memory.getU32(HEADER.scanWords) + 1);
    at = scanner.end;
    if (at >= stop) return 'out-of-budget';
  }
};

/** Every word of the file is posted: from now on it is part of the answers. */
const closeFile = (memory: TaskMemory, entry: number): void => {
  const words = memory.getU32(HEADER.scanWords);
  claim(memory, entry);
  memory.setU32(entry + FILE.words, words);
  memory.setU32(entry + FILE.state, FILE_STATE.indexed);
  memory.setU32(HEADER.postings, memory.getU32(HEADER.postings) + words);
  memory.setU32(HEADER.textBytes, memory.getU32(HEADER.textBytes) + memory.getU32(entry + FILE.size));
  for (const field of [HEADER.scanChunk, HEADER.scanOffset, HEADER.scanWords]) memory.setU32(field, 0);
  memory.setU32(HEADER.filesIndexed, memory.getU32(HEADER.filesIndexed) + 1);
};

/**
 * Indexes about `budget` bytes of the stored file; ends early at the end of the file. `need-more`: the kernel must give
 * `ARENA_GROWTH` first; `waiting`: `nextNeed` wants something else.
 */
export const indexSome = (memory: TaskMemory, budget: number): 'advanced' | 'need-more' | 'waiting' => {
  claim(memory, HEADER.pointer);
  const file = memory.getU32(HEADER.filesIndexed);
  if (file === memory.getU32(HEADER.filesListed)) return 'waiting';
  const entry = fileAddress(memory, file);
  if (memory.getU32(entry + FILE.state) !== FILE_STATE.stored) return 'waiting';
  const scanner = new WordScanner();
  let chunk = memory.getU32(HEADER.scanChunk) || memory.getU32(entry + FILE.firstChunk);
  for (let left = budget; chunk !== 0; ) {
    if (left <= 0) return 'advanced';
    const before = memory.getU32(HEADER.scanOffset);
    const answer = scanChunk(memory, chunk, scanner, left);
    if (answer !== 'done') return answer === 'need-more' ? 'need-more' : 'advanced';
    left -= memory.getU32(chunk + CHUNK.length) - before;
    chunk = memory.getU32(chunk + CHUNK.next);
    if (chunk === 0) break;
    memory.setU32(HEADER.scanChunk, chunk);
    memory.setU32(HEADER.scanOffset, 0);
  }
  closeFile(memory, entry);
  return 'advanced';
};

/** Answers a question from the files that are indexed at this moment. Writes nothing. */
export const lookup = (memory: TaskMemory, query: WordQuery): Answer => {
  const filesIndexed = memory.getU32(HEADER.filesIndexed);
  const none = { word: query.word, filesIndexed, total: 0, files: 0, hits: [] };
  const scanner = oneWord(query.word);
  const entry = scanner === undefined ? 0 : findWord(memory, scanner);
  if (entry === 0) return none;
  const isLastOut = memory.getU32(entry + WORD.lastFile) >= filesIndexed; // only the file that is being indexed can be
  const total = memory.getU32(entry + (isLastOut ? WORD.countBefore : WORD.count));
  if (total === 0) return none;
  const max = Math.min(query.hitsMax, HITS_MAX);
  const hits: { file: number; path: string; positions: number[] }[] = [];
  for (const { file, position } of readPostings(memory, entry, { skip: query.skip, max, files: filesIndexed })) {
    const last = hits.at(-1);
    if (last?.file === file) last.positions.push(position);
    else hits.push({ file, path: pathOf(memory, fileAddress(memory, file)), positions: [position] });
  }
  const files = memory.getU32(entry + WORD.files) - (isLastOut ? 1 : 0);
  return { word: query.word, filesIndexed, total, files, hits };
};

/** The line that holds `position`, or `CONTEXT_BYTES` of it on either side. */
const lineAround = (memory: TaskMemory, file: number, position: number): Uint8Array => {
  const from = Math.max(0, position - CONTEXT_BYTES);
  const text = readText(memory, file, from, position + CONTEXT_BYTES);
  const hit = position - from;
  const start = hit === 0 ? 0 : text.lastIndexOf(0x0a, hit - 1) + 1;
  const end = text.indexOf(0x0a, hit);
  return text.subarray(start, end < 0 ? text.length : end);
};

/** The lines around the hits of an answer, as `path:position:line` each. Writes nothing. */
export const contextOf = (memory: TaskMemory, answer: Answer): Uint8Array => {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  for (const { file, path, positions } of answer.hits) {
    for (const position of positions) {
      parts.push(encoder.encode(`${path}:${position}:`), lineAround(memory, file, position), encoder.encode('\n'));
    }
  }
  const text = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    text.set(part, at);
    at += part.length;
  }
  return text;
};
