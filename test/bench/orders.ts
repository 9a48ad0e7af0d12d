/** What the bench and its child processes say to each other. */
import type { BodyKind } from './contender.ts';
import type { Histogram } from './histogram.ts';

export interface Order {
  readonly do: 'run';
  readonly contender: string;
  readonly what: 'oneWay' | 'rpc';
  readonly pairs: number;
  readonly body: BodyKind;
  readonly n: number;
}

/** One measurement. */
export interface Sample {
  readonly done: number;
  readonly ns: number;
  /** Processor time of the process, collector included: what a busy machine does not change. */
  readonly cpuNs: number;
  readonly collections: number;
}

export type Report = { readonly ok: true; readonly value: Sample } | { readonly ok: false; readonly why: string };

/** What the near end of a line to another process is told. */
export type RemoteOrder =
  | {
      readonly do: 'ask';
      readonly remote: string;
      readonly size: number;
      readonly n: number;
      readonly outstanding: number;
    }
  /** Round trips over the bare carrier, whose answers have `size` bytes. */
  | { readonly do: 'round-trips'; readonly n: number; readonly size: number }
  /** So many bytes one way over the bare carrier. */
  | { readonly do: 'stream'; readonly bytes: number; readonly chunk: number };

export type RemoteReport<Value = { readonly ns: number } | { readonly ms: number } | { readonly times: Histogram }> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly why: string };

/** What the process that measures programs is told. */
export type ProgramsOrder =
  /** Nanoseconds for each of `n` kernel calls (`hot`: turns of a loop). */
  | { readonly do: 'time'; readonly runner: string; readonly shape: string; readonly n: number }
  | { readonly do: 'compile'; readonly rounds: number }
  | { readonly do: 'image'; readonly shape: string; readonly n: number; readonly rounds: number };

export type ProgramsReport<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly why: string };
