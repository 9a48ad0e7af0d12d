/** The compiler: every pass, in order. Importing this loads Babel, so tools do it when there is something to do. */
import { type types as t, traverse } from '@babel/core';
import babelGenerator, { type GeneratorOptions, type GeneratorResult } from '@babel/generator';
import type { IsAsyncImport } from './check/calls.ts';
import { check } from './check.ts';
import { compileTree } from './compile-tree.ts';
import { hashProgram, specifiersOf } from './hash.ts';
import { normalize } from './normalize/normalize.ts';
import { parse } from './parse.ts';

/** How a module is to be compiled. */
export interface CompileOptions {
  /** The name of the module in messages, source maps, stack traces and images. */
  readonly file: string;
  /** Specifier of the runtime; `portolan/resumable` if it is not said. */
  readonly runtime?: string;
  /** Whether to make a source map; true if it is not said. */
  readonly sourceMap?: boolean;
  /** The hash of the program module that a specifier means; null if it means another kind of module. */
  readonly resolveHash?: (specifier: string) => string | null;
  /** What names the code of another module that a specifier means; null if nothing is known of it. */
  readonly resolveDigest?: (specifier: string) => string | null;
  /** Whether an export of the module that a specifier means is known to be an async function. */
  readonly isAsyncImport?: IsAsyncImport;
}

/** A source map, version 3. */
export interface CompiledMap {
  readonly version: 3;
  readonly sources: string[];
  readonly sourcesContent?: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** A compiled module. */
export interface CompiledProgram {
  readonly code: string;
  readonly map: CompiledMap | null;
  /** SHA-256, in hex, of the program without its types and comments, and of what it imports. */
  readonly hash: string;
  /** The specifiers of what the source imports, types left out; each once, in order. */
  readonly imports: readonly string[];
}

const importsOf = ({ program }: t.File): string[] => [...new Set(specifiersOf(program))];

export { outlineOf } from './outline.ts';

type Generate = (tree: t.File, options: GeneratorOptions, source: string) => GeneratorResult;

/** The generator is CommonJS: whether its function is the `default` or the `default` of that depends on who loads it. */
const loaded = babelGenerator as unknown as Generate | { readonly default: Generate };
const generate: Generate = typeof loaded === 'function' ? loaded : loaded.default;

/** Babel's own `transformFromAstSync` would look at every scope once more before it prints. */
const print = (tree: t.File, source: string, { file, sourceMap = true }: CompileOptions) => {
  const { code, map } = generate(tree, { compact: false, sourceMaps: sourceMap, sourceFileName: file }, source);
  return { code, map: map as CompiledMap | null };
};

/**
 * Compiles a module of a resumable program. Deterministic: code and hash depend on the source and the options alone.
 *
 * Throws a `ProgramError` with code, place and advice for everything that a program may not say (see README.md).
 */
export const compile = (source: string, options: CompileOptions): CompiledProgram => {
  const {
    file,
    runtime = 'portolan/resumable',
    resolveHash = () => null,
    resolveDigest = () => null,
    isAsyncImport = () => false,
  } = options;
  const tree = parse(source, file);
  check(tree, file, isAsyncImport);
  const imports = importsOf(tree);
  const programs = imports.filter((specifier) => resolveHash(specifier) !== null);
  const hash = hashProgram(tree, (specifier) => resolveHash(specifier) ?? resolveDigest(specifier));
  normalize(tree);
  compileTree(tree.program, { id: file, hash, file, runtime, programs });
  // Babel keeps what it knows of every tree in weak maps, and the garbage collector pays for them.
  traverse.cache.clear();
  return { ...print(tree, source, options), hash, imports };
};
