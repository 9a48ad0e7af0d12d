/** What a program may not say, each with a code, a place, and what to write instead; README.md has the table. */
import type { types as t } from '@babel/core';
import { checkCalls, type IsAsyncImport } from './check/calls.ts';
import { checkForms } from './check/forms.ts';
import { checkNames } from './check/names.ts';
import { reporting } from './check/report.ts';

/**
 * Checks a module without types. Throws a `ProgramError` for the first place that is refused. `isAsyncImport` knows
 * which exports of other modules are async functions.
 */
export const check = (tree: t.File, file: string, isAsyncImport: IsAsyncImport = () => false): void =>
  reporting(file, (report) => {
    checkForms(tree, report);
    checkNames(tree, report);
    checkCalls(tree, report, isAsyncImport);
  });
