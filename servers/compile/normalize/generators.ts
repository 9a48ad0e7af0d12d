/** `yield`, in generators and in async generators, which await what they yield and what they return. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import type { Lowering } from './lowering.ts';

/** The awaited value of `node`, in a temporary. */
export const awaited = (lowering: Lowering, node: t.Expression, origin: t.Node): t.Identifier => {
  const operand = lowering.expression(node);
  const value = lowering.temporary(origin);
  lowering.set(value, at(t.awaitExpression(operand), origin));
  return value;
};

/** `yield E`, `yield* E`; what is left is the value that the generator is resumed with. */
export const lowerYield = (lowering: Lowering, node: t.YieldExpression): t.Expression => {
  if (node.argument) {
    node.argument =
      lowering.kind === 'async-generator' ? awaited(lowering, node.argument, node) : lowering.expression(node.argument);
  }
  const value = lowering.temporary(node);
  lowering.set(value, node);
  return value;
};
