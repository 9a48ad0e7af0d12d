/** Another process for frozen tasks: started fresh, and gone when they have come to their ends. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import type { Run } from './compare.ts';
import type { Compiled } from './compiled.ts';
import type { Frozen } from './scene.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MS = 120_000;

/** How each of the tasks ended in a process that knows nothing but their modules and their images. */
export const goOnElsewhere = async (
  jobs: readonly (readonly [Compiled, readonly Frozen[]])[],
): Promise<readonly (readonly Run[])[]> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'portolan-programs-'));
  try {
    const file = path.join(folder, 'tasks');
    writeFileSync(file, serialize(jobs));
    return deserialize(await outputOf(file)) as readonly (readonly Run[])[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const outputOf = (file: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/programs/reviver.ts', file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4000);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`the other process ended with ${code ?? signal}: ${complaints}`));
    });
  });
