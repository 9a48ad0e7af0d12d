import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ARENA_GROWTH,
  extendArena,
  formatArena,
  HEADER,
  isArena,
  pagesUsed,
  TABLE_ENTRIES,
} from '../../examples/concordance/arena.ts';
import { type DrivenFile, digestPages, driveStep, indexUnmoved } from '../../examples/concordance/drive.ts';
import { FaultingMemory } from '../../examples/concordance/faulting-memory.ts';
import { enlistFile, fileRecord } from '../../examples/concordance/file-table.ts';
import { DEFAULT_INPUT, planFiles, textPiece } from '../../examples/concordance/input.ts';
import { contextOf, indexSome, lookup, nextNeed, progressOf } from '../../examples/concordance/inverted-index.ts';
import { ArrayMemory, claim, PAGE_SIZE, PageFault, type TaskMemory } from '../../examples/concordance/memory.ts';
import { listFolder, readFiles, sha256 } from '../../examples/concordance/node-source.ts';
import { countWords, makeQueries, type NumberedQuery } from '../../examples/concordance/queries.ts';
import {
  buildReference,
  type Reference,
  referenceAnswer,
  referenceContext,
} from '../../examples/concordance/reference.ts';
import { seededRandom } from '../../examples/concordance/seeded.ts';
import { PIECE_MIN, storeText } from '../../examples/concordance/text.ts';
import { WordScanner } from '../../examples/concordance/tokenize.ts';
import { postWord, settleWords } from '../../examples/concordance/words.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const fileOf = (path: string, text: string | Uint8Array): DrivenFile => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return { path, bytes, digest: sha256(bytes) };
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const digestOf = (memory: TaskMemory): string[] => digestPages(memory, (page) => hex(sha256(page)));

/** Runs a step until it gets through, servicing its faults; now and then it is moved while it waits for a page. */
const resolve = <T>(memory: FaultingMemory, random: () => number, moveShare: number, step: () => T): T => {
  for (;;) {
    try {
      return step();
    } catch (thrown) {
      if (thrown !== PageFault) throw thrown;
      if (random() < moveShare) memory.move();
      else memory.service();
    }
  }
};

/** One step with pieces and budgets of random sizes; pieces may come twice. */
const randomStep = (
  memory: TaskMemory,
  files: readonly DrivenFile[],
  random: () => number,
): ReturnType<typeof driveStep> => {
  const need = nextNeed(memory);
  if (need.want !== 'text' || memory.getU32(HEADER.filesListed) < files.length) {
    return driveStep(memory, files, 1 + Math.floor(random() * 6000));
  }
  const { bytes, digest } = files[need.file] as DrivenFile;
  const length = PIECE_MIN + Math.floor(random() * 3 * PIECE_MIN);
  const offset = random() < 0.1 ? 0 : need.offset;
  const piece = { file: need.file, offset, bytes: bytes.subarray(offset, offset + length), size: bytes.length, digest };
  return storeText(memory, textPiece(piece)) === 'need-more' ? 'need-more' : 'advanced';
};

interface Ordeal {
  readonly seed: number;
  readonly evictionShare: number;
  readonly moveShare: number;
}

/** Indexes in a memory that faults, evicts and moves; `between` runs after every step that got through. */
const indexFaulting = (
  files: readonly DrivenFile[],
  ordeal: Ordeal,
  between: (ask: <T>(step: () => T) => T, memory: TaskMemory) => void,
): { readonly memory: ArrayMemory; readonly faults: number } => {
  const random = seededRandom(ordeal.seed);
  const bare = new ArrayMemory(ARENA_GROWTH);
  const memory = new FaultingMemory(bare, { random, evictionShare: ordeal.evictionShare });
  const ask = <T>(step: () => T): T => resolve(memory, random, ordeal.moveShare, step);
  ask(() => formatArena(memory, ARENA_GROWTH));
  for (;;) {
    const answer = ask(() => randomStep(memory, files, random));
    if (answer === 'finished') return { memory: bare, faults: memory.faults };
    if (answer === 'need-more') {
      memory.grow(ARENA_GROWTH);
      ask(() => extendArena(memory, bare.size));
    }
    if (random() < 0.1) memory.move();
    between(ask, memory);
  }
};

/** Compares the answers to some questions with those of the reference for as many files as are indexed. */
const compareAnswers = (
  memory: TaskMemory,
  reference: Reference,
  queries: readonly NumberedQuery[],
  ask: <T>(step: () => T) => T = (step) => step(),
): void => {
  for (const query of queries) {
    const answer = ask(() => lookup(memory, query));
    expect(answer).toEqual(referenceAnswer(reference, query, answer.filesIndexed));
    if (query.wants !== 'context') continue;
    expect(hex(ask(() => contextOf(memory, answer)))).toBe(hex(referenceContext(reference, answer)));
  }
};

/** `words:300` stands for so many words, lest a counterexample be as long as they are. */
const spellOut = (text: string): string =>
  text.replace(/words:(\d+)/g, (_, count) =>
    Array.from({ length: Number(count) }, (_word, index) => `w${(index * index) % 7919}`).join(' '),
  );

const hardFiles = (): DrivenFile[] => [
  fileOf('empty.txt', ''),
  fileOf('run.txt', `before ${'q'.repeat(20_000)} behind ${'r'.repeat(64)} ${'s'.repeat(65)}`),
  fileOf('wide.txt', `${'漢字かな'.repeat(4000)} end`),
  fileOf('wide-words.txt', 'Été—naïveté。'.repeat(1500)),
  fileOf('separators.txt', `${' '.repeat(10_000)}lonely${'-'.repeat(9000)}`),
  fileOf(
    'bytes.txt',
    Uint8Array.from({ length: 9000 }, (_, index) => 1 + ((index * 89 + (index >> 5)) % 255)),
  ),
  fileOf('not-text.ts', Uint8Array.of(1, 0, 2)),
  fileOf('same.txt', 'the same text again\n'.repeat(900)),
  fileOf('same-again.txt', 'the same text again\n'.repeat(900)),
];

const sample = async (totalBytesMax: number, folder: string): Promise<DrivenFile[]> => {
  const entries = (await listFolder(ROOT)).filter(({ path }) => path.startsWith(folder));
  return readFiles(ROOT, planFiles(entries, { ...DEFAULT_INPUT, totalBytesMax }).files);
};

describe('an index in memory that faults, evicts and moves', () => {
  it.each([
    { seed: 1, evictionShare: 0, moveShare: 0 },
    { seed: 2, evictionShare: 0.3, moveShare: 0 },
    { seed: 3, evictionShare: 0.1, moveShare: 0.01 },
    { seed: 4, evictionShare: 0.4, moveShare: 0.02 },
  ])('is to the byte the index that never moved, and answers like it: $seed', async (ordeal) => {
    const files = [...hardFiles(), ...(await sample(400_000, 'node_modules/fast-check/'))];
    const reference = buildReference(files);
    const ask = makeQueries(countWords(reference.words), ordeal.seed);
    let number = 0;
    const { memory, faults } = indexFaulting(files, ordeal, (resolved, faulting) => {
      compareAnswers(faulting, reference, [ask(number), ask(number + 1)], resolved);
      number += 2;
    });
    expect(faults).toBeGreaterThan(1000);
    expect(digestOf(memory)).toEqual(digestOf(indexUnmoved(files)));
    const used = pagesUsed(memory) * PAGE_SIZE;
    expect(memory.copyOut(used, memory.size - used).every((byte) => byte === 0)).toBe(true);
  });

  it('holds for any files', { timeout: 60_000 }, () => {
    const part = fc.oneof(
      fc.constantFrom(' ', '\n', 'Port', 'port_2', 'é', '漢', '—', 'İ'),
      fc
        .tuple(fc.constantFrom('x', 'é', '漢', ' ', '—', 'ab '), fc.nat(5000))
        .map(([unit, count]) => unit.repeat(count)),
      fc.nat(3000).map((count) => `words:${count}`),
    );
    const inputs = fc.array(
      fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(inputs, fc.nat(), (texts, seed) => {
        const files = texts.map((text, index) => fileOf(`f${index}`, spellOut(text)));
        const { memory } = indexFaulting(files, { seed, evictionShare: 0.2, moveShare: 0.01 }, () => undefined);
        expect(digestOf(memory)).toEqual(digestOf(indexUnmoved(files)));
        const reference = buildReference(files);
        const ask = makeQueries(countWords(reference.words), seed);
        compareAnswers(
          memory,
          reference,
          Array.from({ length: 50 }, (_, number) => ask(number)),
        );
        expect(files.map((_, number) => fileRecord(memory, number)?.words)).toEqual(reference.fileWords);
      }),
      { numRuns: 25 },
    );
  });
});

describe('the pages of an index of real text', () => {
  it('are many, none is zero, no two are equal, and every word has its places', { timeout: 120_000 }, async () => {
    const files = await sample(17 * 1024 * 1024, 'node_modules/');
    expect(files.reduce((bytes, file) => bytes + file.bytes.length, 0)).toBeGreaterThanOrEqual(16 * 1024 * 1024);
    const memory = indexUnmoved(files);
    const digests = digestOf(memory);
    expect(digests.length).toBeGreaterThan(8000);
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests).not.toContain(hex(sha256(new Uint8Array(PAGE_SIZE))));

    const reference = buildReference(files);
    expect(progressOf(memory).vocabulary).toBe(reference.words.size);
    const ask = makeQueries(countWords(reference.words), 5);
    compareAnswers(
      memory,
      reference,
      Array.from({ length: 1000 }, (_, number) => ask(number)),
    );
  });
});

describe('an operation', () => {
  const bare = (): FaultingMemory => {
    const memory = new FaultingMemory(new ArrayMemory(ARENA_GROWTH), { random: seededRandom(9), evictionShare: 0 });
    resolve(
      memory,
      () => 1,
      0,
      () => formatArena(memory, ARENA_GROWTH),
    );
    return memory;
  };

  /** Runs an operation from no page at all, and sees that no fault finds anything changed. */
  const runLawfully = (memory: FaultingMemory, operation: () => string): void => {
    memory.move();
    const { changes } = memory;
    const answer = resolve(
      memory,
      () => 1,
      0,
      () => {
        expect(memory.changes).toBe(changes);
        claim(memory, HEADER.pointer);
        return operation();
      },
    );
    expect(answer).toBe('done');
  };

  it('faults before it has changed anything', () => {
    const memory = bare();
    const random = seededRandom(3);
    const scanner = new WordScanner();
    for (let position = 0; position < 6000; position += 1) {
      scanner.next(new TextEncoder().encode(`word${Math.floor(random() ** 3 * 2000)}`), 0);
      runLawfully(memory, () => postWord(memory, scanner, { file: position >> 8, position }));
      const buckets = resolve(
        memory,
        () => 1,
        0,
        () => memory.getU32(HEADER.buckets),
      );
      const isTwoOperations = buckets % TABLE_ENTRIES === 0; // the first opens a segment
      if (isTwoOperations)
        resolve(
          memory,
          () => 1,
          0,
          () => settleWords(memory),
        );
      else runLawfully(memory, () => settleWords(memory));
    }
    expect(
      resolve(
        memory,
        () => 1,
        0,
        () => progressOf(memory),
      ).vocabulary,
    ).toBeGreaterThan(1000);
  });

  it('may fault on every page anew, word by word', () => {
    const files = [fileOf('a', spellOut('words:700 words:900')), fileOf('b', spellOut('words:50'))];
    const array = new ArrayMemory(ARENA_GROWTH);
    const memory = new FaultingMemory(array, { random: () => 1, evictionShare: 0 });
    const patiently = <T>(step: () => T): T => resolve(memory, () => 1, 0, step);
    patiently(() => formatArena(memory, ARENA_GROWTH));
    do memory.move();
    while (patiently(() => driveStep(memory, files, 1)) !== 'finished');
    expect(digestOf(array)).toEqual(digestOf(indexUnmoved(files)));
  });
});

describe('a file', () => {
  const ready = (files: readonly DrivenFile[]): ArrayMemory => {
    const memory = new ArrayMemory(ARENA_GROWTH);
    formatArena(memory, ARENA_GROWTH);
    for (const [number, { path, bytes }] of files.entries()) enlistFile(memory, number, { path, size: bytes.length });
    return memory;
  };

  it('is answered about only when all of it is indexed', () => {
    const texts = ['port port', 'port '.repeat(100)];
    const memory = ready(texts.map((text, number) => fileOf(`f${number}`, text)));
    const query = { word: 'port', skip: 0, hitsMax: 10 };
    expect(lookup(memory, query)).toMatchObject({ filesIndexed: 0, total: 0, hits: [] });
    for (const [file, text] of texts.entries()) {
      const bytes = new TextEncoder().encode(text);
      storeText(memory, { file, offset: 0, bytes, size: bytes.length, digest: sha256(bytes) });
      expect(indexSome(memory, 50)).toBe('advanced');
    }
    expect(lookup(memory, query)).toMatchObject({ filesIndexed: 1, total: 2, files: 1 });
    expect(progressOf(memory)).toMatchObject({ filesIndexed: 1, stored: 500 });
    while (indexSome(memory, 50) === 'advanced');
    expect(lookup(memory, query)).toMatchObject({ filesIndexed: 2, total: 102, files: 2 });
    expect(nextNeed(memory)).toEqual({ want: 'nothing' });
  });

  it('ends where a piece ends early', () => {
    const memory = ready([fileOf('a', 'shrunk since it was listed')]);
    const bytes = new TextEncoder().encode('shrunk');
    expect(storeText(memory, { file: 0, offset: 0, bytes, size: 26, digest: sha256(bytes) })).toBe('done');
    expect(indexSome(memory, 100)).toBe('advanced');
    expect(fileRecord(memory, 0)).toMatchObject({ state: 'indexed', size: 6, words: 1 });
  });

  it('is listed once and in order, and knows its path and digest', () => {
    const file = fileOf('some/päth.md', 'text');
    const memory = ready([file]);
    expect(enlistFile(memory, 0, { path: 'other', size: 1 })).toBe('done');
    expect(enlistFile(memory, 2, { path: 'other', size: 1 })).toBe('refused');
    expect(enlistFile(memory, 1, { path: 'x'.repeat(1025), size: 1 })).toBe('refused');
    while (driveStep(memory, [file], 100) !== 'finished');
    expect(fileRecord(memory, 0)).toMatchObject({ path: 'some/päth.md', size: 4, words: 1, digest: file.digest });
    expect(fileRecord(memory, 1)).toBeUndefined();
    expect(isArena(memory)).toBe(true);
  });

  it('waits for memory without having changed anything', () => {
    const memory = ready([fileOf('a', 'word '.repeat(300_000))]);
    const bytes = new TextEncoder().encode('word '.repeat(300_000));
    while (storeText(memory, { file: 0, offset: 0, bytes, size: bytes.length, digest: sha256(bytes) }) !== 'need-more');
    const before = digestOf(memory);
    expect(storeText(memory, { file: 0, offset: 0, bytes, size: bytes.length, digest: sha256(bytes) })).toBe(
      'need-more',
    );
    expect(digestOf(memory)).toEqual(before);
  });
});
