/** What the programs of the bench can be asked. */
import { type Routine, routine, type Subsystem, subsystem } from '../../../kernel/interface/subsystem.ts';
import type { Bytes } from '../../../ports/bytes.ts';
import type { Histogram } from '../histogram.ts';

/** How a holder begins: its name with the name service, and how many pages it makes resident. */
export interface HolderArguments {
  readonly name: string;
  readonly pages: number;
}

/** A holder's look at all its pages. */
export interface Looked {
  readonly pages: number;
  /** Pages that do not hold what was written there. */
  readonly wrong: number;
}

/** Touches of pages, one after the other. */
export interface Touched {
  readonly times: Histogram;
  readonly wrong: number;
}

interface HolderRoutines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Answers its argument. Hot path. With pages of its own it reads one of them first. */
  readonly echo: Routine<EchoBody, EchoBody>;
  /** Reads every page. */
  readonly look: Routine<null, Looked>;
  /** Reads pages and times each read. */
  readonly touch: Routine<{ readonly first: number; readonly count: number }, Touched>;
}

/** What is echoed. */
export interface EchoBody {
  readonly op: number;
  readonly data: Bytes | null;
}

/** A task that has memory. */
export const holderService: Subsystem<HolderRoutines> = subsystem('bench-holder', 7000, {
  echo: routine(),
  look: routine(),
  touch: routine(),
} as unknown as HolderRoutines);

/** How much is to be asked, and how many questions may be open at once. */
export interface AskRequest {
  readonly n: number;
  readonly outstanding: number;
  /** Bytes of data in each question; 0 for none. */
  readonly size: number;
}

/** What was asked since the last look. */
export interface Asked {
  readonly done: number;
  readonly ms: number;
  /** Answers that were not the one that was due: lost, doubled or out of order. */
  readonly disorder: number;
  readonly times: Histogram;
}

interface AskerRoutines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** Whom to ask: the send right in the first descriptor. */
  readonly aim: Routine<null, null>;
  /** Asks `n` times and answers when all is answered. `n` 0: answers at once and goes on asking until `stop`. */
  readonly ask: Routine<AskRequest, Asked>;
  /** What has been asked since `ask` or the last `mark`. */
  readonly mark: Routine<null, Asked>;
  /** No new question; answered when the last has been answered. */
  readonly stop: Routine<null, Asked>;
}

/** A task that asks a holder. */
export const askerService: Subsystem<AskerRoutines> = subsystem('bench-asker', 7100, {
  aim: routine(),
  ask: routine(),
  mark: routine(),
  stop: routine(),
} as unknown as AskerRoutines);
