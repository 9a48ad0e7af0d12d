/** What the checks say, collected: the earliest in the source is what the user reads first. */
import type { types as t } from '@babel/core';
import { placeOf } from '../parse.ts';
import { type ProgramCode, ProgramError } from '../program-error.ts';

/** Says that a node is refused: what it is, and what to write instead. */
export type Report = (code: ProgramCode, node: t.Node, problem: string, hint: string) => void;

const isEarlier = (a: ProgramError, b: ProgramError): boolean =>
  a.line < b.line || (a.line === b.line && a.column < b.column);

/** Runs checks over one module and throws the earliest of the errors that they report. */
export const reporting = (file: string, run: (report: Report) => void): void => {
  let first: ProgramError | null = null;
  run((code, node, problem, hint) => {
    const error = new ProgramError(code, file, placeOf(node), problem, hint);
    if (first === null || isEarlier(error, first)) first = error;
  });
  if (first !== null) throw first;
};
