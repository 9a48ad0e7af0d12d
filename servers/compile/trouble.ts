/** What is wrong with a source, as each tool shows it: a place, a code, what to write instead. */

import type { ProgramError } from './program-error.ts';

/**
 * What the compiler has against a source; null for any other error, which is a defect. Known by its name: where
 * modules are required and imported there may be two of the class.
 */
export const troubleOf = (error: unknown): ProgramError | null =>
  error instanceof Error && error.name === 'ProgramError' ? (error as ProgramError) : null;

/** One line: the code, and what is wrong, without the place and the hint, which tools show in their own way. */
export const headlineOf = ({ code, message, hint }: ProgramError): string => {
  const text = message.slice(Math.max(0, message.indexOf(code)));
  return text.endsWith(`; ${hint}`) ? text.slice(0, -hint.length - 2) : text;
};

/** Lines of a source around a place, with a mark under it. */
export const codeFrame = (source: string, { line, column }: Pick<ProgramError, 'line' | 'column'>): string => {
  const lines = source.split('\n');
  const first = Math.max(1, line - 1);
  const shown = lines.slice(first - 1, line + 1);
  const width = String(line + 1).length;
  const framed = shown.flatMap((text, at) => {
    const row = `${String(first + at).padStart(width)} | ${text.slice(0, 200)}`;
    return first + at === line ? [row, `${' '.repeat(width)} | ${' '.repeat(column - 1)}^`] : [row];
  });
  return framed.join('\n');
};

/**
 * The whole of it as an error, for tools that have no frame of their own. Where it was noticed is of no use to
 * anybody.
 */
export const syntaxError = (path: string, source: string, trouble: ProgramError): SyntaxError => {
  const text = [
    headlineOf(trouble),
    `  at ${path}:${trouble.line}:${trouble.column}`,
    codeFrame(source, trouble),
    ...(trouble.hint === '' ? [] : [`  next: ${trouble.hint}`]),
  ].join('\n');
  return Object.assign(new SyntaxError(text), { code: trouble.code, stack: `SyntaxError: ${text}` });
};
