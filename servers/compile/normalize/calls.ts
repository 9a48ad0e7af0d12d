/** Calls: what is called and on what is settled before the arguments are evaluated. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { copy, type Lowering } from './lowering.ts';
import { itemOperands, lowerOperands, lowerReference } from './operands.ts';

const isRuntime = (node: t.Node): boolean => node.type === 'Identifier' && node.name === '$rt';

/** `$rt.start`, `$rt.Join.all`: nothing about them can change. */
const isFixed = (callee: t.Node): boolean =>
  callee.type === 'MemberExpression' && !callee.computed && (isRuntime(callee.object) || isFixed(callee.object));

/**
 * A method whose name nobody in the module assigns to is looked up after the wait: a method of a class or of
 * `sys` would otherwise be a function value in the frame, which an image may have no name for. Null receivers are
 * still found out at once.
 */
const isLookedUpLate = (lowering: Lowering, { computed, property }: t.MemberExpression): boolean =>
  !computed && property.type === 'Identifier' && !lowering.facts.assignedProperties.has(property.name);

export interface Callee {
  readonly callee: t.Expression;
  /** Arguments that come before those of the source: the receiver of a method that was looked up early. */
  readonly first: t.Expression[];
}

/** What a call whose arguments suspend will call; evaluated now. */
export const keepCallee = (lowering: Lowering, callee: t.Expression): Callee => {
  if (isFixed(callee)) return { callee, first: [] };
  if (callee.type !== 'MemberExpression') return { callee: lowering.keep(lowering.expression(callee)), first: [] };
  const method = lowerReference(lowering, callee, true);
  const receiver = method.object as t.Expression;
  if (isLookedUpLate(lowering, method)) {
    if (receiver.type !== 'ThisExpression') lowering.emit(at(t.expressionStatement(copy(method)), callee));
    return { callee: method, first: [] };
  }
  const found = lowering.temporary(callee);
  lowering.set(found, method);
  return { callee: at(t.memberExpression(copy(found), t.identifier('call')), callee), first: [copy(receiver)] };
};

/** `f(…)`, `o.m(…)` */
export const lowerCall = (lowering: Lowering, node: t.CallExpression): t.Expression => {
  const callee = node.callee as t.Expression;
  if (!node.arguments.some((each) => lowering.suspends(each))) {
    node.callee = lowering.expression(callee);
    return node;
  }
  const kept = keepCallee(lowering, callee);
  lowerOperands(lowering, itemOperands(node.arguments));
  node.callee = kept.callee;
  node.arguments.unshift(...kept.first);
  return node;
};

/** `new C(…)` */
export const lowerNew = (lowering: Lowering, node: t.NewExpression): t.Expression => {
  const constructor = {
    node: node.callee as t.Expression,
    put: (value: t.Expression) => {
      node.callee = value;
    },
  };
  lowerOperands(lowering, [constructor, ...itemOperands(node.arguments)]);
  return node;
};
