/** A node as a process: started, waited for, and taken back if it does not come up. */
import { fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf, type OperatorCode, OperatorError, systemCode } from '../../node/operator-error.ts';
import type { StateDir } from '../../node/state-dir.ts';
import { clearStale } from '../../node/unix-link.ts';
import type { NodeWord } from './node-run.ts';

/** How long a node may take to start. */
const START_MS = 20_000;

/** What a process of a node is told. `isTied`: it ends when the process that started it does, however that ends. */
export interface LaunchSettings {
  readonly root: string;
  readonly journal: boolean;
  /** Whether programs are kept from changing the language's own objects. */
  readonly lock: boolean;
  readonly isTied: boolean;
  /** Mebibytes. */
  readonly memory?: number;
  readonly pageFile?: number;
  readonly acceptCodeFrom?: readonly string[];
}

/** Starts nodes and resolves when each can be reached. If one fails, or `signal` fires, none of them is left. */
export const launchNodes = async (
  dir: StateDir,
  names: readonly string[],
  settings: LaunchSettings,
  signal: AbortSignal,
): Promise<void> => {
  const children: Child[] = [];
  try {
    for (const name of names) children.push(launch(dir, name, settings, signal));
  } catch (error) {
    await Promise.all(children.map((child) => child.takeBack()));
    throw error;
  }
  const started = await Promise.allSettled(children.map((child) => child.ready));
  const failed = started.find((each) => each.status === 'rejected');
  if (failed === undefined) return;
  await Promise.all(children.map((child) => child.takeBack()));
  throw failed.reason;
};

interface Child {
  readonly ready: Promise<void>;
  /** Ends the process, and clears away what it has left. */
  takeBack(): Promise<void>;
}

const launch = (dir: StateDir, name: string, settings: LaunchSettings, signal: AbortSignal): Child => {
  const main = fileURLToPath(new URL(`../main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
  const args = ['node-run', name, '--state', dir.path, '--root', settings.root];
  if (!settings.journal) args.push('--no-journal');
  if (!settings.lock) args.push('--no-lock');
  if (settings.isTied) args.push('--tied');
  if (settings.memory !== undefined) args.push('--memory', String(settings.memory));
  if (settings.pageFile !== undefined) args.push('--page-file', String(settings.pageFile));
  for (const each of settings.acceptCodeFrom ?? []) args.push('--accept-code-from', each);
  const log = openLog(dir.log(name));
  const child = fork(main, args, { detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (code: OperatorCode, text: string, hint = `see ${dir.log(name)}`): void => {
      clearTimeout(timer);
      reject(new OperatorError({ code, text: `${name}: ${text}`, hint }));
    };
    const timer = setTimeout(() => fail('E_TIMEOUT', 'it is not ready in time'), START_MS);
    const stop = (): void => fail('E_INTERRUPTED', 'stopped before it was ready; nothing is left of it', 'portolan up');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => fail('E_FAILED', messageOf(error)));
    child.once('exit', (code, killer) => fail('E_FAILED', `it ended with ${code ?? killer} before it was ready`));
    child.once('message', (word: NodeWord) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (word.type === 'ready') return resolve();
      const { code, text, hint } = word.error;
      fail(String(code) as OperatorCode, String(text), typeof hint === 'string' ? hint : undefined);
    });
  });
  return {
    ready: ready.finally(() => {
      // The channel of a tied node stays open: that it breaks is how the node learns of our end.
      if (!settings.isTied && child.connected) child.disconnect();
      child.channel?.unref();
      child.unref();
    }),
    takeBack: async () => {
      child.ref();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await ended;
      if (child.pid !== undefined) dir.clear(name, child.pid);
      // Its socket is stale now; a socket that answers is somebody else's, and the reason why it failed.
      await clearStale(dir.socket(name)).catch(() => undefined);
    },
  };
};

const openLog = (path: string): number => {
  try {
    return openSync(path, 'a', 0o600);
  } catch (error) {
    throw new OperatorError({
      code: 'E_STORE',
      text: `${path} cannot be written: ${systemCode(error) || messageOf(error)}`,
      hint: 'make room, or name another folder with --state',
      cause: error,
    });
  }
};
