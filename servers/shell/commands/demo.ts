/** `demo`: an example program that the command runs by its file, since examples stand above servers. */
import type { Context, DemoOptions } from '../context.ts';
import type { Terminal } from '../terminal.ts';

/** What the demonstration's module exports. */
interface DemoModule {
  runDemo(settings: {
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
    readonly input?: string;
    readonly isMachine: boolean;
  }): Promise<number>;
}

/** Runs the demonstration. */
export const demo = async ({ terminal, signal }: Context, { input, machine }: DemoOptions): Promise<number> => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = new URL(`../../../examples/concordance/demo.${extension}`, import.meta.url);
  const { runDemo } = (await import(file.href)) as DemoModule;
  return runDemo({ terminal, signal, isMachine: machine === true, ...(input === undefined ? {} : { input }) });
};
