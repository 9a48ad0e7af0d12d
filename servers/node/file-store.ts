/**
 * Files of a folder. Every path is resolved to where it really is, links and all, and refused if that is not below the
 * root; what is read is the file that was looked at. A listing shows no links.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { Bytes } from '../../ports/bytes.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import type { FileEntry, FileFacts, FileStore } from '../files/store.ts';
import { OperatorError, systemCode } from './operator-error.ts';

/** Bytes that a digest reads at once. */
const CHUNK = 1 << 20;

/** What a store leaves out of its listings: names of folders, unless they are within `node_modules`. */
export interface FileStoreSettings {
  readonly leaveOut: ReadonlySet<string>;
}

const SETTINGS: FileStoreSettings = { leaveOut: new Set(['.git', 'dist', 'coverage']) };

/** A store over the folder `root`. E_NO_INPUT if there is no such folder. */
export const openFileStore = (root: string, settings: FileStoreSettings = SETTINGS): FileStore =>
  new FolderStore(rootOf(root), settings);

const rootOf = (root: string): string => {
  try {
    const real = realpathSync(root);
    if (lstatSync(real).isDirectory()) return real;
  } catch (error) {
    throw noInput(root, systemCode(error));
  }
  throw noInput(root, 'it is not a folder');
};

const noInput = (root: string, why: string): OperatorError =>
  new OperatorError({ code: 'E_NO_INPUT', text: `${root} cannot be read: ${why}`, hint: 'name a folder that exists' });

class FolderStore implements FileStore {
  readonly #root: string;
  readonly #leaveOut: ReadonlySet<string>;

  constructor(root: string, { leaveOut }: FileStoreSettings) {
    this.#root = root;
    this.#leaveOut = leaveOut;
  }

  list(folder: string): readonly FileEntry[] | KernFailure {
    return attempt(() => {
      const place = this.#place(folder);
      if (place === null) return 'KERN_NO_ACCESS';
      const entries: FileEntry[] = [];
      const isInstalled = `${folder}/`.includes('node_modules/');
      for (const each of readdirSync(place, { withFileTypes: true })) {
        const { name } = each;
        if (each.isDirectory() && (isInstalled || !this.#leaveOut.has(name))) {
          entries.push({ name, kind: 'folder', size: 0 });
        }
        const facts = each.isFile() ? lstatSync(join(place, name), { throwIfNoEntry: false }) : undefined;
        if (facts !== undefined) entries.push({ name, kind: 'file', size: facts.size });
      }
      return entries;
    });
  }

  stat(path: string): FileFacts | KernFailure {
    return this.#withFile(path, (_, facts) => facts);
  }

  read(path: string, offset: number, length: number): Bytes | KernFailure {
    return this.#withFile(path, (fd, { size }) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      const got = fill(fd, bytes, offset);
      return Bytes.adopt(got === bytes.length ? bytes : bytes.slice(0, got));
    });
  }

  digest(path: string): Bytes | KernFailure {
    return this.#withFile(path, (fd) => {
      const hash = createHash('sha256');
      const chunk = new Uint8Array(CHUNK);
      for (let at = 0; ; ) {
        const got = fill(fd, chunk, at);
        if (got === 0) break;
        hash.update(chunk.subarray(0, got));
        at += got;
      }
      return Bytes.from(hash.digest());
    });
  }

  #withFile<T>(path: string, use: (fd: number, facts: FileFacts) => T): T | KernFailure {
    return attempt(() => {
      const place = this.#place(path);
      if (place === null) return 'KERN_NO_ACCESS';
      const fd = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const found = fstatSync(fd);
        return found.isFile() ? use(fd, { size: found.size, changedAt: found.mtimeMs }) : 'KERN_INVALID_ARGUMENT';
      } finally {
        closeSync(fd);
      }
    });
  }

  /** Where a path really leads; null if that is outside. */
  #place(path: string): string | null {
    const place = realpathSync(join(this.#root, path));
    const inside = this.#root.endsWith(sep) ? this.#root : `${this.#root}${sep}`;
    return place === this.#root || place.startsWith(inside) ? place : null;
  }
}

const fill = (fd: number, bytes: Uint8Array, offset: number): number => {
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(fd, bytes, done, bytes.length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return done;
};

/** The system's refusals, by Mach's words. */
const attempt = <T>(act: () => T | KernFailure): T | KernFailure => {
  try {
    return act();
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOENT':
      case 'ENOTDIR':
        return 'KERN_INVALID_NAME';
      case 'EACCES':
      case 'EPERM':
      case 'ELOOP':
        return 'KERN_NO_ACCESS';
      case 'EISDIR':
      case 'ENAMETOOLONG':
        return 'KERN_INVALID_ARGUMENT';
      default:
        return 'KERN_FAILURE';
    }
  }
};
