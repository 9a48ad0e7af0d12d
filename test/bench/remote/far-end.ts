/** Starts the other end of a line, in a process of its own that ends with this one. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The other end, and the first thing it said: where it listens. */
export interface FarEnd {
  readonly process: ChildProcess;
  readonly word: { readonly port?: number };
  close(): void;
}

/** Starts a far end. The bundle of `far` lies beside the one that runs. */
export const startFarEnd = (
  args: readonly string[],
  serialization: 'json' | 'advanced' = 'json',
  cwd: string = process.cwd(),
): Promise<FarEnd> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./far.mjs', import.meta.url)), args, {
      cwd,
      serialization,
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    child.once('exit', (code) => reject(new Error(`its far end ended with ${code}`)));
    child.once('message', (word) => {
      const failed = (word as { failed?: string }).failed;
      if (failed !== undefined) reject(new Error(failed));
      else resolve({ process: child, word: word as FarEnd['word'], close: () => void child.disconnect() });
    });
  });
