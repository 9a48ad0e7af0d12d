import type { Compile } from './plugin.ts';

/**
 * The compiler and Babel beneath it: a quarter of a second, so whoever has a program module to compile waits for
 * it.
 */
export const loadCompiler = async (): Promise<Compile> => (await import('./compile.ts')).compile;
