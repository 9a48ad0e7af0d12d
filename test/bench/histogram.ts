/**
 * A histogram of durations as plain data, so that a program's state and a message body can hold it: bucket `i` counts
 * what lasted about 1.02 ** i hundredths of a microsecond. A quantile is right to one per cent.
 */

/** Counts by bucket, and the longest that was seen. */
export interface Histogram {
  readonly counts: number[];
  total: number;
  sumMs: number;
  maxMs: number;
}

const STEP = Math.log(1.02);
/** Up to minutes. */
const BUCKETS = 1300;
/** Buckets in a millisecond. */
const PER_MS = 100_000;

/** One that has counted nothing. */
export const newHistogram = (): Histogram => ({
  counts: new Array<number>(BUCKETS).fill(0),
  total: 0,
  sumMs: 0,
  maxMs: 0,
});

/** Counts a duration. */
export const record = (histogram: Histogram, ms: number): void => {
  const bucket = Math.max(0, Math.min(BUCKETS - 1, Math.round(Math.log(Math.max(1, ms * PER_MS)) / STEP)));
  histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
  histogram.total += 1;
  histogram.sumMs += ms;
  if (ms > histogram.maxMs) histogram.maxMs = ms;
};

/** Counts in `one` what `other` has counted. */
export const merge = (one: Histogram, other: Histogram): void => {
  other.counts.forEach((count, bucket) => {
    one.counts[bucket] = (one.counts[bucket] ?? 0) + count;
  });
  one.total += other.total;
  one.sumMs += other.sumMs;
  one.maxMs = Math.max(one.maxMs, other.maxMs);
};

/** Milliseconds that a share `q` did not exceed; NaN of nothing. */
export const quantileOf = ({ counts, total, maxMs }: Histogram, q: number): number => {
  if (total === 0) return Number.NaN;
  let left = total * q;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    left -= counts[bucket] ?? 0;
    if (left <= 0) return Math.min(maxMs, Math.exp(bucket * STEP) / PER_MS);
  }
  return maxMs;
};
