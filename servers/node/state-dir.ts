/**
 * The folder in which the nodes of one user find each other: a socket, a record and a journal for each. Nobody else
 * may enter it.
 *
 *   <node>.sock   where the node listens          <node>.journal   decisions of moves
 *   <node>.json   who it is, and its process      <node>.log       what it prints
 *   <node>.pages  its page file
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, OperatorError, systemCode } from './operator-error.ts';

/** What a node says of itself. */
export interface NodeRecord {
  readonly name: string;
  /** Its identity on the net: new for each life. */
  readonly node: string;
  readonly pid: number;
  /** The version of what it runs. */
  readonly version: string;
  readonly startedAt: number;
}

/** Bytes of the longest path of a socket. */
const SOCKET_PATH_MAX = 103;

/** The folder that is meant when none is named. */
export const defaultStateDir = (env: NodeJS.ProcessEnv = process.env): string => {
  const own = env['PORTOLAN_STATE'] ?? '';
  const runtime = env['XDG_RUNTIME_DIR'] ?? '';
  if (own !== '') return resolve(own);
  return runtime !== '' ? join(runtime, 'portolan') : join(tmpdir(), `portolan-${userInfo().uid}`);
};

/** True for what can name a node: part of a file's name and of an identity. */
export const isNodeName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(name);

/** The name in the identity of a node. */
export const nameOfNode = (node: string): string => node.split('.', 1)[0] ?? node;

/** A folder of nodes. */
export class StateDir {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder if need be. E_STORE unless it is ours alone. */
  static open(path: string = defaultStateDir()): StateDir {
    const dir = new StateDir(resolve(path));
    try {
      make(dir.path);
      dir.#guard();
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      throw dir.#refusal(systemCode(error) || messageOf(error), { cause: error });
    }
    return dir;
  }

  socket(name: string): string {
    const path = join(this.path, `${name}.sock`);
    if (Buffer.byteLength(path) > SOCKET_PATH_MAX) throw this.#refusal('its path is too long for a socket');
    return path;
  }

  journal(name: string): string {
    return join(this.path, `${name}.journal`);
  }

  pages(name: string): string {
    return join(this.path, `${name}.pages`);
  }

  log(name: string): string {
    return join(this.path, `${name}.log`);
  }

  /**
   * Every node whose process lives, by name. What dead ones have left is cleared away, their journals and logs
   * excepted.
   */
  nodes(): NodeRecord[] {
    const found: NodeRecord[] = [];
    for (const file of readdirSync(this.path).sort()) {
      if (!file.endsWith('.json')) continue;
      const record = this.#read(join(this.path, file));
      if (record !== null && isAlive(record.pid)) found.push(record);
      else this.forget(file.slice(0, -'.json'.length));
    }
    return found;
  }

  find(name: string): NodeRecord | undefined {
    return this.nodes().find((record) => record.name === name);
  }

  /** Tells others of a node. Whole or not at all. */
  publish(record: NodeRecord): void {
    const path = join(this.path, `${record.name}.json`);
    const draft = `${path}.${record.pid}`;
    writeFileSync(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  }

  /** Removes record, socket and page file of a node; with `pid`, only if they are of that process. */
  forget(name: string, pid?: number): void {
    const path = join(this.path, `${name}.json`);
    if (pid !== undefined && this.#read(path)?.pid !== pid) return;
    rmSync(path, { force: true });
    for (const path of [join(this.path, `${name}.sock`), this.pages(name)]) rmSync(path, { force: true });
  }

  /** Removes what the process `pid` has left of a node, its socket excepted if it had not yet published a record. */
  clear(name: string, pid: number): void {
    rmSync(join(this.path, `${name}.json.${pid}`), { force: true });
    this.forget(name, pid);
  }

  /** True if a node of that name has been here, whether or not it still is: it has left a log. */
  hasKnown(name: string): boolean {
    return isNodeName(name) && existsSync(this.log(name));
  }

  #read(path: string): NodeRecord | null {
    try {
      return asRecord(JSON.parse(readFileSync(path, 'utf8')));
    } catch {
      return null;
    }
  }

  #guard(): void {
    const found = lstatSync(this.path);
    if (!found.isDirectory()) throw this.#refusal('it is not a folder');
    if (process.getuid !== undefined && found.uid !== process.getuid()) {
      throw this.#refusal(`it belongs to another user (${found.uid})`);
    }
    const mode = found.mode & 0o777;
    // Not changed by us: it may be a folder that others rightly use, and nodes would then be open to them till now.
    if ((mode & 0o077) === 0) return;
    const why = `others may enter it (mode ${mode.toString(8).padStart(4, '0')})`;
    throw this.#refusal(why, { hint: `chmod 700 ${this.path}, or name another folder with --state` });
  }

  #refusal(
    why: string,
    { hint = 'name another folder with --state', cause }: { readonly hint?: string; readonly cause?: unknown } = {},
  ): OperatorError {
    return new OperatorError({
      code: 'E_STORE',
      text: `the state folder ${this.path} cannot be used: ${why}`,
      hint,
      cause,
    });
  }
}

const make = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error; // what is there is looked at next
  }
};

const asRecord = (value: unknown): NodeRecord | null => {
  if (typeof value !== 'object' || value === null) return null;
  const { name, node, pid, version, startedAt } = value as Record<string, unknown>;
  if (typeof name !== 'string' || !isNodeName(name) || typeof node !== 'string') return null;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null;
  if (typeof version !== 'string' || typeof startedAt !== 'number') return null;
  return { name, node, pid, version, startedAt };
};

/**
 * A process that we may not signal lives too; one that has ended and is only waiting to be noticed by its parent does
 * not.
 */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
  return !hasEnded(pid);
};

/** Only Linux tells. */
const hasEnded = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
};
