import { ARENA_GROWTH, extendArena, formatArena, HEADER, pagesUsed } from './arena.ts';
import { enlistFile } from './file-table.ts';
import { textPiece } from './input.ts';
import { indexSome, nextNeed } from './inverted-index.ts';
import { ArrayMemory, PAGE_SIZE, type TaskMemory } from './memory.ts';
import { storeText } from './text.ts';

/** What a driver reads from: files with their bytes, in the order of their numbers. */
export interface DrivenFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
}

/**
 * One step of what a program does, without the messages: list, store, or index about `budget` bytes. It leaves by the
 * memory's page fault like any other operation, and is then run again.
 */
export const driveStep = (
  memory: TaskMemory,
  files: readonly DrivenFile[],
  budget: number,
): 'advanced' | 'need-more' | 'finished' => {
  const listed = memory.getU32(HEADER.filesListed);
  const next = files[listed];
  if (next !== undefined) {
    const answer = enlistFile(memory, listed, { path: next.path, size: next.bytes.length });
    if (answer === 'refused') throw new Error(`not a file for an index: ${next.path}`);
    return answer === 'done' ? 'advanced' : 'need-more';
  }
  const need = nextNeed(memory);
  if (need.want === 'nothing') return 'finished';
  if (need.want === 'indexing') return indexSome(memory, budget) === 'need-more' ? 'need-more' : 'advanced';
  const { file, offset, length } = need;
  const source = files[file] as DrivenFile;
  const bytes = source.bytes.subarray(offset, offset + length);
  const piece = textPiece({ file, offset, bytes, size: source.bytes.length, digest: source.digest });
  return storeText(memory, piece) === 'need-more' ? 'need-more' : 'advanced';
};

/** The unmoved run: indexes all files in memory that is always there. */
export const indexUnmoved = (files: readonly DrivenFile[], budget = 65536): ArrayMemory => {
  const memory = new ArrayMemory(ARENA_GROWTH);
  formatArena(memory, ARENA_GROWTH);
  for (;;) {
    const answer = driveStep(memory, files, budget);
    if (answer === 'finished') return memory;
    if (answer === 'advanced') continue;
    memory.grow(ARENA_GROWTH);
    extendArena(memory, memory.size);
  }
};

/** A digest of each page that holds something, in the order of the pages. */
export const digestPages = (memory: TaskMemory, digest: (page: Uint8Array) => string): string[] => {
  const digests: string[] = [];
  for (let page = 0; page < pagesUsed(memory); page += 1) {
    digests.push(digest(memory.copyOut(page * PAGE_SIZE, PAGE_SIZE)));
  }
  return digests;
};
