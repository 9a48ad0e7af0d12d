import { seededRandom } from './seeded.ts';

/** A question with its number: where a word stands, or also the lines it stands in. */
export interface NumberedQuery {
  readonly number: number;
  readonly word: string;
  readonly skip: number;
  readonly hitsMax: number;
  /** `context`: the reply carries the lines around the hits, out of line. */
  readonly wants: 'positions' | 'context';
}

/** A word and how often it stands in the whole input. */
export interface CountedWord {
  readonly word: string;
  readonly count: number;
}

/** The kinds of words that are asked for, in twentieths. */
const KINDS = [
  ...new Array<'any'>(6).fill('any'),
  ...new Array<'rare'>(6).fill('rare'),
  ...new Array<'frequent'>(5).fill('frequent'),
  ...new Array<'absent'>(3).fill('absent'),
] as const;

const CONTEXT_SHARE = 0.25;
const RARE_COUNT_MAX = 3;
const FREQUENT_SHARE = 0.01;
const CONTEXT_HITS_MAX = 32;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** The vocabulary of a map of words to pairs, as the generator wants it. */
export const countWords = (words: ReadonlyMap<string, readonly number[]>): CountedWord[] =>
  Array.from(words, ([word, pairs]) => ({ word, count: pairs.length / 2 }));

/**
 * Questions about a vocabulary. A question depends on the seed and its number alone, so it may be asked again, by
 * anybody, in any order.
 */
export const makeQueries = (vocabulary: readonly CountedWord[], seed: number): ((number: number) => NumberedQuery) => {
  const sorted = [...vocabulary].sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1));
  const known = new Set(sorted.map(({ word }) => word));
  const rare = sorted.filter(({ count }) => count <= RARE_COUNT_MAX);
  const frequent = sorted.slice(0, Math.max(1, Math.ceil(sorted.length * FREQUENT_SHARE)));
  const pools = { any: sorted, rare: rare.length > 0 ? rare : sorted, frequent };

  const absent = (random: () => number): CountedWord => {
    for (;;) {
      const letters = Array.from({ length: 6 + Math.floor(random() * 10) }, () => LETTERS[Math.floor(random() * 26)]);
      const word = letters.join('');
      if (!known.has(word)) return { word, count: 0 };
    }
  };

  return (number) => {
    const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'any';
    const pool = kind === 'absent' || sorted.length === 0 ? undefined : pools[kind];
    const { word, count } = pool?.[Math.floor(random() * pool.length)] ?? absent(random);
    const wants = random() < CONTEXT_SHARE ? 'context' : 'positions';
    const hitsMax = 1 + Math.floor(random() * (wants === 'context' ? CONTEXT_HITS_MAX : 256));
    const skip = random() < 0.5 ? 0 : Math.floor(random() * count);
    return { number, word, skip, hitsMax, wants };
  };
};
