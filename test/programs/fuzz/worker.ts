/**
 * One process of the fuzzer, started by `pool.ts`: gets slices of seeds as messages, and answers what it has done after
 * each batch of one.
 */
import process from 'node:process';
import { fuzz, type Tally } from './fuzz.ts';
import type { Slice, Told } from './pool.ts';

const tell = (told: Told): void => {
  process.send?.(told);
};

/** What one tally says that the one before did not. */
const since = (now: Tally, before: Tally): Tally => ({
  programs: now.programs - before.programs,
  skipped: now.skipped - before.skipped,
  calls: now.calls - before.calls,
  hops: now.hops - before.hops,
  findings: now.findings.slice(before.findings.length),
});

const perform = async ({ seed, count, findingsMax, shrinks, hops }: Slice): Promise<void> => {
  let told: Tally = { programs: 0, skipped: 0, calls: 0, hops: 0, findings: [] };
  const report = (tally: Tally): void => {
    tell({ tally: since(tally, told), isDone: false });
    told = { ...tally, findings: [...tally.findings] };
  };
  const tally = await fuzz({
    ...{ seed, count, findingsMax, shrinks, hops },
    goesOn: (now) => {
      report(now);
      return true;
    },
  });
  tell({ tally: since(tally, told), isDone: true });
};

// A fiber that fails before anybody waits for it is no failure of the fuzzer: both runs show what becomes of it.
process.on('unhandledRejection', () => undefined);
// An interrupt goes to every process of the terminal; the one that asks ends the others when their slices are done.
process.on('SIGINT', () => undefined);
process.on('message', (slice: Slice) => {
  perform(slice).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
