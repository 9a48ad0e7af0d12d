/**
 * The checks that refuse, by name: for a call, the code that it answered and what it had looked at last. Whether a check
 * refuses is decided by the kernel alone (`watch.ts`): this table says what the check is called, which rule of the
 * specification it keeps and what its caller can do. Sections are those of the Mach IPC specification that the kernel's
 * sources cite (mach-ipc).
 */
import type { LookKind } from './look.ts';

/** What decided: a look of that kind, or an argument alone. */
export type Decider = LookKind | 'argument';

/** A check that has refused. */
export interface Refusal {
  readonly check: string;
  readonly rule: string;
  readonly next: string;
}

/** A row: calls as an expression over their names, the code, what decided. */
export type RefusalRow = readonly [calls: RegExp, code: string, by: Decider, ...Refusal[keyof Refusal][]];
