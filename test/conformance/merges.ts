/**
 * Merges: the orders in which several lists can be run that keep the order within each. They are numbered, so
 * that one can be drawn without making the others.
 */

/** A fixed choice: the same cases run in the same orders in every run of the suite. */
const SEED = 0x9e3779b9;

/** How many merges lists of these lengths have. */
export const countMerges = (lengths: readonly number[]): bigint => {
  let count = 1n;
  let placed = 0;
  for (const length of lengths) {
    for (let k = 1; k <= length; k += 1) {
      placed += 1;
      count = (count * BigInt(placed)) / BigInt(k); // always whole: it is a binomial after each factor
    }
  }
  return count;
};

/** The merge with this number, as a list of the lists to take from; 0 runs them one after another. */
export const mergeAt = (lengths: readonly number[], number: bigint): readonly number[] => {
  const left = [...lengths];
  const order: number[] = [];
  let rest = number;
  const total = lengths.reduce((sum, length) => sum + length, 0);
  while (order.length < total) {
    for (let from = 0; from < left.length; from += 1) {
      const here = left[from] ?? 0;
      if (here === 0) continue;
      left[from] = here - 1;
      const below = countMerges(left);
      if (rest < below) {
        order.push(from);
        break;
      }
      rest -= below;
      left[from] = here;
    }
  }
  return order;
};

/** The numbers of the merges to run: all of them, or `limit` different ones in a fixed pseudo-random choice. */
export const chooseMerges = (count: bigint, limit: number): readonly bigint[] => {
  if (count <= BigInt(limit)) return Array.from({ length: Number(count) }, (_, number) => BigInt(number));
  const chosen = new Set<bigint>();
  const draw = generator(SEED);
  while (chosen.size < limit) chosen.add(((draw() << 64n) | (draw() << 32n) | draw()) % count);
  return [...chosen];
};

/** Mulberry32, 32 bits at a time. */
const generator = (seed: number): (() => bigint) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return BigInt((mixed ^ (mixed >>> 14)) >>> 0);
  };
};
