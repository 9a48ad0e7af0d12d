import { FILES_MAX, HEADER, place, TABLE_ENTRIES, take } from './arena.ts';
import { claim, type TaskMemory } from './memory.ts';

/**
 * The files of an index, in the order of their numbers. First all are enlisted, so that the list itself lies in the
 * memory; then, file by file, the text is stored and the words are posted.
 *
 *   LISTED ── first piece of text ──▶ STORING ── last piece ──▶ STORED ── last word posted ──▶ INDEXED
 */
export const FILE_STATE = { listed: 0, storing: 1, stored: 2, indexed: 3 } as const;

/** Offsets of the fields of a file entry. */
export const FILE = {
  number: 0,
  size: 4,
  state: 8,
  stored: 12,
  words: 16,
  firstChunk: 20,
  lastChunk: 24,
  digest: 28,
  pathLength: 60,
  path: 64,
} as const;

/** Bytes of a digest; an unknown digest is zeros. */
export const DIGEST_BYTES = 32;
/** The longest path, in bytes of UTF-8. */
export const PATH_BYTES_MAX = 1024;

/** A file as the plan names it. */
export interface PlannedFile {
  readonly path: string;
  readonly size: number;
}

/** A file as the index knows it. */
export interface FileRecord extends PlannedFile {
  readonly number: number;
  readonly state: 'listed' | 'storing' | 'stored' | 'indexed';
  readonly words: number;
  readonly digest: Uint8Array;
}

/** The address of the entry of a listed file. */
export const fileAddress = (memory: TaskMemory, number: number): number => {
  const table = memory.getU32(HEADER.fileTables + Math.floor(number / TABLE_ENTRIES) * 4);
  return memory.getU32(table + (number % TABLE_ENTRIES) * 4);
};

/** The path of a listed file. */
export const pathOf = (memory: TaskMemory, entry: number): string =>
  new TextDecoder().decode(memory.copyOut(entry + FILE.path, memory.getU32(entry + FILE.pathLength)));

/** All that the index knows of a file, or undefined if it is not listed. */
export const fileRecord = (memory: TaskMemory, number: number): FileRecord | undefined => {
  if (number >= memory.getU32(HEADER.filesListed)) return undefined;
  const entry = fileAddress(memory, number);
  const state = (['listed', 'storing', 'stored', 'indexed'] as const)[memory.getU32(entry + FILE.state)];
  return {
    number,
    path: pathOf(memory, entry),
    size: memory.getU32(entry + FILE.size),
    state: state ?? 'listed',
    words: memory.getU32(entry + FILE.words),
    digest: memory.copyOut(entry + FILE.digest, DIGEST_BYTES),
  };
};

/** Makes room for the entries of the next `TABLE_ENTRIES` files. */
const openTable = (memory: TaskMemory, table: number): 'done' | 'need-more' => {
  const size = TABLE_ENTRIES * 4;
  const address = place(memory, size);
  if (address === 0) return 'need-more';
  memory.setU32(HEADER.fileTables + table * 4, address);
  take(memory, address, size);
  return 'done';
};

/**
 * Lists the file `number`; files are listed in order, all before the first text. A file that is listed already stays
 * as it is. `refused`: the path is too long, or the table is full.
 */
export const enlistFile = (memory: TaskMemory, number: number, file: PlannedFile): 'done' | 'need-more' | 'refused' => {
  const path = new TextEncoder().encode(file.path);
  if (path.length > PATH_BYTES_MAX || number >= FILES_MAX) return 'refused';
  claim(memory, HEADER.filesListed);
  const listed = memory.getU32(HEADER.filesListed);
  if (number < listed) return 'done';
  if (number > listed) return 'refused';
  const table = Math.floor(number / TABLE_ENTRIES);
  if (memory.getU32(HEADER.fileTables + table * 4) === 0 && openTable(memory, table) !== 'done') return 'need-more';

  const size = FILE.path + Math.ceil(path.length / 4) * 4;
  const slot = memory.getU32(HEADER.fileTables + table * 4) + (number % TABLE_ENTRIES) * 4;
  claim(memory, slot);
  const entry = place(memory, size);
  if (entry === 0) return 'need-more';
  // --- Nothing faults from here on. ---
  memory.setU32(entry + FILE.number, number);
  memory.setU32(entry + FILE.size, file.size);
  memory.setU32(entry + FILE.pathLength, path.length);
  memory.copyIn(entry + FILE.path, path);
  memory.setU32(slot, entry);
  take(memory, entry, size);
  memory.setU32(HEADER.filesListed, number + 1);
  return 'done';
};
