/** What can be asked of a concordance, and what it is told before it begins. */

import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';
import type { Bytes } from '../../ports/bytes.ts';
import type { PlannedFile } from './file-table.ts';
import type { Answer } from './inverted-index.ts';

/** A numbered question. With `wantsContext` the lines around the hits come out of line. */
export interface Query {
  readonly number: number;
  readonly word: string;
  readonly skip: number;
  readonly hitsMax: number;
  readonly wantsContext: boolean;
}

/** An answer. `serial` counts the answers of this one task, from 1 on: two of a kind would be two tasks. */
export interface Answered {
  readonly number: number;
  readonly serial: number;
  readonly answer: Answer;
  /** Bytes of context in the memory descriptor of the reply; 0 for none. */
  readonly contextBytes: number;
}

/** How far it is. `pages` is what the index uses of its memory. */
export interface ConcordanceProgress {
  readonly filesListed: number;
  readonly filesIndexed: number;
  readonly pages: number;
  readonly served: number;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** The files from number `first` on, in the order in which they are to be indexed. Told again they change nothing. */
  readonly enlist: Routine<
    { readonly first: number; readonly files: readonly PlannedFile[] },
    { readonly listed: number }
  >;
  /** The list is whole: from now on files are indexed. Where things lie in memory depends on the list coming first. */
  readonly begin: Routine<null, null>;
  readonly query: Routine<Query, Answered>;
  readonly progress: Routine<null, ConcordanceProgress>;
  /** Up to 16 pages of the index as they are, from `page` on. */
  readonly pages: Routine<{ readonly page: number; readonly count: number }, { readonly bytes: Bytes }>;
}

/** The service of a concordance: numbers, stub, server loop. */
export const concordanceService: Subsystem<Routines> = subsystem('concordance', 6000, {
  enlist: routine(),
  begin: routine(),
  query: routine(),
  progress: routine(),
  pages: routine(),
} as unknown as Routines);
