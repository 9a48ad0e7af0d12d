/**
 * `tsx test/model/run.ts [--seed S] [--runs N]`: compares the kernel with its naive model for N random histories of
 * each kind. Exit code 0: they agree; 1: they do not, and the shrunk history is printed.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { HISTORIES } from './operations.ts';
import { agree } from './worlds.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '1000' } },
});
const seed = Number(values.seed);
const numRuns = Number(values.runs);

for (const [about, histories] of HISTORIES) {
  try {
    fc.assert(fc.property(histories, agree), { seed, numRuns });
    console.log(`${numRuns} histories about ${about}: kernel and model agree`);
  } catch (error) {
    process.exitCode = 1;
    console.error(error instanceof Error ? `${error.message}\n${String(error.cause)}` : error);
  }
}
