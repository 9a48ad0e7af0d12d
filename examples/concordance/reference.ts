import type { DrivenFile } from './drive.ts';
import type { Answer, FileHits, WordQuery } from './inverted-index.ts';
import { CONTEXT_BYTES, HITS_MAX } from './inverted-index.ts';

/**
 * The same index made the plain way, to judge the other by: whole files, regular expressions on strings, maps. It
 * shares no code with the index in memory beyond the shapes of questions and answers.
 */

const RUN = /[\p{L}\p{N}_]+/gu;
/** Characters of well-formed UTF-8, and single bytes of anything else, in a string with one character per byte. */
const BYTES = new RegExp(
  [
    '[\\x00-\\x7f]',
    '[\\xc2-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}',
    '[\\x80-\\xff]',
  ].join('|'),
  'g',
);

/** The text of a file; bytes that belong to no character become one separator each. */
const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const raw = Buffer.from(bytes).toString('latin1');
    const repaired = raw.replace(BYTES, (part) => (part.length === 1 && part > '\x7f' ? ' ' : part));
    return Buffer.from(repaired, 'latin1').toString('utf8');
  }
};

/** Lower-cases letter by letter; the only letter whose lower case is two characters stays. */
const lowerCase = (word: string): string => Array.from(word, (c) => (c === 'İ' ? c : c.toLowerCase())).join('');

/** The words of a text with the positions of their first bytes. */
export const wordsOf = (bytes: Uint8Array): { readonly word: string; readonly position: number }[] => {
  const text = decode(bytes);
  const isAscii = text.length === bytes.length;
  const words: { word: string; position: number }[] = [];
  let [position, done] = [0, 0];
  for (const match of text.matchAll(RUN)) {
    position = isAscii ? match.index : position + Buffer.byteLength(text.slice(done, match.index));
    done = match.index;
    const word = isAscii ? match[0].toLowerCase() : lowerCase(match[0]);
    const length = Buffer.byteLength(word);
    if (length >= 2 && length <= 64) words.push({ word, position });
  }
  return words;
};

/** The reference index. */
export interface Reference {
  readonly files: readonly DrivenFile[];
  /** For each word its hits: file, position, file, position … */
  readonly words: ReadonlyMap<string, readonly number[]>;
  /** For each file how many words it has. */
  readonly fileWords: readonly number[];
}

/** Builds the reference index of files. */
export const buildReference = (files: readonly DrivenFile[]): Reference => {
  const words = new Map<string, number[]>();
  const fileWords: number[] = [];
  for (const [file, { bytes }] of files.entries()) {
    const found = bytes.subarray(0, 4096).includes(0) ? [] : wordsOf(bytes);
    for (const { word, position } of found) {
      const hits = words.get(word);
      if (hits === undefined) words.set(word, [file, position]);
      else hits.push(file, position);
    }
    fileWords.push(found.length);
  }
  return { files, words, fileWords };
};

/** The right answer to a question when the first `filesIndexed` files are indexed. */
export const referenceAnswer = (reference: Reference, query: WordQuery, filesIndexed: number): Answer => {
  const pairs = reference.words.get(lowerCase(query.word)) ?? [];
  const hits = new Map<number, number[]>();
  const seen = new Set<number>();
  let total = 0;
  for (let index = 0; index < pairs.length; index += 2) {
    const [file = 0, position = 0] = [pairs[index], pairs[index + 1]];
    if (file >= filesIndexed) break;
    seen.add(file);
    if (total >= query.skip && total < query.skip + Math.min(query.hitsMax, HITS_MAX)) {
      hits.set(file, [...(hits.get(file) ?? []), position]);
    }
    total += 1;
  }
  const shown: FileHits[] = [];
  for (const [file, positions] of hits) shown.push({ file, path: reference.files[file]?.path ?? '', positions });
  return { word: query.word, filesIndexed, total, files: seen.size, hits: shown };
};

/** The right context of an answer. */
export const referenceContext = (reference: Reference, answer: Answer): Uint8Array => {
  const lines: Buffer[] = [];
  for (const { file, path, positions } of answer.hits) {
    const text = Buffer.from(reference.files[file]?.bytes ?? []).toString('latin1');
    for (const position of positions) {
      const before =
        text
          .slice(Math.max(0, position - CONTEXT_BYTES), position)
          .split('\n')
          .at(-1) ?? '';
      const behind = text.slice(position, position + CONTEXT_BYTES).split('\n')[0] ?? '';
      lines.push(Buffer.from(`${path}:${position}:`), Buffer.from(`${before}${behind}\n`, 'latin1'));
    }
  }
  return new Uint8Array(Buffer.concat(lines));
};
