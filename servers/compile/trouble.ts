/** What is wrong with a source, as each tool shows it: a place, a code, what to write instead. */

/** What a compiler error says. */
export interface SourceTrouble {
  /** R1xx; see `README.md`. */
  readonly code: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly hint: string;
}

/** What the compiler has against a source; null for any other error, which is a defect. */
export const troubleOf = (error: unknown): SourceTrouble | null => {
  if (!(error instanceof Error) || !('code' in error) || !/^R\d{3}$/.test(String(error.code))) return null;
  const { code, line, column, hint, message } = error as Error & Partial<Record<keyof SourceTrouble, unknown>>;
  return {
    code: String(code),
    line: Math.max(1, Number(line) || 1),
    column: Math.max(1, Number(column) || 1),
    text: message,
    hint: typeof hint === 'string' ? hint : '',
  };
};

/** One line: the code, and what is wrong. */
export const headlineOf = ({ code, text }: SourceTrouble): string =>
  text.startsWith(code) ? text : `${code}: ${text}`;

/** Lines of a source around a place, with a mark under it. */
export const codeFrame = (source: string, { line, column }: Pick<SourceTrouble, 'line' | 'column'>): string => {
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

/** The whole of it as text, for tools that have no frame of their own. */
export const describeTrouble = (path: string, source: string, trouble: SourceTrouble): string =>
  [
    headlineOf(trouble),
    `  at ${path}:${trouble.line}:${trouble.column}`,
    codeFrame(source, trouble),
    ...(trouble.hint === '' ? [] : [`  next: ${trouble.hint}`]),
  ].join('\n');
