import { OperatorError } from '../../node/operator-error.ts';
import type { Terminal } from '../terminal.ts';

/** What the demonstration is given. */
export interface DemoSettings {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** The folder that the task reads; that of this package if absent. */
  readonly input?: string;
}

/** Shows a move in the middle of work, and answers an exit code. */
export const runDemo = async (_settings: DemoSettings): Promise<number> => {
  throw new OperatorError({ code: 'E_FAILED', text: 'there is nothing to show yet', hint: 'portolan up -n 2' });
};
