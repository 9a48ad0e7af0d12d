/** The file service: reads below one folder. Nothing is written. */

import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Bytes } from '../../ports/bytes.ts';

/** Bytes that can be asked for at once. */
export const LENGTH_MAX: number = 1 << 20;
/** Bytes that one answer holds: an inline body has no more room. */
export const READ_MAX: number = LENGTH_MAX - 1024;
/** Files that one answer names. */
export const LIST_MAX = 1000;

/** A file of a listing. */
export interface ListedFile {
  readonly path: string;
  readonly size: number;
}

/** A part of a listing. */
export interface Listing {
  readonly files: readonly ListedFile[];
  /** There is more after the last. */
  readonly more: boolean;
}

/** Which part of which file. */
export interface ReadRequest {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** What was read, and how long the file is now. */
export interface ReadAnswer {
  readonly bytes: Bytes;
  readonly size: number;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Files below the root whose paths come after `after`, in the order of their characters; '' is before all. */
  readonly list: Routine<{ readonly after: string; readonly limit: number }, Listing>;
  readonly stat: Routine<{ readonly path: string }, { readonly size: number; readonly changedAt: number }>;
  /** Up to `length` bytes, and never more than `READ_MAX`: read on where the answer ends. None at or behind the end. */
  readonly read: Routine<ReadRequest, ReadAnswer>;
  /** SHA-256 of the file. */
  readonly digest: Routine<{ readonly path: string }, Bytes>;
}

/** The service: numbers, client stub, server loop. */
export const fileService: Subsystem<Routines> = subsystem('files', 5400, {
  list: routine<{ after: string; limit: number }, Listing>(),
  stat: routine<{ path: string }, { size: number; changedAt: number }>(),
  read: routine<ReadRequest, ReadAnswer>(),
  digest: routine<{ path: string }, Bytes>(),
} as unknown as Routines);
