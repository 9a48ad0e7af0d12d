/** What an operator is told when something cannot be done: a code for programs, a text and a next step for people. */

/** Codes of operator and host errors, for which Mach has none. */
export type OperatorCode =
  | 'E_USAGE' // the command line cannot be understood
  | 'E_NO_KERNEL' // no node answers
  | 'E_ADDRESS_IN_USE' // a living node has that name
  | 'E_NOT_A_PROGRAM' // the file is no program that a kernel can run
  | 'E_NO_SUCH_NODE'
  | 'E_NO_SUCH_TASK'
  | 'E_FROZEN' // the task is in the middle of a move, or has been frozen
  | 'E_AMBIGUOUS' // several tasks have names that begin like that
  | 'E_VERSION' // the other side speaks another protocol, or has other code
  | 'E_MIGRATION_ABORTED' // a move was called off; the task runs where it was
  | 'E_NOT_MIGRATABLE' // something keeps the task from moving
  | 'E_STORE' // the state folder or the journal cannot be used
  | 'E_TIMEOUT' // no answer in time: what happened is not known
  | 'E_WIRE' // the connection broke
  | 'E_NO_INPUT' // there is nothing to read
  | 'E_FAILED' // anything else, by Mach's code
  | 'E_INTERRUPTED'; // the user has stopped it

/** What has become of the thing that was asked for. */
export type Outcome = 'not done' | 'rolled back' | 'unknown';

/** An error with all that is known of it, and what to do next. */
export interface OperatorTrouble {
  readonly code: OperatorCode;
  readonly text: string;
  /** The next step. */
  readonly hint?: string;
  readonly details?: readonly string[];
  readonly outcome?: Outcome;
  readonly cause?: unknown;
}

/** The only error that the command line shows as it is; any other is a defect. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorCode;
  readonly hint: string | null;
  readonly details: readonly string[];
  readonly outcome: Outcome;

  constructor({ code, text, hint, details, outcome, cause }: OperatorTrouble) {
    super(text, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint ?? null;
    this.details = details ?? [];
    this.outcome = outcome ?? (code === 'E_TIMEOUT' ? 'unknown' : 'not done');
  }

  /** As data, for `--json`. */
  toJSON(): Readonly<Record<string, unknown>> {
    const { code, message, hint, details, outcome } = this;
    return { code, text: message, hint, details, outcome };
  }
}

/** The system's code of an error, if it has one. */
export const systemCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** What an error says. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
