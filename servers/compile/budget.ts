/**
 * The loop budget. Each turn of a loop counts in a local of its function, and every 4,096th asks the runtime, which
 * ends a program that computes for ever. The count stands at the beginning of the body, outside of any `try` in it,
 * so that no `catch` inside a loop can keep the loop alive.
 */
import { types as t } from '@babel/core';
import { declareLet, forEachChild } from './tree.ts';

/** Turns of loops between two questions to the runtime. */
const turnsPerSpend = 4096;

/** `if (($b = $b + 1 | 0) >= 4096) $b = $rt.spend();`: once it throws, it does so at every turn of every loop. */
const countTurn = (): t.Statement => {
  const counter = (): t.Identifier => t.identifier('$b');
  const next = t.binaryExpression('|', t.binaryExpression('+', counter(), t.numericLiteral(1)), t.numericLiteral(0));
  return t.ifStatement(
    t.binaryExpression('>=', t.assignmentExpression('=', counter(), next), t.numericLiteral(turnsPerSpend)),
    t.expressionStatement(
      t.assignmentExpression(
        '=',
        counter(),
        t.callExpression(t.memberExpression(t.identifier('$rt'), t.identifier('spend')), []),
      ),
    ),
  );
};

/** Makes every loop of `node` count its turns, functions inside excepted; tells how many loops there are. */
export const countTurns = (node: t.Node): number => {
  let loops = 0;
  forEachChild(node, (child) => {
    if (!t.isFunction(child) && !t.isClass(child)) loops += countTurns(child);
  });
  if (!t.isLoop(node)) return loops;
  const { body } = node;
  if (body.type === 'BlockStatement') body.body.unshift(countTurn());
  else node.body = t.blockStatement([countTurn(), body]);
  return loops + 1;
};

/** Makes the loops of each plain function in `program` count; resumable ones are seen to where they become steps. */
export const countPlainLoops = (node: t.Node): void => {
  forEachChild(node, (child) => countPlainLoops(child));
  if (!t.isFunction(node) || node.async === true || node.generator === true) return;
  if (node.body.type !== 'BlockStatement') return;
  if (countTurns(node.body) > 0) node.body.body.unshift(declareLet(['$b', t.numericLiteral(0)]));
};
