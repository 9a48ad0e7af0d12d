/** Calls whose outcome would be lost: an async function that nobody waits for, a chain of `then`. */
import { type NodePath, types as t, traverse } from '@babel/core';
import type { Report } from './report.ts';

/** Members of `sys` that answer at once, or start something by themselves. */
const immediate: ReadonlySet<string> = new Set(['cancel', 'client', 'condition', 'now', 'random', 'spawn']);

const rootOf = (node: t.Node): t.Node => {
  let root = node;
  while (root.type === 'MemberExpression') root = root.object;
  return root;
};

/** The function that a name always stands for; null if that is not sure. */
const definitionOf = (path: NodePath, name: string): t.Function | null => {
  const binding = path.scope.getBinding(name);
  if (!binding?.constant) return null;
  const { node } = binding.path;
  if (node.type === 'FunctionDeclaration') return node;
  if (node.type !== 'VariableDeclarator' || !node.init || node.id.type !== 'Identifier') return null;
  return t.isFunction(node.init) ? node.init : null;
};

/** Whether an export of the module that a specifier means is known to be an async function. */
export type IsAsyncImport = (specifier: string, name: string) => boolean;

const nameOf = (node: t.Identifier | t.StringLiteral): string => (node.type === 'Identifier' ? node.name : node.value);

/** The module and the export that an imported name stands for; `*` of a namespace. Null of other names. */
const importOf = (path: NodePath, name: string): readonly [specifier: string, imported: string] | null => {
  const found = path.scope.getBinding(name)?.path;
  if (found?.parent.type !== 'ImportDeclaration') return null;
  const { node } = found;
  const { value: specifier } = found.parent.source;
  if (node.type === 'ImportSpecifier') return [specifier, nameOf(node.imported)];
  return [specifier, node.type === 'ImportDefaultSpecifier' ? 'default' : '*'];
};

/** `f()` of an imported `f`, or `m.f()` of an imported namespace `m`. */
const isImportedAsync = (path: NodePath, callee: t.Node, isAsyncImport: IsAsyncImport): boolean => {
  if (callee.type === 'Identifier') {
    const [specifier, imported] = importOf(path, callee.name) ?? [];
    return specifier !== undefined && imported !== undefined && isAsyncImport(specifier, imported);
  }
  if (callee.type !== 'MemberExpression' || callee.computed) return false;
  if (callee.object.type !== 'Identifier' || callee.property.type !== 'Identifier') return false;
  const [specifier, imported] = importOf(path, callee.object.name) ?? [];
  return specifier !== undefined && imported === '*' && isAsyncImport(specifier, callee.property.name);
};

const isAsync = (node: t.Function | null): boolean => node?.async === true && node.generator !== true;

/** `this.method()` within the class that defines it. */
const isOwnAsyncMethod = (path: NodePath, callee: t.MemberExpression): boolean => {
  if (callee.object.type !== 'ThisExpression' || callee.computed || callee.property.type !== 'Identifier') return false;
  const { name } = callee.property;
  const owner = path.findParent((each) => each.isClass())?.node as t.Class | undefined;
  return (owner?.body.body ?? []).some(
    (each) => each.type === 'ClassMethod' && t.isIdentifier(each.key, { name }) && isAsync(each),
  );
};

/** What a call is known to be, in words; null if it is not known to answer something to wait for. */
const knownResumable = (path: NodePath, node: t.Node, isAsyncImport: IsAsyncImport): string | null => {
  if (node.type !== 'CallExpression') return null;
  const { callee } = node;
  if (isImportedAsync(path, callee, isAsyncImport)) return 'an imported async function';
  if (callee.type === 'Identifier') {
    return isAsync(definitionOf(path, callee.name)) ? `\`${callee.name}\`, an async function,` : null;
  }
  if (t.isFunction(callee)) return isAsync(callee) ? 'an async function' : null;
  if (callee.type !== 'MemberExpression') return null;
  const root = rootOf(callee);
  const method = callee.property.type === 'Identifier' && !callee.computed ? callee.property.name : null;
  if (t.isIdentifier(root, { name: 'sys' }) && !(method !== null && immediate.has(method))) {
    return `\`sys.${method ?? '…'}\`, a kernel call,`;
  }
  if (t.isIdentifier(root, { name: 'Promise' }) && !path.scope.hasBinding('Promise', true)) return 'a join';
  return isOwnAsyncMethod(path, callee) ? `\`this.${method}\`, an async method,` : null;
};

/** Checks the calls of a module. */
export const checkCalls = (tree: t.File, report: Report, isAsyncImport: IsAsyncImport): void => {
  const isKnown = (path: NodePath, node: t.Node): boolean => knownResumable(path, node, isAsyncImport) !== null;
  traverse(tree, {
    ExpressionStatement: (path: NodePath<t.ExpressionStatement>) => {
      const known = knownResumable(path, path.node.expression, isAsyncImport);
      if (known === null) return;
      const hint = 'write `await` before it, keep it in a variable, or write `void` before it to let it run alone';
      report('R109', path.node.expression, `${known} is called and not awaited`, hint);
    },
    CallExpression: (path: NodePath<t.CallExpression>) => {
      const { callee } = path.node;
      if (callee.type !== 'MemberExpression' || callee.computed || callee.property.type !== 'Identifier') return;
      const { name } = callee.property;
      const isChain = name === 'then' || ((name === 'catch' || name === 'finally') && isKnown(path, callee.object));
      if (isChain) report('R122', callee.property, `\`.${name}(…)\``, 'await it, with `try` around if it may fail');
    },
  });
};
