/** Short ways to write cases, for the runner's own tests. */
import { Bindings } from './bindings.ts';
import { match } from './match.ts';
import type { Case, Json, ScenarioFile } from './scenario.ts';
import { parseFile } from './scenario.ts';
import type { Scope } from './values.ts';

/** What a test says of a case: its steps, and whatever it does not want as usual. */
export interface Draft {
  readonly steps: Json;
  readonly [key: string]: Json;
}

export const fileOf = (...drafts: readonly Draft[]): ScenarioFile =>
  parseFile(
    'TOY.json',
    JSON.stringify({
      topic: 'TOY',
      title: 'toys',
      cases: drafts.map((draft, index) => ({
        id: `TOY-${index + 1}`,
        title: 'a toy',
        profile: 'mach3',
        tasks: ['A', 'B'],
        relocatable: true,
        given: [],
        ...draft,
      })),
    }),
  );

export const caseOf = (draft: Draft): Case => {
  const [only] = fileOf(draft).cases;
  if (only === undefined) throw new Error('no case');
  return only;
};

/** A scope in which these variables of task A are bound. */
export const scopeWith = (values: { readonly [name: string]: unknown } = {}): Scope => {
  const bindings = new Bindings();
  for (const [name, value] of Object.entries(values)) bindings.bind({ task: 'A', name }, value);
  return { bindings, geometry: { pageSize: 4096, lastPage: 0xfffff000 } };
};

export const fits = (pattern: Json, value: unknown, scope: Scope = scopeWith()): boolean =>
  match(pattern, value, scope) === undefined;
