import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PlannedFile } from './file-table.ts';

/** A file with its bytes. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly digest: Uint8Array;
}

const LEFT_OUT = new Set(['.git', 'dist', 'coverage']);

/** The SHA-256 of bytes. */
export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/**
 * The regular files under a folder, by paths relative to it, with slashes. Links are not followed; version control and
 * what this repository builds are left out, but not what installed packages have built.
 */
export const listFolder = async (root: string): Promise<PlannedFile[]> => {
  const files: PlannedFile[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const isLeftOut = LEFT_OUT.has(entry.name) && !path.includes('node_modules/');
      if (entry.isDirectory() && !isLeftOut) await walk(path);
      if (entry.isFile()) files.push({ path, size: (await lstat(join(root, path))).size });
    }
  };
  await walk('');
  return files;
};

/** Reads planned files whole, one after the other. */
export const readFiles = async (root: string, files: readonly PlannedFile[]): Promise<SourceFile[]> => {
  const read: SourceFile[] = [];
  for (const { path } of files) {
    const bytes = new Uint8Array(await readFile(join(root, path)));
    read.push({ path, bytes, digest: sha256(bytes) });
  }
  return read;
};
