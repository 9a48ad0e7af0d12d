/** Operands in their order: whatever is evaluated before a suspension keeps the value that it had then. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import type { Lowering } from './lowering.ts';

export interface Operand {
  readonly node: t.Expression;
  readonly put: (value: t.Expression) => void;
  /** What has already happened to the value when the next operand is evaluated: a spread has been read, say. */
  readonly keep?: (value: t.Expression) => t.Expression;
}

/** Lowers operands; those before the last one that suspends, or all, are kept in temporaries. */
export const lowerOperands = (lowering: Lowering, operands: readonly Operand[], all = false): void => {
  const last = all ? operands.length : operands.findLastIndex(({ node }) => lowering.suspends(node));
  for (const [index, { node, put, keep }] of operands.entries()) {
    if (index > last) return;
    const value = lowering.expression(node);
    if (index === last) put(value);
    else put(lowering.keep(keep === undefined || t.isLiteral(value) ? value : at(keep(value), node)));
  }
};

/** The items of an array or of an argument list. A spread is read to its end before the next item is evaluated. */
export const itemOperands = (items: (t.Node | null)[]): Operand[] =>
  items.flatMap((each, index): Operand[] => {
    if (each === null) return [];
    if (each.type !== 'SpreadElement') {
      return [
        {
          node: each as t.Expression,
          put: (value) => {
            items[index] = value;
          },
        },
      ];
    }
    const keep = (value: t.Expression) => t.arrayExpression([t.spreadElement(value)]);
    return [
      {
        node: each.argument,
        put: (value) => {
          each.argument = value;
        },
        keep,
      },
    ];
  });

/** `object.name` or `object[key]`. `kept`: more than one evaluation follows, or a suspension. */
export const lowerReference = (lowering: Lowering, node: t.MemberExpression, kept: boolean): t.MemberExpression => {
  const operands: Operand[] = [
    {
      node: node.object as t.Expression,
      put: (value) => {
        node.object = value;
      },
    },
  ];
  if (node.computed)
    operands.push({
      node: node.property as t.Expression,
      put: (value) => {
        node.property = value;
      },
    });
  lowerOperands(lowering, operands, kept);
  return node;
};
