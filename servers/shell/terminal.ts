/** How commands speak to their user: text for people, JSON for programs, and never a mixture. */
import { styleText } from 'node:util';
import { messageOf, OperatorError } from '../node/operator-error.ts';

/** Where text goes. */
export interface Outlet {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What a terminal is made of. */
export interface TerminalParts {
  readonly stdout: Outlet;
  readonly stderr: Outlet;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The user's terminal, or file, or pipe. */
export class Terminal {
  readonly isJson: boolean;
  readonly #parts: TerminalParts;

  constructor(parts: TerminalParts, format: 'text' | 'json') {
    this.#parts = parts;
    this.isJson = format === 'json';
  }

  /** The outcome of a command: as data, or the lines that say the same. */
  result(data: unknown, lines: readonly string[]): void {
    const text = this.isJson ? JSON.stringify(data, null, 2) : lines.join('\n');
    if (text !== '') this.#parts.stdout.write(`${text}\n`);
  }

  /** A part of an outcome that comes bit by bit: as data, one line of JSON. */
  stream(data: unknown, text: string): void {
    this.#parts.stdout.write(`${this.isJson ? JSON.stringify(data) : text}\n`);
  }

  /** A word on what is going on: for people only, and not in the way of a result. */
  say(text: string): void {
    if (!this.isJson) this.#parts.stderr.write(`${text}\n`);
  }

  /** An error, with what to do next. */
  fail(error: OperatorError): void {
    if (this.isJson) {
      this.#parts.stderr.write(`${JSON.stringify({ error })}\n`);
      return;
    }
    const [sign, code] = [this.style('red', '✗', 'stderr'), this.style('bold', error.code, 'stderr')];
    const lines = [`${sign} ${code}  ${error.message}`];
    for (const detail of error.details) lines.push(`  ${detail}`);
    if (error.outcome === 'unknown') lines.push('  outcome: not known');
    if (error.outcome === 'rolled back') lines.push('  outcome: called off, everything is as it was');
    if (error.hint !== null) lines.push(`  next: ${error.hint}`);
    this.#parts.stderr.write(`${lines.join('\n')}\n`);
  }

  /** Colour, if somebody sees it and has not asked for none. */
  style(style: Style, text: string, where: 'stdout' | 'stderr' = 'stdout'): string {
    const { env } = this.#parts;
    const isPlain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb' || this.#parts[where].isTTY !== true;
    // Left to itself it would look at stdout, whichever of the two is meant.
    return isPlain ? text : styleText(style, text, { validateStream: false });
  }
}

/** Rows as columns, wide enough. */
export const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

/** Bytes as people say them. */
export const bytesText = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1 << 20 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
};

/** Any error as one that can be shown. */
export const asOperatorError = (error: unknown): OperatorError =>
  error instanceof OperatorError
    ? error
    : new OperatorError({ code: 'E_FAILED', text: messageOf(error), cause: error });
