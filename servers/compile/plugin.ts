/**
 * What all tools share that compile program modules on the way: which modules those are, the hash of each with those of
 * the program modules that it imports, and a memory of what has been compiled. Vite, Rollup, esbuild and Node differ
 * only in how they resolve an import and show an error; `vite.ts`, `rollup.ts`, `esbuild.ts` and `register.ts` say how.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { components } from './module-graph.ts';

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
  /** Names the code: of the program without its types and comments, and of the program modules that it imports. */
  readonly hash: string;
  /** The specifiers of what the code imports. */
  readonly imports: readonly string[];
}

/** The compiler. */
export type Compile = (
  source: string,
  options: {
    readonly file: string;
    readonly sourceMap: boolean;
    readonly resolveHash: (specifier: string) => string | null;
  },
) => CompiledModule;

/** The path of what `importer` means by `specifier`; null if that is no file. */
export type Resolve<R> = (specifier: string, importer: string) => R;

/** A compiled program module, and the files of other program modules that its hash depends on. */
export interface ProgramModule extends CompiledModule {
  readonly dependencies: readonly string[];
}

const PROGRAM_FILE = /\.program\.[cm]?[jt]sx?$/;
const CODE_FILE = /\.[cm]?[jt]sx?$/;
/** What may stand before the directive: space, comments, other directives. */
const BEFORE_DIRECTIVE = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(['"])use (?!resumable)[^'"\n]*\1|;/;

/** Whether a file may be a program module, as far as its name tells. The directive is not for installed packages. */
export const mayBeProgram = (path: string): boolean =>
  PROGRAM_FILE.test(path) || (CODE_FILE.test(path) && !/[\\/]node_modules[\\/]/.test(path));

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
/** Program modules that one may reach by imports. */
export const MODULES_MAX = 10_000;

/** A module on the way to its hash. `own` is its compilation without regard to what it imports. */
interface Unit {
  readonly source: string;
  readonly own: CompiledModule;
  /** The program modules that it imports: paths by specifier. */
  readonly targets: ReadonlyMap<string, string>;
}

type Question = readonly [specifier: string, importer: string];

/** The program modules of one project. Holds nothing but a memory: an answer depends on the sources alone. */
export class ProgramModules {
  readonly #root: string;
  readonly #compile: Compile;
  readonly #remembered: Map<string, CompiledModule> = new Map();

  /** `root` is the folder that the names of files are relative to. */
  constructor(root: string, compile: Compile) {
    this.#root = root;
    this.#compile = compile;
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

  /** Asks for the path of each import on the way, and answers all program modules that are reached. */
  *#gather(path: string, source: string): Generator<Question, ReadonlyMap<string, Unit>, string | null> {
    const units = new Map<string, Unit>();
    const texts = new Map([[path, source]]);
    for (const [importer, text] of texts) {
      const own = importer === path ? this.#unlinked(importer, text) : this.#unlinkedOrNull(importer, text);
      if (own === null) continue;
      const targets = new Map<string, string>();
      for (const specifier of own.imports) {
        const target = yield [specifier, importer];
        if (target === null) continue;
        const targetText = texts.get(target) ?? programText(target);
        if (targetText === null) continue;
        if (texts.size >= MODULES_MAX) throw new Error(`${path} reaches more than ${MODULES_MAX} program modules`);
        texts.set(target, targetText);
        targets.set(specifier, target);
      }
      units.set(importer, { source: text, own, targets });
    }
    return units;
  }

  /**
   * The hash of a module has those of what it imports in it. Where modules import each other in a circle no hash is
   * first: there each gets a digest of the whole circle in the place of its neighbours' hashes.
   */
  #finish(path: string, units: ReadonlyMap<string, Unit>): ProgramModule {
    const linked = new Map<string, CompiledModule>();
    const graph = new Map(Array.from(units, ([each, { targets }]) => [each, new Set(targets.values())]));
    for (const members of components(graph)) {
      const inside = new Set(members);
      const behind = (target: string): string | null => linked.get(target)?.hash ?? null;
      const outer = new Map(members.map((each) => [each, this.#link(each, units, behind)]));
      const circle = digest(...Array.from(outer.values(), ({ hash }) => hash).sort());
      const hashOf = (target: string): string | null =>
        inside.has(target) ? digest(circle, outer.get(target)?.hash ?? '') : behind(target);
      // Outside of circles this compiles nothing again.
      const final = members.map((each) => [each, this.#link(each, units, hashOf)] as const);
      for (const [each, module] of final) linked.set(each, module);
    }
    const dependencies = [...units.keys()].filter((each) => each !== path);
    const module = linked.get(path) as CompiledModule;
    return { ...module, map: beside(path, module.map), dependencies };
  }

  /** Compiles a module with the hashes of what it imports. */
  #link(path: string, units: ReadonlyMap<string, Unit>, hashOf: (target: string) => string | null): CompiledModule {
    const { source, own, targets } = units.get(path) as Unit;
    if (targets.size === 0) return own;
    return this.#compiled(path, source, new Map(Array.from(targets, ([name, target]) => [name, hashOf(target)])));
  }

  #unlinked(path: string, source: string): CompiledModule {
    return this.#compiled(path, source, new Map());
  }

  /** What is wrong with an imported module is told when that one is compiled, once. */
  #unlinkedOrNull(path: string, source: string): CompiledModule | null {
    try {
      return this.#unlinked(path, source);
    } catch {
      return null;
    }
  }

  #compiled(path: string, source: string, hashes: ReadonlyMap<string, string | null>): CompiledModule {
    const file = this.#nameOf(path);
    const key = digest(file, source, ...[...hashes].flat().map(String));
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const compiled = this.#compile(source, {
      file,
      sourceMap: true,
      resolveHash: (specifier) => hashes.get(specifier) ?? null,
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

/** The text of a program module; null if the file cannot be read, or is none. */
const programText = (path: string): string | null => {
  if (!mayBeProgram(path)) return null;
  try {
    const source = readFileSync(path, 'utf8');
    return isProgramModule(path, source) ? source : null;
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
