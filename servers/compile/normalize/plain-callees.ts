/** Calls whose value is never a call that has not begun: it would be a waste to ask at run time. */
import { types as t } from '@babel/core';
import type { Place } from '../tree.ts';

const namespaces: ReadonlySet<string> = new Set([
  'Array',
  'BigInt',
  'Date',
  'JSON',
  'Math',
  'Number',
  'Object',
  'Reflect',
  'String',
  'Symbol',
]);
const functions: ReadonlySet<string> = new Set([
  ...['Array', 'BigInt', 'Boolean', 'Date', 'Error', 'Number', 'Object', 'RangeError', 'RegExp', 'String', 'Symbol'],
  ...['TypeError', 'decodeURIComponent', 'encodeURIComponent', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['structuredClone'],
]);
const arithmetic: ReadonlySet<string> = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '**',
  '&',
  '|',
  '^',
  '<<',
  '>>',
  '>>>',
  '<',
  '>',
  '<=',
  '>=',
]);

/** Members of `sys` that answer at once. */
const immediate: ReadonlySet<string> = new Set(['cancel', 'client', 'condition', 'now', 'random', 'spawn']);

/** An operand of arithmetic becomes a number or a string: no call that has not begun would survive that. */
const isArithmetic = ({ parent }: Place): boolean =>
  (parent.type === 'BinaryExpression' && arithmetic.has(parent.operator)) ||
  (parent.type === 'UnaryExpression' && arithmetic.has(parent.operator));

const isMethodOfLiteral = (object: t.Node): boolean =>
  t.isLiteral(object) || object.type === 'ArrayExpression' || t.isFunction(object);

/** Whether the value of a call is known not to be an unstarted call. */
export const isKnownPlain = (node: t.CallExpression | t.OptionalCallExpression, place: Place): boolean => {
  const { callee } = node;
  if (callee.type === 'Super' || callee.type === 'Import' || isArithmetic(place)) return true;
  if (callee.type === 'Identifier') return functions.has(callee.name);
  if (callee.type !== 'MemberExpression') return false;
  const { object, property } = callee;
  if (isMethodOfLiteral(object)) return true;
  if (object.type !== 'Identifier' || property.type !== 'Identifier' || callee.computed) return false;
  if (object.name === '$rt') return true;
  if (object.name === 'sys') return immediate.has(property.name);
  return namespaces.has(object.name);
};
