import type { BodyKind } from './contender.ts';

/** What the bench and its child processes say to each other. */
export type Order =
  | {
      readonly do: 'run';
      readonly contender: string;
      readonly what: 'oneWay' | 'rpc';
      readonly pairs: number;
      readonly body: BodyKind;
      readonly n: number;
    }
  | { readonly do: 'move'; readonly strategy: string; readonly mebibytes: number };

/** One measurement. */
export interface Sample {
  readonly done: number;
  readonly ns: number;
  /** Processor time of the process, collector included: what a busy machine does not change. */
  readonly cpuNs: number;
  readonly collections: number;
}

/** One move. */
export interface Moved {
  readonly freezeMs: number;
  readonly wholeMs: number;
  readonly pagesInFreeze: number;
}

export type Report =
  | { readonly ok: true; readonly value: Sample | Moved }
  | { readonly ok: false; readonly why: string };
