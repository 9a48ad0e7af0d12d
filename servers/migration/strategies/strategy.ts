/** What a strategy is: which pages go while the task stands still, and how the others follow. */

/** A strategy. Whoever asks for a move may turn the knobs, `k` and `push`. */
export interface MoveStrategy {
  readonly name: string;
  /** Pages that are sent ahead of each fault. */
  readonly k: number;
  /** What nobody touches is sent unasked, or not. */
  readonly push: 'idle' | 'off';
  /**
   * What does not go in the freeze stays at the source, and each object has a pager there. Without pagers everything
   * goes in the freeze: the task may be larger than the destination's memory, and needs its source no more.
   */
  readonly hasPagers: boolean;
  /**
   * The next page of an object that goes in the freeze, looked for from `from` on; -1 if no other does. `unsent` has
   * a bit for each page that is here and has not gone. Null: the freeze sends none, and does not look.
   */
  readonly nextInFreeze: ((unsent: Uint8Array, from: number) => number) | null;
}

/** True if a page has not gone yet. */
export const isSet = (bits: Uint8Array, page: number): boolean => ((bits[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;

/** The first unsent page from `from` on, round the end; -1 if there is none. */
export const nextUnsent = (bits: Uint8Array, from: number): number => {
  const total = bits.length * 8;
  for (let i = 0; i < total; ) {
    const page = (from + i) % total;
    if ((page & 7) === 0 && bits[page >> 3] === 0) i += 8;
    else if (isSet(bits, page)) return page;
    else i += 1;
  }
  return -1;
};
