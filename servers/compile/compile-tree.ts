/** The back half of the compiler: from a module in normal form to the compiled module, all passes in their order. */
import type { types as t } from '@babel/core';
import { countPlainLoops } from './budget.ts';
import { convertClosures } from './closures.ts';
import { emitModule, type ModuleHead, nameDefaultExport } from './emit.ts';
import { placeVariables } from './records.ts';
import { analyseScopes } from './scopes.ts';

/** Compiles `program`, a module in normal form, in place. */
export const compileTree = (program: t.Program, head: ModuleHead): void => {
  nameDefaultExport(program);
  const scopes = analyseScopes(program);
  placeVariables(program, scopes);
  const converted = convertClosures(program, scopes);
  for (const { node } of converted.closures) countPlainLoops(node);
  countPlainLoops(program);
  emitModule(program, converted, head);
};
