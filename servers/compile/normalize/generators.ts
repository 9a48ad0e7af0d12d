/** `yield`, in generators and in async generators, which await what they yield and what they return. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { runtimeCall } from './iterations.ts';
import { copy, type Lowering } from './lowering.ts';

/** The awaited value of `node`, in a temporary. */
export const awaited = (lowering: Lowering, node: t.Expression, origin: t.Node): t.Identifier => {
  const operand = lowering.expression(node);
  const value = lowering.temporary(origin);
  lowering.set(value, at(t.awaitExpression(operand), origin));
  return value;
};

/** `yield E`, `yield* E`; what is left is the value that the generator is resumed with. */
export const lowerYield = (lowering: Lowering, node: t.YieldExpression): t.Expression => {
  if (node.delegate && lowering.kind === 'async-generator') return lowerDelegate(lowering, node);
  if (node.argument) {
    node.argument =
      lowering.kind === 'async-generator' ? awaited(lowering, node.argument, node) : lowering.expression(node.argument);
  }
  const value = lowering.temporary(node);
  lowering.set(value, node);
  return value;
};

/**
 * `yield* E` of an async generator: hands on what E yields, and to E what it is resumed with. A `throw` into it closes E and
 * goes on outwards, where the language would ask E first.
 */
const lowerDelegate = (lowering: Lowering, node: t.YieldExpression): t.Expression => {
  const source = lowering.expression(node.argument as t.Expression);
  const inner = lowering.temporary(node);
  const step = lowering.temporary(node);
  const sent = lowering.temporary(node);
  const field = (name: string) => t.memberExpression(copy(step), t.identifier(name));
  const call = (name: string, args: t.Expression[]) =>
    at(t.awaitExpression(t.callExpression(t.memberExpression(copy(inner), t.identifier(name)), args)), node);
  lowering.set(inner, runtimeCall('iterateAsync', [source], node));
  lowering.set(sent, t.unaryExpression('void', t.numericLiteral(0)), node);
  const block = lowering.block(node, () => {
    const body = lowering.block(node, () => {
      lowering.set(step, call('next', [copy(sent)]));
      lowering.emit(t.ifStatement(field('done'), t.breakStatement()));
      const handed = at(t.yieldExpression(field('value')), node);
      lowering.set(sent, handed);
    });
    lowering.emit(at(t.whileStatement(t.booleanLiteral(true), body), node));
  });
  const close = t.blockStatement([at(t.expressionStatement(call('return', [])), node)]);
  lowering.emit(at(t.tryStatement(block, null, close), node));
  return field('value');
};
