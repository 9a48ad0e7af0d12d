/**
 * A listing that can be cut anywhere and goes on from a path: nothing is remembered between two parts. The children of
 * each folder come in the order of their names, a folder's with a slash behind it; then whole paths come in the order
 * of their characters.
 */
import type { KernFailure } from '../../ports/kern-return.ts';
import type { ListedFile, Listing } from './protocol.ts';
import type { FileEntry, FileStore } from './store.ts';

/** Folders within folders that are entered. */
const DEPTH_MAX = 64;

interface Walk {
  readonly store: FileStore;
  readonly after: string;
  readonly limit: number;
  readonly found: ListedFile[];
}

/** Files of the store after a path. Folders that cannot be read are left out, the root excepted. */
export const listFiles = (store: FileStore, after: string, limit: number): Listing | KernFailure => {
  const root = store.list('');
  if (typeof root === 'string') return root;
  const walk: Walk = { store, after, limit: limit + 1, found: [] };
  walkFolder(walk, '', root, 0);
  return { files: walk.found.slice(0, limit), more: walk.found.length > limit };
};

const key = ({ name, kind }: FileEntry): string => (kind === 'folder' ? `${name}/` : name);

const walkFolder = (walk: Walk, prefix: string, entries: readonly FileEntry[], depth: number): void => {
  const sorted = [...entries].sort((one, other) => (key(one) < key(other) ? -1 : 1));
  for (const entry of sorted) {
    if (walk.found.length >= walk.limit) return;
    const path = `${prefix}${key(entry)}`;
    if (entry.kind === 'file') {
      if (path > walk.after) walk.found.push({ path, size: entry.size });
      continue;
    }
    if ((path <= walk.after && !walk.after.startsWith(path)) || depth >= DEPTH_MAX) continue;
    const children = walk.store.list(path.slice(0, -1));
    if (typeof children !== 'string') walkFolder(walk, path, children, depth + 1);
  }
};
