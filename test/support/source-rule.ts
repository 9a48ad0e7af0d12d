/** What a law is: a name, and a reading of the sources that answers every place where it is broken. */
import type ts from 'typescript';
import { lineOf, type Source } from './source-tree.ts';

export interface Rule {
  readonly name: string;
  check(sources: readonly Source[]): readonly string[];
}

/** Says that something is wrong at a node, or at a line. */
export type Report = (where: ts.Node | number, what: string) => void;

/** A rule that needs to see one file at a time. */
export const perFile = (
  name: string,
  applies: (path: string) => boolean,
  look: (source: Source, report: Report) => void,
): Rule => ({
  name,
  check: (sources) => {
    const found: string[] = [];
    for (const source of sources) {
      if (!applies(source.path)) continue;
      look(source, (where, what) => {
        const line = typeof where === 'number' ? where : lineOf(source.tree, where);
        found.push(`${source.path}:${line} ${what}`);
      });
    }
    return found;
  },
});
