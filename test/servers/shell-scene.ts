/** The command in this process, with a state folder of its own. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../../servers/shell/command-line.ts';
import { EXIT_CODES } from '../../servers/shell/exit-codes.ts';
import { asOperatorError } from '../../servers/shell/terminal.ts';

/** A file of this repository, by its path from here. */
export const fileOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** A folder for nodes; whoever makes it removes it. */
export const newState = (): string => mkdtempSync(join(tmpdir(), 'portolan-shell-'));

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as `main.ts` does. */
export const runIn = async (
  state: string,
  argv: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<Ran> => {
  const [out, err]: [string[], string[]] = [[], []];
  const line = commandLine({
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    env: {},
    signal,
  });
  let code = 0;
  try {
    code = await line.run(['--state', state, ...argv]);
  } catch (error) {
    const trouble = asOperatorError(error);
    line.terminal(argv).fail(trouble);
    code = EXIT_CODES[trouble.code];
  }
  return { code, out: out.join(''), err: err.join('') };
};
