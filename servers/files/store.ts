import type { Bytes } from '../../ports/bytes.ts';
import type { KernFailure } from '../../ports/kern-return.ts';

/** What a folder holds: files and folders, nothing else. */
export interface FileEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  readonly size: number;
}

/** What a file is. */
export interface FileFacts {
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/**
 * Where files are, below one root that nothing leads out of. Paths are relative to it, with slashes; the root is ''. A
 * refusal is INVALID_NAME (no such file), INVALID_ARGUMENT (not a file, or not a path), NO_ACCESS or FAILURE.
 */
export interface FileStore {
  /** The children of a folder, in any order. */
  list(folder: string): readonly FileEntry[] | KernFailure;
  stat(path: string): FileFacts | KernFailure;
  /** Up to `length` bytes; fewer only at the end of the file. */
  read(path: string, offset: number, length: number): Bytes | KernFailure;
  /** SHA-256 of the whole file. */
  digest(path: string): Bytes | KernFailure;
}
