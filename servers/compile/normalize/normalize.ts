/** The normal form of a module; README.md says what it is. */
import { types as t } from '@babel/core';
import { at, forEachChild } from '../tree.ts';
import { lowerExpression } from './expressions.ts';
import { readFacts } from './facts.ts';
import { type Facts, type Families, Lowering, type ResumableKind } from './lowering.ts';
import { lowerParameters } from './parameters.ts';
import { lowerPattern } from './patterns.ts';
import { startCalls } from './starts.ts';
import { lowerStatement } from './statements.ts';

const families: Families = { expression: lowerExpression, statement: lowerStatement, pattern: lowerPattern };

const resumableKind = (node: t.Function): ResumableKind | null => {
  if (node.generator === true) return node.async === true ? 'async-generator' : 'generator';
  return node.async === true ? 'async' : null;
};

/** An arrow's expression is what it returns. */
const blockOf = (node: t.Function): t.BlockStatement => {
  if (node.body.type === 'BlockStatement') return node.body;
  const body = at(t.blockStatement([at(t.returnStatement(node.body), node.body)]), node.body);
  node.body = body;
  if (node.type === 'ArrowFunctionExpression') node.expression = false;
  return body;
};

const lowerFunction = (node: t.Function, kind: ResumableKind, facts: Facts): void => {
  const body = blockOf(node);
  lowerParameters(node, body);
  const lowering = new Lowering(body, kind, facts, families);
  for (const each of body.body) lowering.statement(each);
  const temporaries = lowering.declarations();
  body.body = temporaries === null ? lowering.out : [temporaries, ...lowering.out];
};

/**
 * Brings every resumable function of a checked module into normal form, and starts the calls that nobody awaits,
 * in all its functions. Changes the tree that it is given.
 */
export const normalize = (tree: t.File): void => {
  const facts = readFacts(tree);
  startCalls(tree, facts.steady);
  const walk = (node: t.Node): void => {
    forEachChild(node, walk);
    if (!t.isFunction(node)) return;
    const kind = resumableKind(node);
    if (kind !== null) lowerFunction(node, kind, facts);
  };
  walk(tree.program);
};
