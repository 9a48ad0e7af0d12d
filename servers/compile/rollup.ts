/** The plugin for Rollup, and for all that takes Rollup's plugins. Put it before the one that strips types. */
import { loadCompiler } from './load-compiler.ts';
import { isProgramModule, mayBeProgram, type ProgramMap, ProgramModules } from './plugin.ts';
import { headlineOf, troubleOf } from './trouble.ts';

/** What the plugins can be told. */
export interface PluginOptions {
  /** The folder that names of program files are relative to; by default the tool's own root, or the working folder. */
  readonly root?: string;
}

/** What the plugin uses of the tool while it transforms. */
export interface TransformContext {
  resolve(specifier: string, importer: string): Promise<{ readonly id: string; readonly external: unknown } | null>;
  addWatchFile(path: string): void;
  error(
    error: { readonly message: string; readonly pluginCode: string; readonly hint: string },
    place: { readonly line: number; readonly column: number },
  ): never;
}

/** A plugin as Rollup takes it; spelled out here, so that the types of Rollup need not be installed. */
export interface RollupPlugin {
  readonly name: string;
  readonly transform: {
    readonly order: 'pre';
    handler(
      this: TransformContext,
      code: string,
      id: string,
    ): Promise<{ readonly code: string; readonly map: ProgramMap | null } | null>;
  };
}

/** The file of a module's id; null for what is no file, or is wanted as something else than a module. */
const fileOf = (id: string): string | null => {
  const [path = '', query = ''] = id.split('?', 2);
  return path.startsWith('\0') || /(^|&)(raw|url|worker|sharedworker)\b/.test(query) ? null : path;
};

/** Compiles program modules (`*.program.ts`, or `"use resumable"`). `rootOf` is asked when the first one comes. */
export const transformPlugin = (rootOf: () => string): RollupPlugin => {
  let loading: Promise<ProgramModules> | null = null;
  return {
    name: 'portolan',
    transform: {
      order: 'pre',
      async handler(code, id) {
        const path = fileOf(id);
        if (path === null || !mayBeProgram(path) || !isProgramModule(path, code)) return null;
        loading ??= loadCompiler().then((compiler) => new ProgramModules(rootOf(), compiler));
        const modules = await loading;
        const resolve = async (specifier: string, importer: string): Promise<string | null> => {
          const resolved = await this.resolve(specifier, importer);
          return resolved === null || resolved.external !== false ? null : fileOf(resolved.id);
        };
        try {
          const { dependencies, plainDependencies, code: compiled, map } = await modules.compile(path, code, resolve);
          for (const each of [...dependencies, ...plainDependencies]) this.addWatchFile(each);
          return { code: compiled, map };
        } catch (error) {
          const trouble = troubleOf(error);
          if (trouble === null) throw error;
          const { code: pluginCode, hint, line, column } = trouble;
          const message = hint === '' ? headlineOf(trouble) : `${headlineOf(trouble)}\n  next: ${hint}`;
          return this.error({ message, pluginCode, hint }, { line, column: column - 1 });
        }
      },
    },
  };
};

/** `plugins: [portolan()]` in a Rollup configuration. */
export const portolan = ({ root }: PluginOptions = {}): RollupPlugin => transformPlugin(() => root ?? process.cwd());
