/**
 * The processes of a run. Each is bundled first, so that it runs as it would be published, and each ends by itself
 * when its channel to this process closes: not even a kill of this process leaves one behind.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entries = ['child', 'entries/node', 'entries/remote', 'entries/far', 'entries/programs'] as const;
/** The compiler is no part of a bundle: nodes load it from where it is installed. */
const apart: Plugin = {
  name: 'apart',
  setup: (compiler) => {
    const require = createRequire(import.meta.url);
    compiler.onResolve({ filter: /^(esbuild$|@babel\/)/ }, ({ path }) => ({
      path: pathToFileURL(require.resolve(path)).href,
      external: true,
    }));
  },
};

/** How long a process may take to end when it is asked to. */
const GRACE_MS = 2000;

/** A process that is asked, and answers each order with one report. */
export interface Child {
  readonly process: ChildProcess;
  /** Rejects if it ends instead. */
  ask<Report>(order: unknown): Promise<Report>;
  close(): Promise<void>;
}

/** Starts processes and ends them. */
export class Children {
  /** A folder of the run's own; removed at its end. */
  readonly folder: string;
  readonly #living: Set<ChildProcess> = new Set();
  #isClosed = false;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Bundles what the processes run. */
  static async prepare(): Promise<Children> {
    const children = new Children(mkdtempSync(join(tmpdir(), 'portolan-bench-')));
    await build({
      entryPoints: entries.map((entry) => join(root, `test/bench/${entry}.ts`)),
      outdir: children.folder,
      outbase: join(root, 'test/bench'),
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      plugins: [apart],
    });
    return children;
  }

  /** Where the processes that run now are, for whoever watches over them. */
  pids(): readonly number[] {
    return [...this.#living].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Starts a process of an entry. */
  start(entry: (typeof entries)[number], args: readonly string[] = []): Child {
    if (this.#isClosed) throw new Error('the run is over');
    const child = fork(join(this.folder, `${entry}.mjs`), args, {
      cwd: root,
      execArgv: ['--expose-gc', '--max-old-space-size=4096'],
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#living.add(child);
    child.once('exit', () => this.#living.delete(child));
    return { process: child, ask: (order) => ask(child, entry, order), close: () => end(child) };
  }

  /** Ends all of them, and removes what they have left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#living].map(end));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const ask = <Report>(child: ChildProcess, entry: string, order: unknown): Promise<Report> =>
  new Promise((resolve, reject) => {
    const died = (): void => reject(new Error(`the process ${entry} ended in the middle of it`));
    if (child.exitCode !== null || child.signalCode !== null || !child.connected) return died();
    const heard = (report: unknown): void => {
      child.off('exit', died);
      resolve(report as Report);
    };
    child.once('exit', died);
    child.once('message', heard);
    child.send(order as object, (error) => {
      if (error === null) return;
      child.off('message', heard);
      died();
    });
  });

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
    else child.kill();
  });
