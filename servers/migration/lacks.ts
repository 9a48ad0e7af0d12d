/** What is said of programs that a destination does not have in the version that a task needs. */
import type { ProgramLack } from '../../kernel/interface/move.ts';

/** Characters of a hash that are shown: enough to tell versions apart, and to find one in a list. */
const SHOWN = 12;

const shown = (hashes: readonly string[]): string => hashes.map((hash) => hash.slice(0, SHOWN)).join(', ');

/** Every lacking program in words: the version that is needed, and those that are there. */
export const lackText = (missing: readonly ProgramLack[], node: string): string =>
  missing.map((lack) => `${node} has ${oneText(lack)}`).join('; ');

const oneText = ({ name, hash, present, modules }: ProgramLack): string => {
  const needed = `version ${shown([hash])} is needed`;
  if (modules.length > 0) return `program ${name} without the modules ${shown(modules)}, which are needed`;
  if (present.length === 0) return `no program ${name}; ${needed}`;
  return `program ${name} only as ${shown(present)}; ${needed}`;
};

/** Lacks as another node tells them; what cannot be read is left out. */
export const readLacks = (value: unknown): readonly ProgramLack[] => (Array.isArray(value) ? value.filter(isLack) : []);

const isLack = (value: unknown): value is ProgramLack => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, hash, present, modules } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof hash === 'string' && areTexts(present) && areTexts(modules);
};

const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'string');
