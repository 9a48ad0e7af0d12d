/**
 * Words of UTF-8 text: runs of letters, digits and underscores, lower-cased character by character, if they are of
 * 2 to 64 bytes when lower-cased. A byte that belongs to no character separates words.
 */

/** The shortest and the longest word, in bytes of its lower-cased form. */
const WORD_BYTES_MIN = 2;
const WORD_BYTES_MAX = 64;

const WIDE = 255; // the class of bytes ≥ 0x80: look at the whole character
const WORD_CHARACTER = /[\p{L}\p{N}]/u;

/** The lower-cased byte for letters, digits and the underscore; 0 for separators; `WIDE` beyond ASCII. */
const byteClasses = (): Uint8Array => {
  const classes = new Uint8Array(256).fill(WIDE, 0x80);
  for (const letter of 'abcdefghijklmnopqrstuvwxyz0123456789_') {
    classes[letter.charCodeAt(0)] = letter.charCodeAt(0);
    classes[letter.toUpperCase().charCodeAt(0)] = letter.charCodeAt(0);
  }
  return classes;
};

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** The length of the well-formed character at `at`, or 0. Beyond ASCII only. */
const wideLength = (bytes: Uint8Array, at: number): number => {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (!isContinuation(second)) return 0;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (!isContinuation(bytes[at + 2])) return 0;
  if (first === 0xe0) return second >= 0xa0 ? 3 : 0;
  if (first === 0xed) return second <= 0x9f ? 3 : 0;
  if (first >= 0xe1 && first <= 0xef) return 3;
  if (!isContinuation(bytes[at + 3])) return 0;
  if (first === 0xf0) return second >= 0x90 ? 4 : 0;
  if (first === 0xf4) return second <= 0x8f ? 4 : 0;
  return first >= 0xf1 && first <= 0xf3 ? 4 : 0;
};

/** The lower-cased character; a character that has no single lower-cased one (there is İ) stays as it is. */
const lowerCased = (character: string): string => {
  const lower = character.toLowerCase();
  return lower.length === character.length ? lower : character;
};

/** The character of `length` bytes at `at`. */
const wideCharacter = (bytes: Uint8Array, at: number, length: number): string => {
  let code = (bytes[at] ?? 0) & (0x7f >> length);
  for (let index = 1; index < length; index += 1) code = (code << 6) | ((bytes[at + index] ?? 0) & 0x3f);
  return String.fromCodePoint(code);
};

/** Finds words in bytes. What it holds is the word found last; it may be thrown away between any two words. */
export class WordScanner {
  /** The lower-cased bytes of the word, followed by at least 4 zeros. */
  readonly word: Uint8Array = new Uint8Array(WORD_BYTES_MAX + 4);
  /** How many they are; their hash; and where in the text the word begins and ends. */
  length = 0;
  hash = 0;
  start = 0;
  end = 0;
  readonly #classes = byteClasses();
  readonly #encoder = new TextEncoder();
  readonly #view = new DataView(this.word.buffer);

  /** Four bytes of the word, zero-padded, as the memory would read them. */
  wordU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Hot path. Looks for the next word at or behind `from`; at the end of the bytes the answer is false. */
  next(bytes: Uint8Array, from: number): boolean {
    const size = bytes.length;
    let at = from;
    while (at < size) {
      const kind = this.#classes[bytes[at] as number] as number;
      if (kind === 0 || (kind === WIDE && !this.#isWide(bytes, at))) {
        at += 1;
        continue;
      }
      at = this.#readWord(bytes, at);
      if (this.length >= WORD_BYTES_MIN && this.length <= WORD_BYTES_MAX) return true;
    }
    this.start = size;
    this.end = size;
    return false;
  }

  /** Behind the run of word characters that begins at `from`. */
  skipRun(bytes: Uint8Array, from: number): number {
    let at = from;
    for (;;) {
      const length = this.#wordLength(bytes, at);
      if (length === 0) return at;
      at += length;
    }
  }

  /** Whether a word character ends at `end`; the characters before are whole. */
  endsInWord(bytes: Uint8Array, end: number): boolean {
    let at = end - 1;
    while (at > 0 && end - at < 4 && isContinuation(bytes[at])) at -= 1;
    return at >= 0 && at + this.#wordLength(bytes, at) === end;
  }

  #isWide(bytes: Uint8Array, at: number): boolean {
    const length = wideLength(bytes, at);
    return length > 0 && WORD_CHARACTER.test(wideCharacter(bytes, at, length));
  }

  #wordLength(bytes: Uint8Array, at: number): number {
    if (at >= bytes.length) return 0;
    const kind = this.#classes[bytes[at] as number] as number;
    if (kind !== WIDE) return kind === 0 ? 0 : 1;
    return this.#isWide(bytes, at) ? wideLength(bytes, at) : 0;
  }

  /** Hot path. Reads the run of word characters at `from`; answers where it ends. */
  #readWord(bytes: Uint8Array, from: number): number {
    const { word } = this;
    const classes = this.#classes;
    const size = bytes.length;
    let at = from;
    let length = 0;
    let hash = 0x811c9dc5;
    while (at < size) {
      const kind = classes[bytes[at] as number] as number;
      if (kind === 0) break;
      if (kind === WIDE) {
        const wide = wideLength(bytes, at);
        if (wide === 0 || !WORD_CHARACTER.test(wideCharacter(bytes, at, wide))) break;
        for (const byte of this.#encoder.encode(lowerCased(wideCharacter(bytes, at, wide)))) {
          hash = Math.imul(hash ^ byte, 0x01000193);
          if (length < WORD_BYTES_MAX) word[length] = byte;
          length += 1;
        }
        at += wide;
        continue;
      }
      hash = Math.imul(hash ^ kind, 0x01000193);
      if (length < WORD_BYTES_MAX) word[length] = kind;
      length += 1;
      at += 1;
    }
    const end = Math.min(length, WORD_BYTES_MAX);
    word.fill(0, end, end + 4);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    this.hash = (hash ^ (hash >>> 13)) >>> 0;
    this.length = length;
    this.start = from;
    this.end = at;
    return at;
  }
}

/** The word, lower-cased, if the text is one word and nothing else; undefined otherwise. */
export const oneWord = (text: string): WordScanner | undefined => {
  const bytes = new TextEncoder().encode(text);
  const scanner = new WordScanner();
  return scanner.next(bytes, 0) && scanner.start === 0 && scanner.end === bytes.length ? scanner : undefined;
};
