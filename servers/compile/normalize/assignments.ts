/** Assignments whose target or value suspends. The target is settled first, then the value, then it is assigned. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { copy, isNullish, type Lowering } from './lowering.ts';
import { lowerReference } from './operands.ts';

type Target = t.Identifier | t.MemberExpression;

const isTarget = (node: t.Node): node is Target => node.type === 'Identifier' || node.type === 'MemberExpression';

/** `x = …`, `o[k] = …` */
const lowerPlain = (lowering: Lowering, node: t.AssignmentExpression, target: Target): t.Expression => {
  if (target.type === 'MemberExpression') {
    node.left = lowerReference(lowering, target, lowering.suspends(node.right));
  }
  node.right = lowering.expression(node.right);
  return node;
};

const lowerPattern = (lowering: Lowering, node: t.AssignmentExpression): t.Expression => {
  const right = lowering.expression(node.right);
  if (!lowering.suspends(node.left)) {
    node.right = right;
    return node;
  }
  const value = lowering.temporary(node.right);
  lowering.set(value, right);
  lowering.pattern(node.left as t.LVal, copy(value), null);
  return value;
};

/** The target, with whatever it takes to find it kept, and the value that it has now. */
const lowerRead = (lowering: Lowering, target: Target): { target: Target; old: t.Identifier } => {
  const found = target.type === 'MemberExpression' ? lowerReference(lowering, target, true) : target;
  const old = lowering.temporary(target);
  lowering.set(old, copy(found), target);
  return { target: found, old };
};

/** `x += …`: the value of x is the one before the wait. */
const lowerCompound = (lowering: Lowering, node: t.AssignmentExpression, left: Target): t.Expression => {
  if (!lowering.suspends(node.right)) {
    node.left = lowerReference(lowering, left as t.MemberExpression, false);
    return node;
  }
  const { target, old } = lowerRead(lowering, left);
  const operator = node.operator.slice(0, -1) as t.BinaryExpression['operator'];
  const value = at(t.binaryExpression(operator, copy(old), lowering.expression(node.right)), node);
  return at(t.assignmentExpression('=', target, value), node);
};

/** `x ??= …`, `x ||= …`, `x &&= …` */
const lowerShort = (lowering: Lowering, node: t.AssignmentExpression, left: Target): t.Expression => {
  if (!lowering.suspends(node.right)) {
    node.left = lowerReference(lowering, left as t.MemberExpression, false);
    return node;
  }
  const { target, old } = lowerRead(lowering, left);
  const assignIt = lowering.block(node.right, () => {
    lowering.set(old, lowering.expression(node.right));
    lowering.set(target, copy(old), node);
  });
  const value = copy(old);
  const test =
    node.operator === '&&=' ? value : node.operator === '||=' ? t.unaryExpression('!', value) : isNullish(value);
  lowering.emit(at(t.ifStatement(test, assignIt), node));
  return old;
};

/** An assignment that suspends; what is left of it is its value. */
export const lowerAssignment = (lowering: Lowering, node: t.AssignmentExpression): t.Expression => {
  const { left, operator } = node;
  if (!isTarget(left)) return lowerPattern(lowering, node);
  if (operator === '=') return lowerPlain(lowering, node, left);
  if (operator === '??=' || operator === '||=' || operator === '&&=') return lowerShort(lowering, node, left);
  return lowerCompound(lowering, node, left);
};
