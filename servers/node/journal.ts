/**
 * Records that must outlive a crash: one line each, on the disk when `append` returns. Before each record stands its
 * checksum. What does not fit its checksum at the end of the file was being written when the process died, counts as
 * not written, and is cut off.
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { messageOf, OperatorError, systemCode } from './operator-error.ts';

/** Where records are kept. */
export interface Store {
  /** Throws E_STORE if the record is not kept: then it is as if it had never been written. */
  append(record: string): void;
  /** All that was kept, oldest first; null if nothing outlives the process. */
  records(): readonly string[] | null;
  /** Keeps these in place of all others: all of them or, with E_STORE, what was there. */
  replace(records: readonly string[]): void;
}

/** A journal on disk. */
export interface Journal extends Store {
  readonly path: string;
  /** Lines before the end that do not fit their checksum: the disk has changed them. */
  readonly damaged: number;
  close(): void;
}

/** What a journal does to its file. */
export interface JournalFile {
  write(fd: number, bytes: Uint8Array): number;
  sync(fd: number): void;
}

/** Bytes of a journal beyond which it is not read: nothing of ours makes one so large. */
const JOURNAL_MAX = 64 << 20;

const disk: JournalFile = { write: (fd, bytes) => writeSync(fd, bytes), sync: (fd) => fsyncSync(fd) };

/** Opens a journal, or begins one. An unfinished end is cut off. */
export const openJournal = (path: string, file: JournalFile = disk): Journal => new FileJournal(path, file);

/** A store that keeps nothing beyond the process: for whoever can do without. */
export const noJournal = (): Store => ({ append: () => undefined, records: () => null, replace: () => undefined });

class FileJournal implements Journal {
  readonly path: string;
  readonly damaged: number;
  readonly #file: JournalFile;
  #records: string[];
  #fd: number;
  /** Bytes of whole records. */
  #length: number;
  /** Something of a refused record may still be there: nothing is written behind it. */
  #isDirty = false;

  constructor(path: string, file: JournalFile) {
    this.path = path;
    this.#file = file;
    rmSync(draftOf(path), { force: true }); // of a `replace` that was not finished
    this.#fd = this.#open(path, 'a+');
    const { records, length, damaged } = this.#guarded(() => readJournal(path));
    this.#records = records;
    this.#length = length;
    this.damaged = damaged;
    this.#guarded(() => {
      this.#cutBack();
      syncFolder(path);
    });
  }

  append(record: string): void {
    const line = lineOf(record);
    this.#guarded(() => {
      if (this.#isDirty) this.#cutBack();
      this.#isDirty = true;
      writeAll(this.#file, this.#fd, line);
      this.#file.sync(this.#fd);
      this.#isDirty = false;
    });
    this.#length += line.length;
    this.#records.push(record);
  }

  records(): readonly string[] {
    return this.#records;
  }

  replace(records: readonly string[]): void {
    const draft = draftOf(this.path);
    const lines = Buffer.concat(records.map(lineOf));
    const fd = this.#open(draft, 'w');
    this.#guarded(() => {
      try {
        writeAll(this.#file, fd, lines);
        this.#file.sync(fd);
        renameSync(draft, this.path);
      } catch (error) {
        rmSync(draft, { force: true });
        throw error;
      } finally {
        closeSync(fd);
      }
      syncFolder(this.path);
    });
    closeSync(this.#fd);
    this.#fd = this.#open(this.path, 'a+');
    this.#records = [...records];
    this.#length = lines.length;
    this.#isDirty = false;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Half a record is none, and must not become whole after a crash: the cut is on the disk as well. */
  #cutBack(): void {
    if (statSync(this.path).size > this.#length) {
      ftruncateSync(this.#fd, this.#length);
      this.#file.sync(this.#fd);
    }
    this.#isDirty = false;
  }

  #open(path: string, flags: string): number {
    return this.#guarded(() => openSync(path, flags, 0o600));
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#tryToCutBack();
      if (error instanceof OperatorError) throw error;
      throw storeError(this.path, error);
    }
  }

  /** If not even that can be done the next record tries again before it is written. */
  #tryToCutBack(): void {
    if (!this.#isDirty) return;
    try {
      this.#cutBack();
    } catch {
      // The disk refuses everything: the caller hears of the first error.
    }
  }
}

const draftOf = (path: string): string => `${path}.new`;

const writeAll = (file: JournalFile, fd: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length; ) done += file.write(fd, bytes.subarray(done));
};

/** A name is durable when its folder is. */
const syncFolder = (path: string): void => {
  const fd = openSync(dirname(path), 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};

const checksumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');

const lineOf = (record: string): Buffer => {
  const text = JSON.stringify(record);
  return Buffer.from(`${checksumOf(text)} ${text}\n`, 'utf8');
};

/** The record of a line without its end, or null if it is none. */
const recordOf = (line: string): string | null => {
  const text = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksumOf(text)) return null;
  const record: unknown = JSON.parse(text);
  return typeof record === 'string' ? record : null;
};

/** What a file has: whole records, where the last of them ends, and how many before it are none. */
const readJournal = (path: string): { records: string[]; length: number; damaged: number } => {
  if (statSync(path).size > JOURNAL_MAX) {
    throw new OperatorError({
      code: 'E_STORE',
      text: `the journal ${path} is larger than any that a node writes`,
      hint: 'move it away, or start the node with --no-journal',
    });
  }
  const bytes = readFileSync(path);
  const records: string[] = [];
  let length = 0;
  let damaged = 0;
  let suspects = 0;
  for (let at = 0, end = bytes.indexOf(10); end >= 0; at = end + 1, end = bytes.indexOf(10, at)) {
    const record = recordOf(bytes.toString('utf8', at, end));
    if (record === null) suspects += 1;
    else {
      records.push(record);
      damaged += suspects;
      suspects = 0;
      length = end + 1;
    }
  }
  return { records, length, damaged };
};

const storeError = (path: string, error: unknown): OperatorError =>
  new OperatorError({
    code: 'E_STORE',
    text: `the journal ${path} cannot be written: ${systemCode(error) || messageOf(error)}`,
    hint: 'make room on the disk, or start the node with --no-journal',
    cause: error,
  });
