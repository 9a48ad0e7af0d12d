/** Statements that suspend. Those that do not stay as they are. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { lowerEffect } from './expressions.ts';
import { awaited } from './generators.ts';
import { lowerDoWhile, lowerFor, lowerForIn, lowerForOf, lowerWhile } from './loops.ts';
import { copy, type Lowering } from './lowering.ts';
import { lowerSwitch } from './switches.ts';

const lowerExpressionStatement = (lowering: Lowering, { expression }: t.ExpressionStatement): void => {
  const isPlainTarget =
    expression.type === 'AssignmentExpression' &&
    expression.operator === '=' &&
    expression.left.type === 'Identifier' &&
    expression.right.type === 'AwaitExpression';
  if (!isPlainTarget) return lowerEffect(lowering, expression);
  const wait = expression.right as t.AwaitExpression;
  wait.argument = lowering.expression(wait.argument);
  lowering.emit(at(t.expressionStatement(expression), expression));
};

const lowerDeclaration = (lowering: Lowering, node: t.VariableDeclaration): void => {
  const kind = node.kind as 'let' | 'const' | 'var';
  for (const each of node.declarations) {
    if (!lowering.suspends(each)) lowering.emit(at(t.variableDeclaration(kind, [each]), each));
    else lowering.pattern(each.id as t.LVal, lowering.expression(each.init as t.Expression), kind);
  }
};

const lowerReturn = (lowering: Lowering, node: t.ReturnStatement): void => {
  const value = node.argument as t.Expression;
  if (lowering.kind !== 'async-generator') node.argument = lowering.expression(value);
  else
    node.argument = copy(
      value.type === 'AwaitExpression' ? lowering.expression(value) : awaited(lowering, value, node),
    );
  lowering.emit(node);
};

const lowerIf = (lowering: Lowering, node: t.IfStatement): void => {
  const test = lowering.expression(node.test);
  const alternate = node.alternate ? lowering.body(node.alternate) : null;
  lowering.emit(at(t.ifStatement(test, lowering.body(node.consequent), alternate), node));
};

const lowerHandler = (lowering: Lowering, node: t.CatchClause): t.CatchClause => {
  const { param } = node;
  if (!param || !lowering.suspends(param)) {
    return at(t.catchClause(param ?? null, lowering.body(node.body)), node);
  }
  const caught = lowering.temporary(param);
  const error = lowering.label();
  const body = lowering.block(node.body, () => {
    lowering.set(caught, error);
    lowering.pattern(param as t.LVal, copy(caught), 'let');
    for (const each of node.body.body) lowering.statement(each);
  });
  return at(t.catchClause(copy(error), body), node);
};

const lowerTry = (lowering: Lowering, node: t.TryStatement): void => {
  const block = lowering.body(node.block);
  const handler = node.handler ? lowerHandler(lowering, node.handler) : null;
  const finalizer = node.finalizer ? lowering.body(node.finalizer) : null;
  lowering.emit(at(t.tryStatement(block, handler, finalizer), node));
};

/** Statements that may carry labels but are no loops: the labels go around what they become. */
const lowerUnlabelled = (lowering: Lowering, node: t.Statement): void => {
  switch (node.type) {
    case 'BlockStatement':
      return lowering.emit(lowering.body(node));
    case 'ExpressionStatement':
      return lowerExpressionStatement(lowering, node);
    case 'VariableDeclaration':
      return lowerDeclaration(lowering, node);
    case 'ReturnStatement':
      return lowerReturn(lowering, node);
    case 'ThrowStatement':
      node.argument = lowering.expression(node.argument);
      return lowering.emit(node);
    case 'IfStatement':
      return lowerIf(lowering, node);
    case 'TryStatement':
      return lowerTry(lowering, node);
    case 'SwitchStatement':
      return lowerSwitch(lowering, node);
    default:
      throw new TypeError(`a ${node.type} that suspends is not refused by the check`);
  }
};

/** A statement that suspends, under the labels that stand before it. */
export const lowerStatement = (lowering: Lowering, node: t.Statement, labels: readonly string[]): void => {
  switch (node.type) {
    case 'LabeledStatement':
      return lowering.statement(node.body, [...labels, node.label.name]);
    case 'WhileStatement':
      return lowerWhile(lowering, node, labels);
    case 'DoWhileStatement':
      return lowerDoWhile(lowering, node, labels);
    case 'ForStatement':
      return lowerFor(lowering, node, labels);
    case 'ForInStatement':
      return lowerForIn(lowering, node, labels);
    case 'ForOfStatement':
      return lowerForOf(lowering, node, labels);
    default:
      break;
  }
  if (labels.length === 0) return lowerUnlabelled(lowering, node);
  const inside = lowering.block(node, () => lowerUnlabelled(lowering, node));
  lowering.emit(
    labels.reduceRight<t.Statement>((body, each) => at(t.labeledStatement(t.identifier(each), body), node), inside),
  );
};
