/** An experiment as a script: three tasks, one mistake each; why each was refused, what leaked, what depends on order. */
import { readFileSync } from 'node:fs';
import { bootKernel } from '../kernel/boot.ts';
import { Laboratory } from '../kernel/lab/laboratory.ts';
import { play } from '../kernel/lab/play.ts';
import { isMain } from './support/local.ts';

/** What was observed. */
export interface Observed {
  /** The calls that were refused: who, the check that refused, what it saw, the code. */
  readonly refused: readonly string[];
  /** What has grown: call sites by the lines of the script. */
  readonly grown: readonly string[];
  /** What the last two calls answer, over all orders. */
  readonly orders: readonly string[];
}

/** Plays the script beside this file. */
export const laboratory = (): Observed => {
  const script = readFileSync(new URL('./06-laboratory.lab', import.meta.url), 'utf8');
  const make = (): Laboratory => {
    const lab = new Laboratory(bootKernel);
    lab.follow();
    return lab;
  };
  const refused: string[] = [];
  const orders: string[] = [];
  let grown: readonly string[] = [];
  for (const { why, text, shown, explored } of play(script, make)) {
    const check = why?.checks.at(-1);
    if (check !== undefined) refused.push(`${why?.who}: ${check.check}? ${check.saw} → ${why?.code}`);
    if (text === 'show growth') grown = shown;
    for (const { outcome, runs } of explored?.outcomes ?? []) orders.push(`${runs} × ${JSON.stringify(outcome)}`);
  }
  return { refused, grown, orders };
};

if (isMain(import.meta.url)) console.log(laboratory());
