/** The processes that measure: bundled first, so that what runs is what would be published. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Order, Report } from './orders.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'portolan-bench-'));
const bundle = join(folder, 'child.mjs');

/** Something that could not be measured. */
export interface Skipped {
  readonly case: string;
  readonly contender: string;
  readonly why: string;
}

/** Makes the bundle that `start` runs. */
export const prepare = async (): Promise<void> => {
  const entryPoints = [join(root, 'test/bench/child.ts')];
  await build({ entryPoints, outfile: bundle, bundle: true, platform: 'node', format: 'esm', target: 'node20' });
};

/** Removes it. */
export const cleanUp = (): void => rmSync(folder, { recursive: true, force: true });

export const start = (): ChildProcess =>
  fork(bundle, { cwd: root, execArgv: ['--expose-gc', '--max-old-space-size=4096'], stdio: ['ignore', 2, 2, 'ipc'] });

/** Gives an order and waits for its report. */
export const ask = (child: ChildProcess, order: Order): Promise<Report> =>
  new Promise((resolve) => {
    const died = (code: number | null): void => resolve({ ok: false, why: `it ended with ${code}` });
    child.once('exit', died);
    child.once('message', (report: Report) => {
      child.off('exit', died);
      resolve(report);
    });
    child.send(order);
  });

export const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};
