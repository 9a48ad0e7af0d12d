/**
 * Calls that nobody awaits at once. In the language an async function runs as soon as it is called; here a call
 * answers a frame that has not begun. `$rt.start` begins it and answers a future; of any other value it answers
 * the value.
 */
import { types as t } from '@babel/core';
import { at, contains, forEachChild, putAt } from '../tree.ts';
import { runtimeCall } from './iterations.ts';
import { passingFunctions } from './passing.ts';
import { isKnownPlain } from './plain-callees.ts';

const joins: ReadonlySet<string> = new Set(['all', 'allSettled', 'any', 'race', 'resolve', 'reject']);

/** What a value is for, as far as a call in its place is concerned. */
interface Use {
  /** An `await` or the end of the function takes it as it is, frame or not. */
  readonly awaited: boolean;
  /** `passing`: a plain function whose callers await, or start, what it returns. */
  readonly functionKind: 'plain' | 'passing' | 'async' | 'generator' | 'async-generator';
  /** A `return` passes a `finally` or a `catch`, or closes an iterator, before the value is awaited. */
  readonly guarded: boolean;
}

const kindOf = (node: t.Function, passing: ReadonlySet<t.Node>): Use['functionKind'] => {
  if (passing.has(node)) return 'passing';
  if (node.generator === true) return node.async === true ? 'async-generator' : 'generator';
  return node.async === true ? 'async' : 'plain';
};

/** `Promise.all` → `$rt.Join.all`, if `Promise` is the language's own. */
const asJoin = (node: t.CallExpression): boolean => {
  const { callee } = node;
  if (callee.type !== 'MemberExpression' || callee.computed) return false;
  if (!t.isIdentifier(callee.object, { name: 'Promise' }) || callee.property.type !== 'Identifier') return false;
  if (!joins.has(callee.property.name)) return false;
  callee.object = at(t.memberExpression(t.identifier('$rt'), t.identifier('Join')), callee.object);
  return true;
};

/** Whether evaluating `node` runs no code of anybody's and reads nothing that such code could change. */
const isInert = (node: t.Node, steady: ReadonlySet<t.Node>): boolean => {
  if (t.isFunction(node) || node.type === 'ThisExpression') return true;
  if (node.type === 'Identifier') return steady.has(node) || node.name === 'undefined';
  if (t.isLiteral(node) && node.type !== 'TemplateLiteral') return true;
  return false;
};

const isSysCall = (node: t.Node): boolean => {
  if (node.type !== 'CallExpression') return false;
  let root: t.Node = node.callee;
  while (root.type === 'MemberExpression' && !root.computed) root = root.object;
  return root !== node.callee && t.isIdentifier(root, { name: 'sys' });
};

const runsCode = (node: t.Node): boolean =>
  t.isCallExpression(node) || t.isNewExpression(node) || t.isTaggedTemplateExpression(node) || isSuspension(node);

const isSuspension = (node: t.Node): boolean => node.type === 'AwaitExpression' || node.type === 'YieldExpression';

/**
 * Whether a join may start the calls of its array itself, in order: nothing that is evaluated after one of them
 * could notice that it has not begun yet. Kernel calls run none of the program's code.
 */
const startsItself = (items: readonly (t.Node | null)[], steady: ReadonlySet<t.Node>): boolean => {
  let onlySysBefore = true;
  return items.every((each, index) => {
    if (each === null || isInert(each, steady)) return true;
    if (each.type !== 'CallExpression') return false;
    const isFirst = index === 0;
    const isQuiet =
      onlySysBefore && isSysCall(each) && !each.arguments.some((argument) => contains(argument, runsCode));
    onlySysBefore &&= isSysCall(each);
    if (isFirst || isQuiet) return true;
    const calleeIsInert = isInert(each.callee, steady) || isSysCall(each);
    return calleeIsInert && each.arguments.every((argument) => isInert(argument, steady));
  });
};

/** Starts the calls of a module that nobody awaits at once; `steady` are reads of what never changes. */
export const startCalls = (tree: t.File, steady: ReadonlySet<t.Node>): void => {
  const passing = passingFunctions(tree);
  const walk = (node: t.Node, use: Use): void =>
    forEachChild(node, (child, place) => {
      const inner = t.isFunction(child)
        ? { awaited: false, functionKind: kindOf(child, passing), guarded: false }
        : childUse(node, child, place.key, use);
      if (child.type === 'CallExpression' || child.type === 'OptionalCallExpression') {
        const isJoin = child.type === 'CallExpression' && asJoin(child);
        const [list] = child.arguments;
        const isOwnArray = isJoin && list?.type === 'ArrayExpression' && startsItself(list.elements, steady);
        if (isOwnArray) {
          for (const each of list.elements) if (each !== null) walkItem(each, inner);
          for (const each of child.arguments.slice(1)) walk(each, unawaited(inner));
        } else walk(child, unawaited(inner));
        const isPart = place.key === 'callee' && child.type === 'OptionalCallExpression';
        const isLink = isPart || (place.key === 'object' && node.type === 'OptionalMemberExpression');
        if (!inner.awaited && !isLink && (isJoin || !isKnownPlain(child, place))) {
          putAt(place, runtimeCall('start', [child], child));
        }
      } else walk(child, inner);
    });
  /** An item of a join's own array: itself not started, but what is in it may be. */
  const walkItem = (item: t.Node, use: Use): void => {
    if (item.type === 'CallExpression') asJoin(item);
    walk(item, unawaited(use));
  };
  walk(tree, { awaited: false, functionKind: 'plain', guarded: false });
};

const unawaited = (use: Use): Use => (use.awaited ? { ...use, awaited: false } : use);

/** The use of a child's value, from what its parent is. A child that is a function is not asked about. */
const childUse = (parent: t.Node, child: t.Node, key: string, use: Use): Use => {
  const isTail = use.functionKind === 'async' || use.functionKind === 'passing';
  switch (parent.type) {
    case 'AwaitExpression':
      return { ...use, awaited: true };
    case 'ReturnStatement':
      return {
        ...use,
        awaited: use.functionKind === 'async-generator' || (isTail && !use.guarded),
      };
    case 'ArrowFunctionExpression':
      return key === 'body' ? { ...use, awaited: isTail } : unawaited(use);
    case 'YieldExpression':
      return { ...use, awaited: use.functionKind === 'async-generator' && !parent.delegate };
    case 'ForOfStatement':
      return key === 'body' ? { ...use, awaited: false, guarded: true } : unawaited(use);
    case 'TryStatement':
      return { ...use, awaited: false, guarded: use.guarded || key !== 'finalizer' };
    case 'ConditionalExpression':
      return key === 'test' ? unawaited(use) : use;
    case 'LogicalExpression':
      return key === 'left' ? unawaited(use) : use;
    case 'SequenceExpression':
      return parent.expressions.at(-1) === child ? use : unawaited(use);
    default:
      return unawaited(use);
  }
};
