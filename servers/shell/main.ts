/** The `portolan` command. */
import { OperatorError } from '../node/operator-error.ts';
import { commandLine } from './command-line.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { asOperatorError } from './terminal.ts';

/** Runs one command line and answers its exit code. The first ^C asks the command to stop, the second does not ask. */
const main = async (argv: readonly string[]): Promise<number> => {
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(EXIT_CODES.E_INTERRUPTED);
    stop.abort();
  });
  const { stdout, stderr, env } = process;
  const line = commandLine({ stdout, stderr, env, signal: stop.signal });
  try {
    return await line.run(argv);
  } catch (error) {
    const trouble = stop.signal.aborted && !(error instanceof OperatorError) ? interrupted() : asOperatorError(error);
    line.terminal(argv).fail(trouble);
    if (trouble.code === 'E_FAILED' && (env['PORTOLAN_DEBUG'] ?? '') !== '') console.error(error);
    return EXIT_CODES[trouble.code];
  }
};

const interrupted = (): OperatorError =>
  new OperatorError({ code: 'E_INTERRUPTED', text: 'stopped', outcome: 'unknown' });

process.exitCode = await main(process.argv.slice(2));
