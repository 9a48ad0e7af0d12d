/**
 * Makes a program of a file: an ES module, JavaScript or TypeScript. A resumable program (`*.program.ts`, or "use
 * resumable") exports its main function as `main` or by default, and is named by the compiler's hash of it, which
 * spaces and comments do not change. Any other exports `program`, and is named by the digest of one text, bundled of
 * all that it imports. Two nodes that loaded the same code can hand a task to each other.
 *
 * A program reaches the world by its ports only, so a bundle that wants a module of Node is refused. What kernel and
 * programs must share is handed in instead of being bundled again: the class `Bytes`, and the runtime of resumable
 * programs.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename, dirname, resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import type { BuildFailure, Message, Plugin } from 'esbuild';
import type { Program } from '../../kernel/program.ts';
import * as resumable from '../../kernel/resumable/index.ts';
import * as bytes from '../../ports/bytes.ts';
import type { ProgramCode } from '../code/protocol.ts';
import { portolan } from '../compile/esbuild.ts';
import { messageOf, OperatorError } from './operator-error.ts';
import { type Placed, placeIn, placesOf } from './program-places.ts';

/** The runtime as programs are given it: for whoever evaluates compiled code in another way. */
export { resumable as runtime };

/** A program, and where it came from. */
export interface LoadedProgram {
  readonly file: string;
  readonly program: Program;
  /** What was evaluated: another node can make the same program of it. */
  readonly code: ProgramCode;
}

/** The name under which a bundle asks for the class `Bytes`. */
const BYTES = 'portolan:bytes';
/** The name under which every program asks for the runtime. */
const RUNTIME = 'portolan/resumable';

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
  const exported = evaluate(file, code.text, placed);
  const { program } = exported;
  const main = exported['main'] ?? exported['default'];
  const textHash = hashOfText(code.text);
  if (program === undefined && typeof main === 'function') {
    return { file, program: resumableOf(file, main as resumable.ResumableMain, { placed, textHash }), code };
  }
  if (program instanceof resumable.ResumableProgram) {
    return { file, program: Object.assign(program, thatPlaces(program, placed), { textHash }), code };
  }
  if (!isProgram(program)) {
    throw notAProgram(
      file,
      program === undefined ? 'it exports no `program` and no `main`' : 'its `program` is not one',
    );
  }
  const modules = program.modules === undefined ? {} : { modules: program.modules };
  const { name } = program;
  return { file, program: { name, hash: textHash, textHash, ...modules, ...thatPlaces(program, placed) }, code };
};

/** The program of a main function, called as its file. */
const resumableOf = (
  file: string,
  main: resumable.ResumableMain,
  { placed, textHash }: { readonly placed: Placed; readonly textHash: string },
): Program => {
  try {
    const program = resumable.programOf(main, { name: basename(file).replace(/(\.program)?\.\w+$/, '') });
    // It is ours alone, and has more to it than these two.
    return Object.assign(program, thatPlaces(program, placed), { textHash });
  } catch (error) {
    const hint = 'name the file NAME.program.ts, or begin it with "use resumable", and export `async function main`';
    throw notAProgram(file, messageOf(error), { hint, cause: error });
  }
};

/** How a program starts and goes on, so that what it throws says where in its sources that was. */
const thatPlaces = (program: Program, placed: Placed): Pick<Program, 'start' | 'resume'> => {
  const start = program.start.bind(program);
  const resume = program.resume.bind(program);
  return {
    start: (args) => {
      try {
        return start(args);
      } catch (thrown) {
        throw placed(thrown);
      }
    },
    resume: (sys, state, result) => {
      try {
        resume(sys, state, result);
      } catch (thrown) {
        throw placed(thrown);
      }
    },
  };
};

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
      plugins: [doors, portolan()],
    });
    const textOf = (ending: string): string => outputFiles.find((each) => each.path.endsWith(ending))?.text ?? '';
    return { text: textOf('.bundle'), map: textOf('.map') };
  } catch (error) {
    const { text, hint } = complaintOf(error);
    throw notAProgram(file, text, { hint: hint ?? 'mend the file, then run it again', cause: error });
  }
};

const doors: Plugin = {
  name: 'doors',
  setup: (compiler) => {
    compiler.onResolve({ filter: /(^|\/)bytes\.[jt]s$/ }, ({ path, resolveDir }) =>
      /[\\/]ports[\\/]bytes\.[jt]s$/.test(resolve(resolveDir, path)) ? { path: BYTES, external: true } : undefined,
    );
    compiler.onResolve({ filter: /^portolan\/resumable$/ }, ({ path }) => ({ path, external: true }));
    compiler.onResolve({ filter: /^[a-z:_/]+$/ }, ({ path }) =>
      path.startsWith('node:') || builtinModules.includes(path)
        ? { errors: [{ text: `it imports ${path}, but a program reaches the world by its ports only` }] }
        : undefined,
    );
  },
};

/** What the first error says, where, and what to do about it, if that is known. */
const complaintOf = (error: unknown): { readonly text: string; readonly hint?: string } => {
  const [first]: readonly Message[] = error instanceof Error && 'errors' in error ? (error as BuildFailure).errors : [];
  if (first === undefined) return { text: messageOf(error) };
  const { text, location, notes } = first;
  const where = location === null ? '' : ` (${location.file}:${location.line}:${location.column + 1})`;
  const [note] = first.pluginName === 'portolan' ? notes : [];
  return { text: `${text}${where}`, ...(note === undefined ? {} : { hint: note.text }) };
};

const evaluate = (file: string, text: string, placed: Placed): Record<string, unknown> => {
  const module = { exports: {} as Record<string, unknown> };
  const require = (name: string): unknown => {
    if (name === BYTES) return bytes;
    if (name === RUNTIME) return resumable;
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

const HOW = 'export `async function main` from NAME.program.ts, or `program`, made by machine(…); see examples/';

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
