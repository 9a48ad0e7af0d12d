import type { Compiler } from './plugin.ts';

/**
 * The compiler and Babel beneath it: a quarter of a second, so whoever has a program module to compile waits for it.
 */
export const loadCompiler = async (): Promise<Compiler> => await import('./compile.ts');
