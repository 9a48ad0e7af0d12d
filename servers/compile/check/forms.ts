/** Forms of the language that a program cannot use, wherever they stand. */
import { types as t } from '@babel/core';
import { contains, forEachChild } from '../tree.ts';
import type { Report } from './report.ts';

/** What surrounds a node, as far as the rules ask. */
interface Surroundings {
  /** How many functions it is in. */
  readonly depth: number;
  /** The innermost function is a plain method of a class, with no function in between. */
  readonly isMethod: boolean;
  /** Within a statement of the module that has variables of its own. */
  readonly isBlock: boolean;
}

const suspends = (node: t.Node): boolean =>
  contains(node, ({ type }) => type === 'AwaitExpression' || type === 'YieldExpression');

const isResumable = (node: t.Function): boolean => node.async === true || node.generator === true;

const superHint = 'call the method of the base class from a method that is neither async nor a generator';

const checkFunction = (node: t.Node, report: Report): void => {
  if (!t.isObjectMethod(node) && !t.isClassMethod(node)) return;
  if (node.type === 'ObjectMethod' && node.kind !== 'method') {
    const what = node.kind === 'get' ? 'a getter' : 'a setter';
    report('R122', node, `${what} of an object, which no image can hold`, 'write a method, or a class of the module');
  }
};

const checkDeclaration = (node: t.VariableDeclaration, report: Report): void => {
  const { kind } = node as { kind: string };
  if (kind !== 'using' && kind !== 'await using') return;
  report('R110', node, `a declaration by \`${kind}\``, 'write `const`, and close it in a `finally` block');
};

const checkMeta = (node: t.MetaProperty, report: Report): void => {
  if (node.meta.name === 'new') {
    report('R111', node, '`new.target`', 'hand what is to be known to the constructor as an argument');
  } else {
    report('R115', node, '`import.meta`, which differs from node to node', 'hand in what is needed as an argument');
  }
};

const checkUnary = (node: t.UnaryExpression, report: Report): void => {
  const isChain = node.argument.type === 'OptionalMemberExpression' || node.argument.type === 'OptionalCallExpression';
  if (node.operator !== 'delete' || !isChain || !suspends(node.argument)) return;
  report('R104', node, '`await` within a `delete` of an optional chain', 'await into a variable first');
};

const checkClass = (node: t.Class, around: Surroundings, report: Report): void => {
  if (around.depth > 0) {
    report('R106', node, 'a class within a function', 'declare the class at module level, so that images can name it');
  } else if (around.isBlock) {
    const hint = 'declare the class at module level, so that images can name it, and hand it what its methods need';
    report('R106', node, 'a class within a block', hint);
  } else if (suspends(node)) {
    report('R122', node, '`await` within the head or a field of a class', 'await within a method');
  }
};

const checkNode = (node: t.Node, around: Surroundings, report: Report): void => {
  checkFunction(node, report);
  switch (node.type) {
    case 'ClassDeclaration':
    case 'ClassExpression':
      return checkClass(node, around, report);
    case 'TaggedTemplateExpression':
      if (!suspends(node.quasi) && !suspends(node.tag)) return;
      return report('R103', node, '`await` within a tagged template', 'await into a variable first');
    case 'Super':
      if (around.isMethod) return;
      return report('R107', node, '`super` within an async function, a generator or a nested function', superHint);
    case 'VariableDeclaration':
      return checkDeclaration(node, report);
    case 'MetaProperty':
      return checkMeta(node, report);
    case 'UnaryExpression':
      return checkUnary(node, report);
    case 'PrivateName':
      return report('R119', node, `\`#${node.id.name}\`, which no image can see`, 'write a field without `#`');
    case 'ClassAccessorProperty':
      return report('R122', node, 'an `accessor` of a class', 'write a field, or a getter and a setter');
    case 'Import':
    case 'ImportExpression':
      return report('R120', node, '`import()`', 'import at the head of the module');
    case 'AwaitExpression':
    case 'ForOfStatement': {
      const waits = node.type === 'AwaitExpression' || node.await;
      if (!waits || around.depth > 0) return;
      return report('R122', node, '`await` at module level', 'await within an async function');
    }
    default:
  }
};

const opensBlock = (node: t.Node): boolean =>
  t.isBlockStatement(node) || t.isLoop(node) || t.isSwitchStatement(node) || t.isCatchClause(node);

/** Looks at every node once. */
export const checkForms = (tree: t.File, report: Report): void => {
  const look = (node: t.Node, around: Surroundings): void => {
    checkNode(node, around, report);
    const inner = t.isFunction(node)
      ? { ...around, depth: around.depth + 1, isMethod: node.type === 'ClassMethod' && !isResumable(node) }
      : node.type === 'ClassProperty' || node.type === 'StaticBlock'
        ? { ...around, isMethod: true, isBlock: node.type === 'StaticBlock' || around.isBlock }
        : opensBlock(node)
          ? { ...around, isBlock: true }
          : around;
    forEachChild(node, (child) => look(child, inner));
  };
  look(tree.program, { depth: 0, isMethod: false, isBlock: false });
};
