import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { wordsOf } from '../../examples/concordance/reference.ts';
import { oneWord, WordScanner } from '../../examples/concordance/tokenize.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const scan = (bytes: Uint8Array): { word: string; position: number }[] => {
  const scanner = new WordScanner();
  const words: { word: string; position: number }[] = [];
  for (let at = 0; scanner.next(bytes, at); at = scanner.end) {
    words.push({ word: new TextDecoder().decode(scanner.word.subarray(0, scanner.length)), position: scanner.start });
  }
  return words;
};

/** Text rich in what is hard: wide letters, letters that change their length when lower-cased, long runs. */
const hardText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'a',
        'Z',
        '_',
        '7',
        ' ',
        '\n',
        '-',
        'é',
        'É',
        'ß',
        'İ',
        'Σ',
        'K',
        'Ⱥ',
        '漢',
        '。',
        '—',
        '𝒳',
        '😀',
        '\ufeff',
      ),
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 60, max: 70 }).map((length) => 'x'.repeat(length)),
    ),
  )
  .map((parts) => parts.join(''));

describe('a word', () => {
  it.each([
    ['Port ports_2 x', ['port', 'ports_2']],
    ['ÉTÉ, naïve—co-operate', ['été', 'naïve', 'co', 'operate']],
    ['漢字。か', ['漢字', 'か']],
    [`${'a'.repeat(64)} ${'b'.repeat(65)}`, ['a'.repeat(64)]],
    ['', []],
  ])('is a run of letters, digits and underscores: %j', (text, words) => {
    expect(scan(utf8(text)).map(({ word }) => word)).toEqual(words);
  });

  it('is what the reference finds, in text', () => {
    fc.assert(
      fc.property(hardText, (text) => {
        expect(scan(utf8(text))).toEqual(wordsOf(utf8(text)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is what the reference finds, in bytes that are no text', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0x41, 0xc3, 0xa9, 0xe2, 0x80, 0xf0, 0x9f, 0xed),
    );
    const bytes = fc.array(byte, { maxLength: 40 }).map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(bytes, (raw) => {
        expect(scan(raw)).toEqual(wordsOf(raw));
      }),
      { numRuns: 3000 },
    );
  });

  it('is asked for alone', () => {
    expect(oneWord('Mach')?.length).toBe(4);
    for (const text of ['two words', ' mach', 'mach ', '-', '', 'x'.repeat(65)]) expect(oneWord(text)).toBeUndefined();
  });
});
