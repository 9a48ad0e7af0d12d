/**
 * Decisions that must outlive a crash: one line each, on the disk when `append` returns. A line without its end was
 * being written when the process died, and counts as not written.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { messageOf, OperatorError, systemCode } from './operator-error.ts';

/** Where decisions are kept. */
export interface Store {
  /** Throws E_STORE if the record is not kept: then it is as if it had never been written. */
  append(record: string): void;
  /** All that was kept, oldest first. */
  records(): readonly string[];
}

/** A journal on disk. */
export interface Journal extends Store {
  readonly path: string;
  close(): void;
}

/** What a journal does to its file. */
export interface JournalFile {
  write(fd: number, bytes: Uint8Array): number;
  sync(fd: number): void;
}

const disk: JournalFile = { write: (fd, bytes) => writeSync(fd, bytes), sync: (fd) => fsyncSync(fd) };

/** Opens a journal, or begins one. An unfinished last line is cut off. */
export const openJournal = (path: string, file: JournalFile = disk): Journal => {
  const fd = opened(path);
  const kept = readFileSync(path);
  let length = kept.lastIndexOf(0x0a) + 1;
  if (length < fstatSync(fd).size) ftruncateSync(fd, length);
  return {
    path,
    append: (record) => {
      const line = Buffer.from(`${JSON.stringify(record)}\n`, 'utf8');
      try {
        for (let done = 0; done < line.length; ) done += file.write(fd, line.subarray(done));
        file.sync(fd);
        length += line.length;
      } catch (error) {
        cutBack(fd, length);
        throw storeError(path, error);
      }
    },
    records: () => linesOf(readFileSync(path, 'utf8')),
    close: () => closeSync(fd),
  };
};

/** A store that keeps nothing beyond the process: for whoever can do without. */
export const noJournal = (): Store => {
  const kept: string[] = [];
  return { append: (record) => void kept.push(record), records: () => [...kept] };
};

const opened = (path: string): number => {
  try {
    return openSync(path, 'a+', 0o600);
  } catch (error) {
    throw storeError(path, error);
  }
};

/** Half a record is none. If not even that can be done, the missing end of its line says so. */
const cutBack = (fd: number, length: number): void => {
  try {
    ftruncateSync(fd, length);
  } catch {
    // The disk refuses everything: the caller hears of the first error.
  }
};

const linesOf = (text: string): string[] => {
  const records: string[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      records.push(JSON.parse(line) as string);
    } catch {
      // A line that was torn by a crash and then written on: it was never confirmed.
    }
  }
  return records;
};

const storeError = (path: string, error: unknown): OperatorError =>
  new OperatorError({
    code: 'E_STORE',
    text: `the journal ${path} cannot be written: ${systemCode(error) || messageOf(error)}`,
    hint: 'make room on the disk, or start the node with --no-journal',
    cause: error,
  });
