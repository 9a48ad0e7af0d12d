/** Optional chains that suspend in one of their links. */
import { types as t } from '@babel/core';
import { at, nothing } from '../tree.ts';
import { keepCallee } from './calls.ts';
import { copy, isNullish, type Lowering } from './lowering.ts';
import { itemOperands, lowerOperands } from './operands.ts';

type Link = t.OptionalMemberExpression | t.OptionalCallExpression;

/** Whether a node is a link of an optional chain. */
export const isOptional = (node: t.Node): node is Link =>
  node.type === 'OptionalMemberExpression' || node.type === 'OptionalCallExpression';

const below = (link: Link): t.Expression =>
  (link.type === 'OptionalMemberExpression' ? link.object : link.callee) as t.Expression;

const setBelow = (link: Link, node: t.Expression): void => {
  if (link.type === 'OptionalMemberExpression') link.object = node;
  else link.callee = node;
};

const linkSuspends = (lowering: Lowering, link: Link): boolean =>
  link.type === 'OptionalMemberExpression'
    ? link.computed && lowering.suspends(link.property)
    : link.arguments.some((each) => lowering.suspends(each));

/** Links from the innermost on. */
const linksOf = (node: Link): Link[] => {
  const links: Link[] = [node];
  for (let inner = below(node); isOptional(inner) && inner.extra?.['parenthesized'] !== true; inner = below(inner)) {
    links.unshift(inner);
  }
  return links;
};

/** One link applied to what stands before it, with no question mark left. */
const applied = (lowering: Lowering, link: Link, value: t.Expression): t.Expression => {
  if (link.type === 'OptionalMemberExpression') {
    const made = at(t.memberExpression(value, link.property as t.Expression, link.computed), link);
    if (!link.computed) return made;
    const operands = [
      {
        node: value,
        put: (kept: t.Expression) => {
          made.object = kept;
        },
      },
      {
        node: link.property as t.Expression,
        put: (kept: t.Expression) => {
          made.property = kept;
        },
      },
    ];
    lowerOperands(lowering, operands);
    return made;
  }
  const { callee, first } = linkSuspends(lowering, link)
    ? keepCallee(lowering, value)
    : { callee: value, first: [] as t.Expression[] };
  lowerOperands(lowering, itemOperands(link.arguments));
  return at(t.callExpression(callee, [...first, ...link.arguments]), link);
};

/** `a?.b[await c].d`: what comes after a question mark runs within an `if`. */
export const lowerChain = (lowering: Lowering, node: Link): t.Expression => {
  const links = linksOf(node);
  const [first] = links as [Link, ...Link[]];
  const base = lowering.expression(below(first));
  if (!links.some((each) => linkSuspends(lowering, each))) {
    setBelow(first, base);
    return node;
  }
  const result = lowering.temporary(node);
  lowering.set(result, nothing(), node);
  const follow = (index: number, value: t.Expression): void => {
    const link = links[index];
    if (link === undefined) return lowering.set(result, value, node);
    if (!link.optional) return follow(index + 1, applied(lowering, link, value));
    const { tested, onward } = questioned(lowering, link, value);
    const inside = lowering.block(link, () => follow(index + 1, applied(lowering, link, onward)));
    const isThere = t.unaryExpression('!', isNullish(tested));
    lowering.emit(at(t.ifStatement(isThere, inside), link));
  };
  follow(0, base);
  return result;
};

/** The value to be tested, and the same value as the next link takes it: a method that is called keeps its receiver. */
const questioned = (
  lowering: Lowering,
  link: Link,
  value: t.Expression,
): { tested: t.Expression; onward: t.Expression } => {
  if (link.type === 'OptionalCallExpression' && value.type === 'MemberExpression') {
    value.object = lowering.keep(value.object as t.Expression);
    if (value.computed) value.property = lowering.keep(value.property as t.Expression);
    return { tested: copy(value), onward: value };
  }
  const kept = lowering.keep(value);
  return { tested: copy(kept), onward: kept };
};
