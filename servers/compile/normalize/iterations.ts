/** Iterators whose user waits between two steps: `$rt.iterate` answers one that is data. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { copy, type Lowering } from './lowering.ts';

/** `$rt.name(…)` */
export const runtimeCall = (name: string, args: t.Expression[], origin?: t.Node | null): t.CallExpression =>
  at(t.callExpression(t.memberExpression(t.identifier('$rt'), t.identifier(name)), args), origin);

const views: ReadonlySet<string> = new Set(['entries', 'keys', 'values']);

/**
 * `list.entries()` would be an iterator of the engine, which cannot be looked into: the runtime is told which
 * view is meant.
 */
const viewOf = (node: t.Expression): { of: t.Expression; view: string } | null => {
  if (node.type !== 'CallExpression' || node.arguments.length > 0) return null;
  const { callee } = node;
  if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return null;
  const view = callee.property.name;
  return views.has(view) && callee.object.type !== 'Super' ? { of: callee.object, view } : null;
};

/** The call `$rt.start` around an operand, if it has one, is of no use here: an iterator is never an unstarted call. */
const unstarted = (node: t.Expression): t.Expression => {
  const isStart =
    node.type === 'CallExpression' &&
    node.callee.type === 'MemberExpression' &&
    t.isIdentifier(node.callee.object, { name: '$rt' }) &&
    t.isIdentifier(node.callee.property, { name: 'start' });
  return isStart ? (node.arguments[0] as t.Expression) : node;
};

/**
 * Sets a temporary to the iterator of `value`, which is lowered here; the temporary is in use until the
 * statement ends.
 */
export const iterate = (lowering: Lowering, value: t.Expression, origin: t.Node): t.Identifier => {
  const source = unstarted(value);
  const view = viewOf(source);
  const args =
    view === null ? [lowering.expression(source)] : [lowering.expression(view.of), t.stringLiteral(view.view)];
  const iterator = lowering.temporary(origin);
  lowering.set(iterator, runtimeCall('iterate', args, origin));
  return iterator;
};

/** `inside`, and after it, however it ends, the iterator is closed. A finished iterator takes that for nothing. */
export const closing = (lowering: Lowering, iterator: t.Identifier, origin: t.Node, inside: () => void): void => {
  const block = lowering.block(origin, inside);
  const close = t.callExpression(t.memberExpression(copy(iterator), t.identifier('close')), []);
  lowering.emit(at(t.tryStatement(block, null, t.blockStatement([at(t.expressionStatement(close), origin)])), origin));
};
