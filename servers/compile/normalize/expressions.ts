/** Expressions that suspend: what runs before a suspension is put into temporaries, in the order of the language. */
import { types as t } from '@babel/core';
import { at } from '../tree.ts';
import { lowerAssignment } from './assignments.ts';
import { lowerCall, lowerNew } from './calls.ts';
import { isOptional, lowerChain } from './chains.ts';
import { lowerYield } from './generators.ts';
import { copy, type Lowering } from './lowering.ts';
import { itemOperands, lowerOperands, lowerReference, type Operand } from './operands.ts';

const lowerAwait = (lowering: Lowering, node: t.AwaitExpression): t.Expression => {
  node.argument = lowering.expression(node.argument);
  const value = lowering.temporary(node);
  lowering.set(value, node);
  return value;
};

const truth = (operator: string, value: t.Expression): t.Expression => {
  if (operator === '&&') return value;
  if (operator === '||') return at(t.unaryExpression('!', value), value);
  return at(t.binaryExpression('==', value, t.nullLiteral()), value);
};

const lowerLogical = (lowering: Lowering, node: t.LogicalExpression): t.Expression => {
  const left = lowering.expression(node.left);
  if (!lowering.suspends(node.right)) return at(t.logicalExpression(node.operator, left, node.right), node);
  const value = lowering.temporary(node);
  lowering.set(value, left);
  const otherwise = lowering.block(node.right, () => lowering.set(value, lowering.expression(node.right)));
  lowering.emit(at(t.ifStatement(truth(node.operator, copy(value)), otherwise), node));
  return value;
};

const lowerConditional = (lowering: Lowering, node: t.ConditionalExpression): t.Expression => {
  const test = lowering.expression(node.test);
  if (!lowering.suspends(node.consequent) && !lowering.suspends(node.alternate)) {
    return at(t.conditionalExpression(test, node.consequent, node.alternate), node);
  }
  const value = lowering.temporary(node);
  const arm = (result: t.Expression): t.BlockStatement =>
    lowering.block(result, () => lowering.set(value, lowering.expression(result)));
  lowering.emit(at(t.ifStatement(test, arm(node.consequent), arm(node.alternate)), node));
  return value;
};

const lowerSequence = (lowering: Lowering, { expressions }: t.SequenceExpression): t.Expression => {
  const last = expressions.length - 1;
  for (const each of expressions.slice(0, last)) lowerEffect(lowering, each);
  return lowering.expression(expressions[last] as t.Expression);
};

const lowerObject = (lowering: Lowering, node: t.ObjectExpression): t.Expression => {
  const operands: Operand[] = [];
  for (const each of node.properties) {
    if (each.type === 'SpreadElement') {
      const keep = (value: t.Expression) => t.objectExpression([t.spreadElement(value)]);
      operands.push({
        node: each.argument,
        put: (value) => {
          each.argument = value;
        },
        keep,
      });
      continue;
    }
    if (each.computed)
      operands.push({
        node: each.key as t.Expression,
        put: (value) => {
          each.key = value;
        },
      });
    if (each.type === 'ObjectProperty') {
      each.shorthand = false;
      operands.push({
        node: each.value as t.Expression,
        put: (value) => {
          each.value = value;
        },
      });
    }
  }
  lowerOperands(lowering, operands);
  return node;
};

const lowerArray = (lowering: Lowering, node: t.ArrayExpression): t.Expression => {
  lowerOperands(lowering, itemOperands(node.elements));
  return node;
};

const lowerTemplate = (lowering: Lowering, node: t.TemplateLiteral): t.Expression => {
  const empty = () => t.templateElement({ raw: '', cooked: '' });
  // A substitution becomes a string before the next one is evaluated.
  const keep = (value: t.Expression) => t.templateLiteral([empty(), empty()], [value]);
  lowerOperands(
    lowering,
    node.expressions.map((each, index) => ({
      node: each as t.Expression,
      put: (value) => {
        node.expressions[index] = value;
      },
      keep,
    })),
  );
  return node;
};

const lowerBinary = (lowering: Lowering, node: t.BinaryExpression): t.Expression => {
  lowerOperands(lowering, [
    {
      node: node.left as t.Expression,
      put: (value) => {
        node.left = value;
      },
    },
    {
      node: node.right,
      put: (value) => {
        node.right = value;
      },
    },
  ]);
  return node;
};

/** Evaluates an expression whose value nobody wants. */
export const lowerEffect = (lowering: Lowering, node: t.Expression): void => {
  if (node.type === 'SequenceExpression') {
    for (const each of node.expressions) lowerEffect(lowering, each);
    return;
  }
  if (node.type === 'AwaitExpression') {
    node.argument = lowering.expression(node.argument);
    lowering.emit(at(t.expressionStatement(node), node));
    return;
  }
  const rest = lowering.expression(node);
  if (!lowering.isSteady(rest)) lowering.emit(at(t.expressionStatement(rest), node));
};

/** The value of an expression that suspends; what it leaves behind does not. */
export const lowerExpression = (lowering: Lowering, node: t.Expression): t.Expression => {
  switch (node.type) {
    case 'AwaitExpression':
      return lowerAwait(lowering, node);
    case 'YieldExpression':
      return lowerYield(lowering, node);
    case 'AssignmentExpression':
      return lowerAssignment(lowering, node);
    case 'BinaryExpression':
      return lowerBinary(lowering, node);
    case 'LogicalExpression':
      return lowerLogical(lowering, node);
    case 'ConditionalExpression':
      return lowerConditional(lowering, node);
    case 'SequenceExpression':
      return lowerSequence(lowering, node);
    case 'UnaryExpression':
      if (node.operator === 'delete' && isOptional(node.argument)) break;
      node.argument = lowering.expression(node.argument);
      return node;
    case 'UpdateExpression':
      node.argument = lowerReference(lowering, node.argument as t.MemberExpression, false);
      return node;
    case 'MemberExpression':
      return lowerReference(lowering, node, false);
    case 'CallExpression':
      return lowerCall(lowering, node);
    case 'NewExpression':
      return lowerNew(lowering, node);
    case 'OptionalMemberExpression':
    case 'OptionalCallExpression':
      return lowerChain(lowering, node);
    case 'ArrayExpression':
      return lowerArray(lowering, node);
    case 'ObjectExpression':
      return lowerObject(lowering, node);
    case 'TemplateLiteral':
      return lowerTemplate(lowering, node);
    case 'ParenthesizedExpression':
      return lowering.expression(node.expression);
    default:
      break;
  }
  throw new TypeError(`a ${node.type} that suspends is not refused by the check`);
};
