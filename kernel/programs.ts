/**
 * The programs that a kernel knows: versions side by side, by the hash of their code. A task that runs an older version
 * keeps it, and one that arrives gets the very version that it left with; a new task gets the latest.
 */
import type { ProgramLack, ProgramNeed } from './interface/move.ts';
import type { Program } from './program.ts';

/** Versions of one name that are kept. Beyond it the one that was set longest ago is forgotten: no task can arrive. */
export const VERSIONS_MAX = 32;
/** Programs named in one question, and modules of one program. */
const NEEDS_MAX = 1024;

/** Programs by name and hash. */
export class ProgramTable {
  readonly #versions: Map<string, Program[]> = new Map();

  /** Makes a program known under `name`, as the latest of that name. One with the same hash is replaced. */
  set(name: string, program: Program): void {
    const others = (this.#versions.get(name) ?? []).filter(({ hash }) => hash !== program.hash);
    this.#versions.set(name, [...others, program].slice(-VERSIONS_MAX));
  }

  /** The version that was set last. */
  get(name: string): Program | undefined {
    return this.#versions.get(name)?.at(-1);
  }

  /** The version with that hash. */
  find(name: string, hash: string): Program | undefined {
    return this.#versions.get(name)?.find((program) => program.hash === hash);
  }

  /** Hashes of all versions of a name, the latest last. */
  versionsOf(name: string): readonly string[] {
    return (this.#versions.get(name) ?? []).map(({ hash }) => hash);
  }

  /** Forgets all versions of a name. Threads that run keep theirs. */
  delete(name: string): boolean {
    return this.#versions.delete(name);
  }

  /** Forgets everything. */
  clear(): void {
    this.#versions.clear();
  }

  /** What of `needs` is not here: the program in that version, or a module whose code its threads may hold. */
  lacking(needs: readonly ProgramNeed[]): ProgramLack[] {
    return needs.flatMap(({ name, hash, modules = [] }) => {
      const found = this.find(name, hash);
      const brought = new Set(found?.modules ?? []);
      const absent = modules.filter((module) => !brought.has(module));
      if (found !== undefined && absent.length === 0) return [];
      return [{ name, hash, present: this.versionsOf(name), modules: found === undefined ? [] : absent }];
    });
  }
}

/** Each program once, with the modules that it brings. */
export const needsOf = (programs: Iterable<Program>): ProgramNeed[] => {
  const needs = new Map<string, ProgramNeed>();
  for (const { name, hash, modules = [], textHash } of programs) {
    needs.set(`${hash} ${name}`, { name, hash, modules, ...(textHash === undefined ? {} : { textHash }) });
  }
  return [...needs.values()];
};

/** Needs as another kernel states them; null if they cannot be read. */
export const readNeeds = (value: unknown): readonly ProgramNeed[] | null =>
  Array.isArray(value) && value.length <= NEEDS_MAX && value.every(isNeed) ? value : null;

const isNeed = (value: unknown): value is ProgramNeed => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, hash, modules = [], textHash = '' } = value as Record<string, unknown>;
  if (typeof name !== 'string' || typeof hash !== 'string' || typeof textHash !== 'string') return false;
  if (!Array.isArray(modules)) return false;
  return modules.length <= NEEDS_MAX && modules.every((module) => typeof module === 'string');
};
