/** `compile`: programs ahead of time, for hosts that load modules as they are. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { loadCompiler } from '../../compile/load-compiler.ts';
import { resolveFile } from '../../compile/node-resolve.ts';
import { type ProgramModule, ProgramModules, withInlineMap } from '../../compile/plugin.ts';
import { headlineOf, troubleOf } from '../../compile/trouble.ts';
import { messageOf, OperatorError } from '../../node/operator-error.ts';
import type { CompileOptions, Context } from '../context.ts';
import { table } from '../terminal.ts';

/** One program module in the manifest; paths are relative to the manifest. */
interface ManifestEntry {
  /** The name of the module, as compiled code and error messages have it. */
  readonly id: string;
  readonly out: string;
  readonly hash: string;
  /** Specifiers of what it imports. */
  readonly imports: readonly string[];
}

const MANIFEST = 'programs.json';
const FILES_MAX = 1000;

/**
 * Compiles program files, and the program modules that they import, to modules with maps, and says in a manifest which
 * code they are. All is compiled before anything is written. A relative import of a `.ts` names the `.js` in what is
 * written.
 */
export const compileFiles = async (
  { terminal }: Context,
  files: readonly string[],
  { out }: CompileOptions,
): Promise<number> => {
  const paths = [...new Set(files.map((file) => resolve(file)))];
  if (paths.length > FILES_MAX) throw new OperatorError({ code: 'E_USAGE', text: `more than ${FILES_MAX} files` });
  const missing = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() !== true);
  if (missing.length > 0) throw refused(missing.map((path) => `${path}: there is no such file`));
  const base = commonFolder(paths);
  const compiled = await compileAll(paths, base);
  const folder = resolve(out);
  const programs = Array.from(compiled, ([path, { hash, imports }]): ManifestEntry => {
    const id = slashes(relative(base, path));
    return { id, out: asScript(id), hash, imports };
  });
  const manifest = { version: 1, programs };
  await write(compiled, { base, folder, manifest: `${JSON.stringify(manifest, null, 2)}\n` });
  const rows = programs.map((each) => [`✓ ${each.id}`, join(relative('', folder), each.out), each.hash.slice(0, 12)]);
  terminal.result({ folder, ...manifest }, table(rows));
  return 0;
};

type Compiled = ReadonlyMap<string, ProgramModule>;

/** Everything that is wrong, in all files, or all modules. */
const compileAll = async (paths: readonly string[], base: string): Promise<Compiled> => {
  const modules = new ProgramModules(base, await loadCompiler());
  const compiled = new Map<string, ProgramModule>();
  const troubles: string[] = [];
  const hints = new Set<string>();
  const wanted = new Set(paths);
  for (const path of wanted) {
    try {
      const module = modules.compileSync(path, readFileSync(path, 'utf8'), resolveFile);
      compiled.set(path, module);
      for (const each of module.dependencies) wanted.add(each);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble === null) throw error;
      troubles.push(`${path}:${trouble.line}:${trouble.column} ${headlineOf(trouble)}`);
      if (trouble.hint !== '') hints.add(trouble.hint);
    }
  }
  if (troubles.length > 0) throw refused(troubles, [...hints][0]);
  return compiled;
};

const refused = (details: readonly string[], hint = 'look at the path'): OperatorError =>
  new OperatorError({
    code: 'E_NOT_A_PROGRAM',
    text: details.length === 1 ? `not compiled: ${details[0]}` : `not compiled, for ${details.length} reasons`,
    hint,
    details: details.length === 1 ? [] : details,
  });

/** The folder that all files lie below. */
const commonFolder = (paths: readonly string[]): string => {
  let folder = dirname(paths[0] as string);
  while (!paths.every((path) => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)))
    folder = dirname(folder);
  return folder;
};

const slashes = (path: string): string => path.replaceAll('\\', '/');

/** The name of what a source is compiled to, as TypeScript has it. */
const asScript = (path: string): string => path.replace(/\.([cm]?)tsx?$|\.jsx$/, (_, kind) => `.${kind ?? ''}js`);

interface Destination {
  readonly base: string;
  readonly folder: string;
  readonly manifest: string;
}

const write = async (compiled: Compiled, { base, folder, manifest }: Destination): Promise<void> => {
  const outside = [...compiled.keys()].find((path) => relative(base, path).startsWith('..'));
  if (outside !== undefined) {
    const text = `${outside} is imported, but lies outside of ${base}`;
    throw new OperatorError({ code: 'E_USAGE', text, hint: 'name that file, too' });
  }
  try {
    mkdirSync(folder, { recursive: true });
    for (const [path, module] of compiled) {
      for (const [name, text] of await emitted(path, module, { base, folder })) {
        mkdirSync(dirname(name), { recursive: true });
        writeFileSync(name, text);
      }
    }
    writeFileSync(join(folder, MANIFEST), manifest);
  } catch (error) {
    const text = `what was compiled cannot be written: ${messageOf(error)}`;
    throw new OperatorError({ code: 'E_STORE', text, hint: 'look at --out', cause: error });
  }
};

/** A module and its map, by path: each import stays an import. */
const emitted = async (
  path: string,
  module: ProgramModule,
  { base, folder }: Pick<Destination, 'base' | 'folder'>,
): Promise<(readonly [string, string])[]> => {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: base,
    stdin: { contents: withInlineMap(module), sourcefile: path, resolveDir: dirname(path), loader: 'js' },
    outfile: join(folder, asScript(relative(base, path))),
    bundle: true,
    write: false,
    treeShaking: false,
    format: 'esm',
    platform: 'neutral',
    target: 'node20',
    sourcemap: true,
    sourcesContent: true,
    logLevel: 'silent',
    plugins: [
      {
        name: 'keep-imports',
        setup: (compiler) =>
          compiler.onResolve({ filter: /.*/ }, ({ path: named }) => ({
            path: named.startsWith('.') ? asScript(named) : named,
            external: true,
          })),
      },
    ],
  });
  return outputFiles.map((file) => [file.path, file.text] as const);
};
