/**
 * What all tools share that compile program modules on the way: which modules those are, the hash of each with those of
 * the modules that it imports, and a memory of what has been compiled. Vite, Rollup, esbuild and Node differ
 * only in how they resolve an import and show an error; `vite.ts`, `rollup.ts`, `esbuild.ts` and `register.ts` say how.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { components } from './module-graph.ts';
import type { Outline } from './outline.ts';
import { packageOf } from './packages.ts';

/** A source map, version 3. */
export interface ProgramMap {
  readonly version: 3;
  readonly sources: string[];
  readonly sourcesContent?: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** A module as the compiler answers it. */
export interface CompiledModule {
  readonly code: string;
  readonly map: ProgramMap | null;
  /** Names the code: of the program without its types and comments, and of what it imports. */
  readonly hash: string;
  /** The specifiers of what the code imports. */
  readonly imports: readonly string[];
}

/** The compiler. */
export interface Compiler {
  compile(
    source: string,
    options: {
      readonly file: string;
      readonly sourceMap: boolean;
      readonly resolveHash: (specifier: string) => string | null;
      readonly resolveDigest: (specifier: string) => string | null;
      readonly isAsyncImport: (specifier: string, name: string) => boolean;
    },
  ): CompiledModule;
  /** What a module of any kind imports and exports. */
  outlineOf(source: string, file: string): Outline;
}

/** The path of what `importer` means by `specifier`; null if that is no file. */
export type Resolve<R> = (specifier: string, importer: string) => R;

/** A compiled program module, and the files of other modules that its hash depends on: programs, and plain ones. */
export interface ProgramModule extends CompiledModule {
  readonly dependencies: readonly string[];
  readonly plainDependencies: readonly string[];
}

const PROGRAM_FILE = /\.program\.[cm]?[jt]sx?$/;
const INSTALLED = /[\\/]node_modules[\\/]/;
const CODE_FILE = /\.[cm]?[jt]sx?$/;
/** What may stand before the directive: space, comments, other directives. */
const BEFORE_DIRECTIVE = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(['"])use (?!resumable)[^'"\n]*\1|;/;

/** Whether a file may be a program module, as far as its name tells. The directive is not for installed packages. */
export const mayBeProgram = (path: string): boolean =>
  PROGRAM_FILE.test(path) || (CODE_FILE.test(path) && !INSTALLED.test(path));

/** Whether a module is a program module: by its name, or by the directive at its head. */
export const isProgramModule = (path: string, source: string): boolean =>
  PROGRAM_FILE.test(path) || (mayBeProgram(path) && source.includes('use resumable') && hasDirective(source));

/** Goes from token to token and never back: a line of slashes has to cost what it is long. */
const hasDirective = (source: string): boolean => {
  const token = new RegExp(BEFORE_DIRECTIVE, 'y');
  let at = /^\uFEFF?(?:#![^\n]*)?/.exec(source)?.[0].length ?? 0;
  for (token.lastIndex = at; token.test(source); at = token.lastIndex);
  return /^['"]use resumable['"]/.test(source.slice(at, at + 15));
};

/** Compiled modules that are remembered; the oldest go first. */
const REMEMBERED_MAX = 1024;
/** Modules that one may reach by imports. */
export const MODULES_MAX = 10_000;

/** A module on the way to its hash. */
interface Unit {
  readonly source: string;
  readonly isProgram: boolean;
  readonly outline: Outline;
  /** The modules that it imports: paths by specifier. */
  readonly targets: ReadonlyMap<string, string>;
  /** The packages that it imports: name and version by specifier. */
  readonly packages: ReadonlyMap<string, string>;
}

/** A module with its hash; `module` is null of a plain one, which its text names. */
interface Linked {
  readonly hash: string;
  readonly module: CompiledModule | null;
}

/** What a module is compiled with: the hashes of the programs that it imports, digests of other modules, by specifier. */
interface Imported {
  readonly programs: ReadonlyMap<string, string | null>;
  readonly digests: ReadonlyMap<string, string | null>;
  readonly isAsyncImport: (specifier: string, name: string) => boolean;
}

/** How to link a module: the hashes of its neighbours, and whether it is the one that was asked for. */
interface Linking {
  readonly hashOf: (target: string) => string | null;
  readonly isWanted: boolean;
}

type Question = readonly [specifier: string, importer: string];

/** The program modules of one project. Holds nothing but a memory: an answer depends on the sources alone. */
export class ProgramModules {
  readonly #root: string;
  readonly #compiler: Compiler;
  readonly #remembered: Map<string, CompiledModule> = new Map();

  /** `root` is the folder that the names of files are relative to. */
  constructor(root: string, compiler: Compiler) {
    this.#root = root;
    this.#compiler = compiler;
  }

  /** Compiles a module where imports are resolved at once. Throws what the compiler throws for this module. */
  compileSync(path: string, source: string, resolve: Resolve<string | null>): ProgramModule {
    const gathering = this.#gather(path, source);
    for (let step = gathering.next(); ; step = gathering.next(resolve(...step.value))) {
      if (step.done === true) return this.#finish(path, step.value);
    }
  }

  /** Compiles a module where to resolve an import takes time. */
  async compile(path: string, source: string, resolve: Resolve<Promise<string | null>>): Promise<ProgramModule> {
    const gathering = this.#gather(path, source);
    for (let step = gathering.next(); ; step = gathering.next(await resolve(...step.value))) {
      if (step.done === true) return this.#finish(path, step.value);
    }
  }

  /** Asks for the path of each import on the way, and answers all modules that are reached. */
  *#gather(path: string, source: string): Generator<Question, ReadonlyMap<string, Unit>, string | null> {
    const units = new Map<string, Unit>();
    const texts = new Map([[path, source]]);
    for (const [importer, text] of texts) {
      const [targets, packages] = [new Map<string, string>(), new Map<string, string>()];
      const outline = this.#outlineOf(importer, text);
      for (const specifier of outline.imports) {
        const target = yield [specifier, importer];
        const targetText = target === null ? null : (texts.get(target) ?? textOf(target));
        const isProgram = target !== null && targetText !== null && isProgramModule(target, targetText);
        const named = isProgram ? null : packageOf(specifier, importer);
        if (named !== null) packages.set(specifier, named);
        if (target === null || targetText === null || named !== null) continue;
        if (texts.size >= MODULES_MAX) throw new Error(`${path} reaches more than ${MODULES_MAX} modules`);
        texts.set(target, targetText);
        targets.set(specifier, target);
      }
      units.set(importer, { source: text, isProgram: isProgramModule(importer, text), outline, targets, packages });
    }
    return units;
  }

  /**
   * The hash of a module has those of what it imports in it. Where modules import each other in a circle no hash is
   * first: there each gets a digest of the whole circle in the place of its neighbours' hashes.
   */
  #finish(path: string, units: ReadonlyMap<string, Unit>): ProgramModule {
    const linked = new Map<string, Linked>();
    const graph = new Map(Array.from(units, ([each, { targets }]) => [each, new Set(targets.values())]));
    for (const members of components(graph)) {
      const inside = new Set(members);
      const link = (each: string, hashOf: (target: string) => string | null): Linked =>
        this.#link(each, units, { hashOf, isWanted: each === path });
      const behind = (target: string): string | null => linked.get(target)?.hash ?? null;
      const outer = new Map(members.map((each) => [each, link(each, behind)]));
      const circle = digest(...Array.from(outer.values(), ({ hash }) => hash).sort());
      const hashOf = (target: string): string | null =>
        inside.has(target) ? digest(circle, outer.get(target)?.hash ?? '') : behind(target);
      // Outside of circles this compiles nothing again.
      const final = members.map((each) => [each, link(each, hashOf)] as const);
      for (const [each, module] of final) linked.set(each, module);
    }
    const others = [...units.keys()].filter((each) => each !== path);
    const isProgram = (each: string): boolean => linked.get(each)?.module !== null;
    const module = linked.get(path)?.module as CompiledModule;
    return {
      ...module,
      map: beside(path, module.map),
      dependencies: others.filter(isProgram),
      plainDependencies: others.filter((each) => !isProgram(each)),
    };
  }

  /**
   * A module with the hashes of what it imports: a program is compiled with them, a plain module has a digest. What is
   * wrong with an imported program is told when that one is compiled, once.
   */
  #link(path: string, units: ReadonlyMap<string, Unit>, { hashOf, isWanted }: Linking): Linked {
    const { source, isProgram, targets, packages } = units.get(path) as Unit;
    const digests = new Map<string, string | null>(packages);
    const programs = new Map<string, string | null>();
    for (const [name, target] of targets) {
      (units.get(target)?.isProgram === true ? programs : digests).set(name, hashOf(target));
    }
    if (isProgram) {
      try {
        const isAsyncImport = (from: string, name: string): boolean => isAsyncExport(units, targets.get(from), name);
        const module = this.#compiled(path, source, { programs, digests, isAsyncImport });
        return { hash: module.hash, module };
      } catch (error) {
        if (isWanted) throw error;
      }
    }
    const imports = [...digests, ...programs].sort(([one], [other]) => (one < other ? -1 : 1));
    return { hash: digest('plain', source, ...imports.flat().map(String)), module: null };
  }

  /** What lies in a package is not looked through: its name and version stand for all of it. */
  #outlineOf(path: string, source: string): Outline {
    const isPlainPart = INSTALLED.test(path) && !isProgramModule(path, source);
    return isPlainPart || !CODE_FILE.test(path) ? NO_OUTLINE : this.#compiler.outlineOf(source, this.#nameOf(path));
  }

  #compiled(path: string, source: string, { programs, digests, isAsyncImport }: Imported): CompiledModule {
    const file = this.#nameOf(path);
    const key = digest(file, source, ...[...programs].flat().map(String), '', ...[...digests].flat().map(String));
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const compiled = this.#compiler.compile(source, {
      file,
      sourceMap: true,
      resolveHash: (specifier) => programs.get(specifier) ?? null,
      resolveDigest: (specifier) => digests.get(specifier) ?? null,
      isAsyncImport,
    });
    this.#remembered.set(key, compiled);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
    return compiled;
  }

  /** A path from the root, with slashes. */
  #nameOf(path: string): string {
    return relative(this.#root, path).replaceAll('\\', '/');
  }
}

const digest = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
};

const NO_OUTLINE: Outline = { imports: [], asyncExports: new Set(), reexports: [] };

/** Whether an export of a program module is an async function, wherever it is defined; `path` is where to look first. */
const isAsyncExport = (units: ReadonlyMap<string, Unit>, path: string | undefined, name: string): boolean => {
  const asked = new Set<string>();
  const isOne = (at: string | undefined, wanted: string): boolean => {
    const unit = at === undefined ? undefined : units.get(at);
    const question = JSON.stringify([at, wanted]);
    if (unit?.isProgram !== true || asked.has(question)) return false;
    asked.add(question);
    const { asyncExports, reexports } = unit.outline;
    if (asyncExports.has(wanted)) return true;
    return reexports.some(
      (each) =>
        (each.name === wanted && isOne(unit.targets.get(each.specifier), each.imported)) ||
        (each.name === '*' && wanted !== 'default' && isOne(unit.targets.get(each.specifier), wanted)),
    );
  };
  return isOne(path, name);
};

/** The text of a file; null if it cannot be read. */
const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

/** The code with its source map in it, as Node and esbuild read it. */
export const withInlineMap = ({ code, map }: Pick<CompiledModule, 'code' | 'map'>): string => {
  if (map === null) return code;
  const data = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${data}\n`;
};

/** A map whose one source is the file beside it: what every tool takes for the module itself. */
const beside = (path: string, map: ProgramMap | null): ProgramMap | null =>
  map === null ? null : { ...map, sources: [basename(path)] };
