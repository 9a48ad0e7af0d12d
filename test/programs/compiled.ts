/** The modules of a troupe, compiled: each instance is a program that knows nothing of any other. */

import type { Program } from '../../kernel/program.ts';
import { Frame } from '../../kernel/resumable/frame.ts';
import { start } from '../../kernel/resumable/future.ts';
import { asyncGenerator, delegate, generator, yielded } from '../../kernel/resumable/generator.ts';
import { iterate, iterateAsync, keysIn } from '../../kernel/resumable/iterators.ts';
import { Join } from '../../kernel/resumable/join.ts';
import { module } from '../../kernel/resumable/module.ts';
import { programOf, type ResumableMain } from '../../kernel/resumable/program.ts';
import { spend } from '../../kernel/resumable/register.ts';
import { compile } from '../../servers/compile/compile.ts';
import { asCommonJsSoon, instantiate, type Linkable } from './link.ts';
import type { Troupe } from './troupe.ts';

/** What compiled modules find under `portolan/resumable`. */
const runtime = {
  Frame,
  start,
  asyncGenerator,
  delegate,
  generator,
  yielded,
  iterate,
  iterateAsync,
  keysIn,
  Join,
  module,
  spend,
} as const;

/** What is needed to make instances of a compiled troupe; plain data, so that another process can do it. */
export interface Compiled {
  readonly entry: string;
  readonly files: Linkable;
}

/** Modules that do not change from troupe to troupe, compiled once. */
const known = new Map<string, { readonly source: string; readonly code: string; readonly hash: string }>();

const compileFile = async (
  file: string,
  source: string,
  hashes: ReadonlyMap<string, string>,
): Promise<{ readonly code: string; readonly hash: string }> => {
  const before = known.get(file);
  if (before?.source === source) return before;
  const resolveHash = (specifier: string): string | null => hashes.get(specifier.replace(/^.*\//, '')) ?? null;
  const { code, hash } = compile(source, { file, sourceMap: false, resolveHash });
  const made = { source, code: await asCommonJsSoon(code, file), hash };
  known.set(file, made);
  return made;
};

/** Compiles a troupe, its modules in the order in which they stand: each after those that it imports. */
export const compileTroupe = async ({ entry, sources }: Troupe): Promise<Compiled> => {
  const hashes = new Map<string, string>();
  const files = new Map<string, string>();
  for (const [file, source] of sources) {
    const { code, hash } = await compileFile(file, source, hashes);
    hashes.set(file.replace(/^.*\//, ''), hash);
    files.set(file, code);
  }
  return { entry, files };
};

/** A fresh instance of the modules, as a program. */
export const programFrom = ({ entry, files }: Compiled): Program => {
  const { main } = instantiate(files, entry, { 'portolan/resumable': runtime });
  return programOf(main as ResumableMain);
};
