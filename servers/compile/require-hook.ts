/** Program modules that are required: compiled to ES modules first, then to what `require` takes. */
import { readFileSync } from 'node:fs';
import { resolveFile } from './node-resolve.ts';
import type { Compiler } from './plugin.ts';
import { isProgramModule, mayBeProgram, ProgramModules, withInlineMap } from './plugin.ts';
import { syntaxError, troubleOf } from './trouble.ts';

interface LoadedModule {
  _compile(code: string, path: string): unknown;
}

type Extension = (module: LoadedModule, path: string) => unknown;

const ENDINGS = ['.js', '.ts', '.tsx', '.mjs', '.mts'] as const;

/**
 * Puts the compiler before whatever loads these endings now. `compiler` is the path of its module, loaded when
 * needed.
 */
export const requireHook = (moduleClass: object, require: NodeJS.Require, compiler: string): void => {
  // Not typed by Node, but what every such tool goes by, and kept for them.
  const { _extensions: extensions } = moduleClass as { readonly _extensions: Record<string, Extension> };
  let modules: ProgramModules | null = null;
  const compile = (path: string, source: string): string => {
    modules ??= new ProgramModules(process.cwd(), require(compiler) as Compiler);
    const { transformSync } = require('esbuild') as typeof import('esbuild');
    try {
      const code = withInlineMap(modules.compileSync(path, source, resolveFile));
      return transformSync(code, { format: 'cjs', target: 'node20', sourcemap: 'inline', sourcefile: path }).code;
    } catch (error) {
      const trouble = troubleOf(error);
      throw trouble === null ? error : syntaxError(path, source, trouble);
    }
  };
  for (const ending of ENDINGS) {
    const next = extensions[ending] ?? extensions['.js'];
    extensions[ending] = (module, path) => {
      if (!mayBeProgram(path)) return next?.(module, path);
      const source = readFileSync(path, 'utf8');
      return isProgramModule(path, source) ? module._compile(compile(path, source), path) : next?.(module, path);
    };
  }
};
