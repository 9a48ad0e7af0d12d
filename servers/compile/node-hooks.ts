/** Node's loader hooks: they compile program modules, and strip the types of others where Node cannot. */
import { readFile } from 'node:fs/promises';
import type { LoadHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadCompiler } from './load-compiler.ts';
import { resolveFile } from './node-resolve.ts';
import { isProgramModule, mayBeProgram, ProgramModules, withInlineMap } from './plugin.ts';
import { syntaxError, troubleOf } from './trouble.ts';

const TYPESCRIPT = /(?<!\.d)\.m?ts$/;

class Hooks {
  #loading: Promise<ProgramModules> | null = null;

  /** The code of a program module, with its map. */
  async compile(path: string, source: string): Promise<string> {
    this.#loading ??= loadCompiler().then((compiler) => new ProgramModules(process.cwd(), compiler));
    const modules = await this.#loading;
    try {
      return withInlineMap(modules.compileSync(path, source, resolveFile));
    } catch (error) {
      const trouble = troubleOf(error);
      throw trouble === null ? error : syntaxError(path, source, trouble);
    }
  }
}

const hooks: Hooks = new Hooks();

/** Answers the code of program modules; any other module is for the next loader. */
export const load: LoadHook = async (url, context, nextLoad) => {
  const path = url.startsWith('file:') ? fileURLToPath(url.replace(/[?#].*$/, '')) : null;
  if (path === null || !mayBeProgram(path)) return nextLoad(url, context);
  const source = await readFile(path, 'utf8').catch(() => null);
  if (source === null) return nextLoad(url, context);
  if (isProgramModule(path, source)) {
    return { format: 'module', source: await hooks.compile(path, source), shortCircuit: true };
  }
  try {
    return await nextLoad(url, context);
  } catch (error) {
    if (!isUnknown(error) || !TYPESCRIPT.test(path)) throw error;
    return { format: 'module', source: await stripped(path, source), shortCircuit: true };
  }
};

/** Nobody on the way knew the file's ending: this Node does not strip types by itself. */
const isUnknown = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION';

const stripped = async (path: string, source: string): Promise<string> => {
  const { transform } = await import('esbuild');
  const options = { loader: 'ts', format: 'esm', target: 'node20', sourcemap: 'inline', sourcefile: path } as const;
  return (await transform(source, options)).code;
};
