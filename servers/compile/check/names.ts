/** Names: which are free, which are ours, what is assigned to, what is imported. */
import { isBuiltin } from 'node:module';
import { type NodePath, types as t, traverse } from '@babel/core';
import { boundIdentifiers, namesVariable } from '../tree.ts';
import { allowedGlobals, forbiddenMembers, hintFor } from './globals.ts';
import type { Report } from './report.ts';

/** Names that compiled code uses. */
const ownName = /^\$(rt|m|n|f|b|x|e|it|mode|value|this|step|meta|[a-z]+\d+|portolan.*)$/;

const importHint = 'import a relative module, a package, or `portolan/…`';

/** Whether a program may import from there: what it gets must be there on every node. */
const isAllowedSource = (source: string): boolean =>
  !isBuiltin(source) && (/^\.{1,2}\//.test(source) || /^#?(@[\w.~-]+\/)?[\w~][\w.~-]*(\/.*)?$/.test(source));

const checkSource = (node: t.StringLiteral | null | undefined, report: Report): void => {
  if (!node || isAllowedSource(node.value)) return;
  report('R120', node, `an import from \`${node.value}\``, importHint);
};

const placeIn = (path: NodePath) => ({
  parent: path.parent,
  key: String(path.listKey ?? path.key),
  index: typeof path.key === 'number' ? path.key : null,
});

const joins: ReadonlySet<string> = new Set(['all', 'allSettled', 'any', 'race', 'reject', 'resolve']);

/** `Promise` may only be the receiver of a call of one of its joins. */
const checkPromise = ({ node, parent, parentPath }: NodePath<t.Identifier>, report: Report): void => {
  const waits = 'await calls, store them, or join them by `Promise.all`';
  if (parent.type === 'NewExpression') return report('R117', parent, '`new Promise`', waits);
  const isJoin =
    parent.type === 'MemberExpression' &&
    parent.object === node &&
    parent.property.type === 'Identifier' &&
    !parent.computed &&
    joins.has(parent.property.name) &&
    parentPath?.parent.type === 'CallExpression' &&
    parentPath.key === 'callee';
  if (!isJoin) report('R117', node, '`Promise` as a value', waits);
};

const checkDate = ({ node, parent }: NodePath<t.Identifier>, report: Report): void => {
  const asks = (parent.type === 'NewExpression' && parent.arguments.length === 0) || parent.type === 'CallExpression';
  if (asks && parent.callee === node) {
    report('R115', parent, '`Date` without a time, which asks the clock', 'use `new Date(sys.now())`');
  }
};

/** A name that no scope of the module declares. */
const checkFree = (path: NodePath<t.Identifier>, report: Report): void => {
  const { node, parent } = path;
  const { name } = node;
  if (name === 'eval' || name === 'Function') {
    const hint = 'write the function in the module';
    return report('R108', node, `\`${name}\`, which makes code that no image can name`, hint);
  }
  if (name === 'arguments') {
    return report('R113', node, '`arguments`', 'take the rest as a parameter: `...rest`');
  }
  if (name === 'Promise') return checkPromise(path, report);
  if (name === 'Date') checkDate(path, report);
  if (!allowedGlobals.has(name)) {
    return report('R115', node, `\`${name}\`, which is neither declared nor allowed`, hintFor(name));
  }
  if (parent.type !== 'MemberExpression' || parent.object !== node) return;
  const key = !parent.computed && parent.property.type === 'Identifier' ? parent.property.name : null;
  const literal = parent.computed && parent.property.type === 'StringLiteral' ? parent.property.value : null;
  const member = `${name}.${key ?? literal ?? ''}`;
  const hint = forbiddenMembers.get(member);
  if (hint !== undefined) report('R115', parent, `\`${member}\``, hint);
};

const checkReserved = (node: t.Identifier, report: Report): void => {
  if (!ownName.test(node.name)) return;
  report('R118', node, `\`${node.name}\`, a name that compiled code uses`, 'choose another name');
};

const violationIn = (path: NodePath, name: string): t.Node => {
  const target = path.node.type === 'AssignmentExpression' || t.isForXStatement(path.node) ? path.node.left : path.node;
  const pattern = target.type === 'VariableDeclaration' ? target.declarations[0]?.id : target;
  return (pattern && boundIdentifiers(pattern).find((each) => each.name === name)) ?? path.node;
};

/**
 * The name that a class expression gives itself: code of its methods stands at module level once it is compiled, where
 * only `const A = class A` has the same name.
 */
const checkOwnName = (path: NodePath, report: Report): void => {
  if (!path.isClassExpression() || !path.node.id) return;
  const { name } = path.node.id;
  const { parent } = path;
  if (parent.type === 'VariableDeclarator' && t.isIdentifier(parent.id, { name })) return;
  const [use] = path.scope.getOwnBinding(name)?.referencePaths ?? [];
  if (use === undefined) return;
  const problem = `\`${name}\`, the name of a class expression, which only the class itself knows`;
  report('R106', use.node, problem, `declare it at module level by \`class ${name}\`, so that images can name it`);
};

/** Assignments to what one scope declares. */
const checkAssignments = (path: NodePath, report: Report): void => {
  for (const [name, binding] of Object.entries(path.scope.bindings)) {
    for (const violation of binding.constantViolations) {
      if (t.isDeclaration(violation.node)) continue;
      const node = violationIn(violation, name);
      const isImport = binding.kind === 'module';
      if (binding.kind === 'const' || isImport) {
        const what = isImport ? 'an import' : 'a `const`';
        report('R112', node, `\`${name}\`, ${what}, is assigned to`, 'declare it by `let`, within a function');
      } else if (path.isProgram() && violation.getFunctionParent() !== null) {
        const problem = `\`${name}\`, a variable of the module, is assigned to by a function`;
        report(
          'R114',
          node,
          problem,
          'keep it in the function or in an object: each node has its own module variables',
        );
      }
    }
  }
};

/** Checks every name of a module. */
export const checkNames = (tree: t.File, report: Report): void => {
  traverse(tree, {
    Program: (path: NodePath<t.Program>) => checkAssignments(path, report),
    Scope: (path: NodePath) => {
      checkAssignments(path, report);
      checkOwnName(path, report);
    },
    ImportDeclaration: ({ node }: NodePath<t.ImportDeclaration>) => checkSource(node.source, report),
    ExportNamedDeclaration: ({ node }: NodePath<t.ExportNamedDeclaration>) => checkSource(node.source, report),
    ExportAllDeclaration: ({ node }: NodePath<t.ExportAllDeclaration>) => checkSource(node.source, report),
    LabeledStatement: ({ node }: NodePath<t.LabeledStatement>) => checkReserved(node.label, report),
    Identifier: (path: NodePath<t.Identifier>) => {
      if (!namesVariable(placeIn(path))) return;
      checkReserved(path.node, report);
      if (path.parent.type === 'ExportSpecifier' && path.parentPath?.parent.type === 'ExportNamedDeclaration') {
        if (path.parentPath.parent.source) return;
      }
      if (!path.scope.hasBinding(path.node.name, true)) checkFree(path, report);
    },
  } as Parameters<typeof traverse>[1]);
};
