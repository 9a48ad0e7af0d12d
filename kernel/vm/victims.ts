/** Which pages go when frames are short: a clock with a second chance. */
import { FRESH, type Frames, USED } from './frames.ts';
import type { Which } from './pool.ts';

/** Where to look, and how many to find. */
export interface Search {
  readonly first: number;
  readonly end: number;
  readonly limit: number;
  readonly which: Which;
}

/**
 * Resident pages of a range that may go, in order. A used page is passed over once by `idle`, and then counts as
 * unused. Every eviction makes translations stale, so a page that is in use is marked again at its next touch: a step
 * that is run again after each fault gathers its pages, as long as they fit.
 */
export const pickVictims = (
  frames: Frames,
  { first, end, limit, which }: Search,
  mayGo: (page: number, flags: number) => boolean,
): number[] => {
  const victims: number[] = [];
  if (limit <= 0) return victims;
  const spared = which === 'idle' ? USED | FRESH : which === 'any' ? FRESH : 0;
  frames.forEachIn(first, end, (page, flags) => {
    if ((flags & spared) !== 0)
      frames.setFlags(page, flags & ~(which === 'idle' && (flags & USED) !== 0 ? USED : FRESH));
    else if (mayGo(page, flags)) victims.push(page);
    return victims.length < limit;
  });
  return victims;
};
