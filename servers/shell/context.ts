/** What commands are called with. */
import type { Terminal } from './terminal.ts';

/** What every command gets. */
export interface Context {
  readonly terminal: Terminal;
  readonly stateDir: string | undefined;
  readonly signal: AbortSignal;
}

/** Options of `node start`. */
export interface StartOptions {
  readonly root?: string;
  readonly journal: boolean;
  /** Programs cannot change the language's own objects. */
  readonly lock: boolean;
  /** Mebibytes of the kernel's memory, and of the page file. */
  readonly memory?: number;
  readonly pageFile?: number;
  /** Nodes whose compiled programs may run here; `all`, or names. */
  readonly acceptCodeFrom?: readonly string[];
}

/** Options of `up`. */
export interface UpOptions extends StartOptions {
  readonly nodes: number;
}

/** Options of `node-run`. */
export interface RunNodeOptions extends StartOptions {
  /** It ends when its parent does. */
  readonly tied?: boolean;
}

/** Options of `task run`. */
export interface TaskRunOptions {
  readonly on?: string;
  readonly name?: string;
  /** Show what it prints until it ends. */
  readonly wait?: boolean;
}

/** Options of `task logs`. */
export interface TaskLogsOptions {
  readonly follow?: boolean;
}

/** Options of `task locals`. */
export interface TaskLocalsOptions {
  /** Number of a call, 0 being the innermost. */
  readonly frame?: number;
  /** Number of a thread. */
  readonly thread?: number;
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
  readonly machine?: boolean;
}

/** Options of `compile`. */
export interface CompileOptions {
  /** The folder for what is written. */
  readonly out: string;
}

/** Options of `lab`. */
export interface LabOptions {
  readonly profile?: string;
  /** Show the semantic knobs, and play nothing. */
  readonly knobs?: boolean;
}
