/** Destructuring with a suspension among its defaults, keys or targets. */
import { types as t } from '@babel/core';
import { at, boundIdentifiers, nothing } from '../tree.ts';
import { closing, iterate } from './iterations.ts';
import { copy, type Lowering, type PatternKind } from './lowering.ts';
import { lowerReference } from './operands.ts';

/** One target of a pattern: found first, then given the value, or its default. */
const lowerElement = (lowering: Lowering, element: t.Node, value: () => t.Expression): void => {
  const [target, fallback] = element.type === 'AssignmentPattern' ? [element.left, element.right] : [element, null];
  const found = target.type === 'MemberExpression' ? lowerReference(lowering, target, true) : target;
  const taken = lowering.temporary(element);
  lowering.set(taken, value(), element);
  if (fallback !== null) {
    const otherwise = lowering.block(fallback, () => lowering.set(taken, lowering.expression(fallback)));
    const isMissing = t.binaryExpression('===', copy(taken), nothing());
    lowering.emit(at(t.ifStatement(isMissing, otherwise), fallback));
  }
  lowerTarget(lowering, found, copy(taken));
};

const lowerTarget = (lowering: Lowering, target: t.Node, value: t.Expression): void => {
  if (target.type === 'Identifier' || target.type === 'MemberExpression') return lowering.set(target, value, target);
  if (!lowering.suspends(target)) {
    lowering.emit(at(t.expressionStatement(t.assignmentExpression('=', target as t.ObjectPattern, value)), target));
  } else if (target.type === 'ObjectPattern') lowerObjectPattern(lowering, target, value);
  else if (target.type === 'ArrayPattern') lowerArrayPattern(lowering, target, value);
  else throw new TypeError(`a ${target.type} in a pattern`);
};

const lowerObjectPattern = (lowering: Lowering, { properties, loc }: t.ObjectPattern, value: t.Expression): void => {
  const object = lowering.temporary();
  lowering.set(object, value);
  // A pattern refuses null and undefined before it looks at any of its keys.
  const refusal = t.assignmentExpression('=', t.objectPattern([]), copy(object));
  refusal.loc = loc ?? null;
  lowering.emit(t.expressionStatement(refusal));
  const taken: { key: t.Expression; computed: boolean }[] = [];
  for (const each of properties) {
    if (each.type === 'RestElement') {
      lowerElement(lowering, each.argument, () => lowerRest(lowering, object, taken));
      continue;
    }
    const key = each.computed
      ? lowering.keep(lowering.expression(each.key as t.Expression))
      : (each.key as t.Expression);
    const computed = each.computed || key.type !== 'Identifier';
    taken.push({ key, computed });
    lowerElement(lowering, each.value, () => t.memberExpression(copy(object), copy(key), computed));
  }
};

/** All own properties but those that were taken. */
const lowerRest = (
  lowering: Lowering,
  object: t.Identifier,
  taken: readonly { key: t.Expression; computed: boolean }[],
): t.Expression => {
  const rest = lowering.temporary();
  lowering.set(rest, t.objectExpression([t.spreadElement(copy(object))]));
  for (const { key, computed } of taken) {
    const property = t.memberExpression(copy(rest), copy(key), computed);
    lowering.emit(t.expressionStatement(t.unaryExpression('delete', property)));
  }
  return rest;
};

const lowerArrayPattern = (lowering: Lowering, pattern: t.ArrayPattern, value: t.Expression): void => {
  const iterator = iterate(lowering, value, pattern);
  const call = (name: string) => t.callExpression(t.memberExpression(copy(iterator), t.identifier(name)), []);
  const current = () => t.memberExpression(copy(iterator), t.identifier('value'));
  const next = () => t.conditionalExpression(call('step'), current(), nothing());
  closing(lowering, iterator, pattern, () => {
    for (const each of pattern.elements) {
      if (each === null) lowering.emit(t.expressionStatement(call('step')));
      else if (each.type !== 'RestElement') lowerElement(lowering, each, next);
      else {
        const rest = lowering.temporary(each);
        lowering.set(rest, t.arrayExpression([]));
        const push = t.callExpression(t.memberExpression(copy(rest), t.identifier('push')), [current()]);
        lowering.emit(t.whileStatement(call('step'), t.blockStatement([t.expressionStatement(push)])));
        lowerElement(lowering, each.argument, () => copy(rest));
      }
    }
  });
};

/** `pattern = value`, or its declaration. A pattern that does not suspend stays whole. */
export const lowerPattern = (lowering: Lowering, pattern: t.LVal, value: t.Expression, kind: PatternKind): void => {
  if (kind !== null && !lowering.suspends(pattern)) {
    lowering.emit(at(t.variableDeclaration(kind, [t.variableDeclarator(pattern, value)]), pattern));
    return;
  }
  if (kind !== null) {
    // Its variables are assigned one by one, and within a `try` at that: they are declared before it.
    const names = boundIdentifiers(pattern).map((each) => t.variableDeclarator(copy(each)));
    if (names.length > 0) lowering.emit(at(t.variableDeclaration(kind === 'var' ? 'var' : 'let', names), pattern));
  }
  if (pattern.type === 'MemberExpression') {
    lowerElement(lowering, pattern, () => value);
  } else lowerTarget(lowering, pattern, value);
};
