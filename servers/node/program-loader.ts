/**
 * Makes a program of a file: an ES module, JavaScript or TypeScript, that exports `program`. It is bundled with all it
 * imports into one text, whose digest names the code: two nodes that loaded the same text can hand a task to each
 * other.
 *
 * A program reaches the world by its ports only, so a bundle that wants a module of Node is refused. `Bytes` is the
 * one class that kernel and programs must share; its module is handed in instead of being bundled again.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import type { BuildFailure, Plugin } from 'esbuild';
import type { Program } from '../../kernel/program.ts';
import * as bytes from '../../ports/bytes.ts';
import { messageOf, OperatorError } from './operator-error.ts';

/** A program, and where it came from. */
export interface LoadedProgram {
  readonly file: string;
  readonly program: Program;
}

/** The name under which a bundle asks for the class `Bytes`. */
const BYTES = 'portolan:bytes';

/** Loads the program of a file. E_NOT_A_PROGRAM says what is wrong with it. */
export const loadProgram = async (path: string): Promise<LoadedProgram> => {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw notAProgram(file, 'there is no such file');
  const text = await bundle(file);
  const hash = createHash('sha256').update(text).digest('hex');
  const exported = evaluate(file, text)['program'];
  if (!isProgram(exported)) throw notAProgram(file, 'it exports no `program`');
  const { name } = exported;
  return {
    file,
    program: {
      name,
      hash,
      start: (args) => exported.start(args),
      resume: (sys, state, result) => exported.resume(sys, state, result),
    },
  };
};

const isProgram = (value: unknown): value is Program => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, start, resume } = value as Record<string, unknown>;
  return typeof name === 'string' && name !== '' && typeof start === 'function' && typeof resume === 'function';
};

/** Everything that the file imports, in one text. The compiler is loaded only now. */
const bundle = async (file: string): Promise<string> => {
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      format: 'cjs',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'node'],
      target: 'node20',
      legalComments: 'none',
      logLevel: 'silent',
      plugins: [doors],
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw notAProgram(file, complaintOf(error), error);
  }
};

const doors: Plugin = {
  name: 'doors',
  setup: (compiler) => {
    compiler.onResolve({ filter: /(^|\/)bytes\.[jt]s$/ }, ({ path, resolveDir }) =>
      /[\\/]ports[\\/]bytes\.[jt]s$/.test(resolve(resolveDir, path)) ? { path: BYTES, external: true } : undefined,
    );
    compiler.onResolve({ filter: /^[a-z:_/]+$/ }, ({ path }) =>
      path.startsWith('node:') || builtinModules.includes(path)
        ? { errors: [{ text: `it imports ${path}, but a program reaches the world by its ports only` }] }
        : undefined,
    );
  },
};

const complaintOf = (error: unknown): string => {
  const [first] = error instanceof Error && 'errors' in error ? (error as BuildFailure).errors : [];
  if (first === undefined) return messageOf(error);
  const where = first.location === null ? '' : ` (${first.location.file}:${first.location.line})`;
  return `${first.text}${where}`;
};

const evaluate = (file: string, text: string): Record<string, unknown> => {
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): unknown => {
    if (name === BYTES) return bytes;
    throw new Error(`there is no module ${name} for programs`);
  };
  try {
    const run = compileFunction(text, ['module', 'exports', 'require'], { filename: file });
    run(module, module.exports, require);
  } catch (error) {
    throw notAProgram(file, `it fails when it is loaded: ${messageOf(error)}`, error);
  }
  return module.exports;
};

const notAProgram = (file: string, why: string, cause?: unknown): OperatorError =>
  new OperatorError({
    code: 'E_NOT_A_PROGRAM',
    text: `${basename(file)} is not a program: ${why}`,
    hint: 'export `program`, made by machine({ name, start, handlers }); see examples/',
    details: [file],
    cause,
  });
