/** What commands are called with. */
import type { Terminal } from './terminal.ts';

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly stateDir: string | undefined;
  readonly signal: AbortSignal;
}

/** Options of `up`. */
export interface UpOptions {
  readonly nodes: number;
  readonly root?: string;
  readonly journal: boolean;
}

/** Options of `node-run`. */
export interface RunNodeOptions {
  readonly root?: string;
  readonly journal: boolean;
}

/** Options of `task run`. */
export interface TaskRunOptions {
  readonly on?: string;
  readonly name?: string;
}

/** Options of `migrate`. */
export interface MigrateOptions {
  readonly strategy?: string;
  readonly k?: number;
  readonly push?: 'on' | 'off';
  readonly dryRun?: boolean;
}

/** Options of `demo`. */
export interface DemoOptions {
  readonly input?: string;
}
