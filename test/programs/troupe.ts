/** The modules of the shapes: found, compiled or left as they are, and put together with the stage they play on. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asCommonJsSoon, instantiate } from './link.ts';
import type { NativeTroupe } from './native.ts';

/** Source files by name, the entry among them. */
export interface Troupe {
  readonly entry: string;
  readonly sources: ReadonlyMap<string, string>;
}

const here = fileURLToPath(new URL('./', import.meta.url));
const STAGE_FILES = ['values.program.ts', 'stage.program.ts', 'kernel-probe.program.ts'];
const ENTRY = 'entry.program.ts';

const text = (file: string): string => readFileSync(here + file, 'utf8');

/** Families of shapes, by file name without its ending. */
export const families: readonly string[] = readdirSync(`${here}shapes`)
  .filter((file) => file.endsWith('.program.ts'))
  .map((file) => file.replace('.program.ts', ''))
  .sort();

const shapeNames = (source: string): readonly string[] =>
  [...source.matchAll(/^export async function (\w+)/gm)].map((match) => match[1] as string);

const entryOf = (file: string, names: readonly string[]): string => `
import type { SendRight, Sys } from 'portolan/resumable';
import { type Ask, KernelProbe } from './kernel-probe.program.ts';
import { play } from './stage.program.ts';
import { ${names.join(', ')} } from './${file}';
export const SHAPES = Object.freeze({ ${names.join(', ')} });
export { play };
export async function main(sys: Sys, args: { shape: string; service: SendRight<Ask> }): Promise<void> {
  await play(new KernelProbe(sys, args.service), SHAPES[args.shape]);
}
`;

/** A module of shapes, given as text, on the stage; `extras` are files that it imports. */
export const troupeOf = (file: string, source: string, extras: readonly string[] = []): Troupe => ({
  entry: ENTRY,
  sources: new Map([
    ...[...STAGE_FILES, ...extras].map((name) => [name, text(name)] as const),
    [file, source],
    [ENTRY, entryOf(file, shapeNames(source))],
  ]),
});

/** The shapes of a family. */
export const namesOfFamily = (family: string): readonly string[] => shapeNames(text(`shapes/${family}.program.ts`));

/** One family of shapes on the stage. */
export const familyTroupe = (family: string): Troupe => {
  const file = `shapes/${family}.program.ts`;
  return troupeOf(file, text(file));
};

/** The modules as they are, without their types. */
export const nativeTroupe = async ({ entry, sources }: Troupe): Promise<NativeTroupe> => {
  const stripped = async ([file, source]: readonly [string, string]) =>
    [file, await asCommonJsSoon(source, file)] as const;
  const files = new Map(await Promise.all([...sources].map(stripped)));
  // The native run has no kernel: the probe of the kernel is there as a name, and is never made.
  return instantiate(files, entry, { 'portolan/resumable': {} }) as unknown as NativeTroupe;
};
