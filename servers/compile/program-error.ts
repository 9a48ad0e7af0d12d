/** What a compiler has to say to whoever wrote the program: a code, a place, and what to write instead. */

/** Codes of the compiler; README.md lists what each stands for. They never change their meaning. */
export type ProgramCode = `R1${number}`;

/** A line and a column, both counted from 1, in the source as it was written. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

/** A program that is not accepted. `hint` says what to write instead. */
export class ProgramError extends Error {
  readonly code: ProgramCode;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly hint: string;

  constructor(code: ProgramCode, file: string, { line, column }: SourcePlace, problem: string, hint: string) {
    super(`${file}:${line}:${column}: ${code}: ${problem}; ${hint}`);
    this.name = 'ProgramError';
    this.code = code;
    this.file = file;
    this.line = line;
    this.column = column;
    this.hint = hint;
  }
}
