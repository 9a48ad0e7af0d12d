/** The plugin for esbuild. Put it before other plugins that load source files. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OnLoadResult, Plugin, PluginBuild } from 'esbuild';
import { loadCompiler } from './load-compiler.ts';
import { isProgramModule, mayBeProgram, ProgramModules, withInlineMap } from './plugin.ts';
import type { ProgramError } from './program-error.ts';
import type { PluginOptions } from './rollup.ts';
import { headlineOf, troubleOf } from './trouble.ts';

/** `plugins: [portolan()]` in a call of `build` or `context`. */
export const portolan = ({ root }: PluginOptions = {}): Plugin => ({
  name: 'portolan',
  setup: (build) => {
    let loading: Promise<ProgramModules> | null = null;
    const rootFolder = root ?? build.initialOptions.absWorkingDir ?? process.cwd();
    build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
      if (!mayBeProgram(path)) return undefined;
      const source = await readFile(path, 'utf8');
      if (!isProgramModule(path, source)) return undefined;
      loading ??= loadCompiler().then((compiler) => new ProgramModules(rootFolder, compiler));
      return load(build, await loading, path, source);
    });
  },
});

const load = async (
  build: PluginBuild,
  modules: ProgramModules,
  path: string,
  source: string,
): Promise<OnLoadResult> => {
  const resolve = async (specifier: string, importer: string): Promise<string | null> => {
    const place = { kind: 'import-statement', importer, resolveDir: dirname(importer) } as const;
    const { path: target, external, namespace, errors } = await build.resolve(specifier, place);
    return external || errors.length > 0 || namespace !== 'file' ? null : target;
  };
  try {
    const { dependencies, plainDependencies, ...module } = await modules.compile(path, source, resolve);
    return {
      contents: withInlineMap(module),
      loader: path.endsWith('x') ? 'jsx' : 'js',
      resolveDir: dirname(path),
      watchFiles: [path, ...dependencies, ...plainDependencies],
    };
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === null) throw error;
    return { errors: [messageFor(path, source, trouble)], watchFiles: [path] };
  }
};

const messageFor = (path: string, source: string, trouble: ProgramError) => {
  const { line, column, hint } = trouble;
  const lineText = source.split('\n')[line - 1] ?? '';
  return {
    text: headlineOf(trouble),
    location: { file: path, line, column: column - 1, lineText },
    notes: hint === '' ? [] : [{ text: hint }],
    detail: { code: trouble.code, hint },
  };
};
