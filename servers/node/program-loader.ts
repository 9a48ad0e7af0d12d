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
import type { ProgramCode } from '../code/protocol.ts';
import { messageOf, OperatorError } from './operator-error.ts';
import { type Placed, placeIn, placesOf } from './program-places.ts';

/** A program, and where it came from. */
export interface LoadedProgram {
  readonly file: string;
  readonly program: Program;
  /** What was evaluated: another node can make the same program of it. */
  readonly code: ProgramCode;
}

/** The name under which a bundle asks for the class `Bytes`. */
const BYTES = 'portolan:bytes';

/** Loads the program of a file. E_NOT_A_PROGRAM says what is wrong with it, and where. */
export const loadProgram = async (path: string): Promise<LoadedProgram> => {
  const file = resolve(path);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw notAProgram(file, 'there is no such file', {
      hint: 'look at the path: nodes read it from the disk themselves',
    });
  }
  return programOfCode(file, await bundle(file));
};

/** The digest that names a compiled text: SHA-256, in hexadecimal. */
export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Makes a program of a compiled text. It is evaluated with the rights of this process, so the text is one that this
 * process has compiled, or one whose sender it trusts. `file` is what stacks call it. Throws E_NOT_A_PROGRAM.
 */
export const programOfCode = (file: string, code: ProgramCode): LoadedProgram => {
  const placed = placesOf(file, code.map);
  const exported = evaluate(file, code.text, placed)['program'];
  if (!isProgram(exported)) {
    throw notAProgram(file, exported === undefined ? 'it exports no `program`' : 'its `program` is not one');
  }
  return { file, program: programOf(exported, hashOfText(code.text), placed), code };
};

/** The program with the name of its code. What it throws says where in its sources that was. */
const programOf = (exported: Program, hash: string, placed: Placed): Program => ({
  name: exported.name,
  hash,
  ...(exported.modules === undefined ? {} : { modules: exported.modules }),
  start: (args) => {
    try {
      return exported.start(args);
    } catch (thrown) {
      throw placed(thrown);
    }
  },
  resume: (sys, state, result) => {
    try {
      exported.resume(sys, state, result);
    } catch (thrown) {
      throw placed(thrown);
    }
  },
});

const isProgram = (value: unknown): value is Program => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, start, resume } = value as Record<string, unknown>;
  return typeof name === 'string' && name !== '' && typeof start === 'function' && typeof resume === 'function';
};

/** Everything that the file imports, in one text. The compiler is loaded only now. */
const bundle = async (file: string): Promise<ProgramCode> => {
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      bundle: true,
      write: false,
      outfile: `${file}.bundle`, // nothing is written: paths in the map are relative to it
      sourcemap: 'external',
      sourcesContent: false,
      format: 'cjs',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'node'],
      target: 'node20',
      legalComments: 'none',
      logLevel: 'silent',
      plugins: [doors],
    });
    const textOf = (ending: string): string => outputFiles.find((each) => each.path.endsWith(ending))?.text ?? '';
    return { text: textOf('.bundle'), map: textOf('.map') };
  } catch (error) {
    throw notAProgram(file, complaintOf(error), { hint: 'mend the file, then run it again', cause: error });
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
  const where =
    first.location === null ? '' : ` (${first.location.file}:${first.location.line}:${first.location.column + 1})`;
  return `${first.text}${where}`;
};

const evaluate = (file: string, text: string, placed: Placed): Record<string, unknown> => {
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): unknown => {
    if (name === BYTES) return bytes;
    throw new Error(`there is no module ${name} for programs`);
  };
  try {
    const run = compileFunction(text, ['module', 'exports', 'require'], { filename: file });
    run(module, module.exports, require);
  } catch (error) {
    const at = placeIn(stackOf(placed(error)));
    const why = `it fails when it is loaded: ${messageOf(error)}${at === null ? '' : ` (${at})`}`;
    throw notAProgram(file, why, { hint: 'mend the file, then run it again', cause: error });
  }
  return module.exports;
};

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? '') : '');

const HOW = 'export `program`, made by machine({ name, start, handlers }); see examples/';

const notAProgram = (
  file: string,
  why: string,
  { hint = HOW, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): OperatorError =>
  new OperatorError({
    code: 'E_NOT_A_PROGRAM',
    text: `${basename(file)} is not a program: ${why}`,
    hint,
    details: [file],
    cause,
  });
