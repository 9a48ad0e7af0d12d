/** Modules made from text, in memory: each instance of them is fresh, as in a process that has just been started. */
import path from 'node:path';
import { transform, transformSync } from 'esbuild';

/** Modules by file name, each as the body of a CommonJS function. */
export type Linkable = ReadonlyMap<string, string>;

const optionsFor = (file: string) => ({ loader: 'ts', format: 'cjs', target: 'es2022', sourcefile: file }) as const;
const strict = ({ code }: { readonly code: string }): string => `"use strict";\n${code}`;

/** TypeScript or JavaScript as the body of a CommonJS function. Starts a process for each call. */
export const asCommonJs = (source: string, file: string): string => strict(transformSync(source, optionsFor(file)));

/** The same by one process for all calls: for whoever has many modules. */
export const asCommonJsSoon = async (source: string, file: string): Promise<string> =>
  strict(await transform(source, optionsFor(file)));

type Exports = Record<string, unknown>;
type ModuleBody = (require: (specifier: string) => unknown, module: { exports: Exports }, exports: Exports) => void;

/** An instance of a module and of what it imports. `externals` are given out as they are. */
export const instantiate = (files: Linkable, entry: string, externals: Readonly<Record<string, unknown>>): Exports => {
  const made = new Map<string, { exports: Exports }>();
  const load = (file: string): Exports => {
    const known = made.get(file);
    if (known !== undefined) return known.exports;
    const body = files.get(file);
    if (body === undefined) throw new Error(`${file} is not among the modules`);
    const module = { exports: {} as Exports };
    made.set(file, module);
    const require = (specifier: string): unknown =>
      specifier in externals ? externals[specifier] : load(path.posix.join(path.posix.dirname(file), specifier));
    const run = new Function('require', 'module', 'exports', body) as ModuleBody;
    run(require, module, module.exports);
    return module.exports;
  };
  return load(entry);
};
