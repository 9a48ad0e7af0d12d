/**
 * `npm run faults -- [--json] [NAME...]`: plants each fault (or those whose name contains a NAME), one after another,
 * and says which test caught it. Exit code 1 if one was missed, 2 if it cannot be planted or none has that name.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { runPlanted, type Verdict } from './plant.ts';

const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');
const args = process.argv.slice(2);
const isJson = args.includes('--json');
const wanted = args.filter((arg) => !arg.startsWith('-'));
const chosen = FAULTS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

const line = ({ harm, name, caughtIn, caughtBy }: Fault, verdict: Verdict): string =>
  verdict === 'caught'
    ? `caught  ${harm.padEnd(14)} ${name}\n          by ${caughtIn}: ${caughtBy}`
    : `MISSED  ${harm.padEnd(14)} ${name}\n          ${verdict} ${caughtIn}: ${caughtBy}`;

const main = async (): Promise<number> => {
  if (chosen.length === 0) {
    console.error(`no fault is named like ${wanted.join(', ')}; the names are in test/faults/faults.ts`);
    return 2;
  }
  const results: { fault: Fault; verdict: Verdict }[] = [];
  for (const fault of chosen) {
    const verdict = await runPlanted(root, fault);
    results.push({ fault, verdict });
    if (!isJson) console.log(line(fault, verdict));
  }
  const missed = results.filter(({ verdict }) => verdict !== 'caught').length;
  if (isJson) console.log(JSON.stringify(results.map(({ fault, verdict }) => ({ ...fault, verdict }))));
  else console.log(`\n${results.length - missed} of ${results.length} planted faults caught`);
  return missed === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
