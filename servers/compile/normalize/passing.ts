/**
 * Plain functions that do nothing with a call but return it: `const ask = (sys) => sys.receive(port)`. If the module
 * only ever calls them by their names, whoever calls awaits what they return or starts it, and nothing lies between.
 */
import { types as t } from '@babel/core';
import { forEachChild, namesVariable, type Place } from '../tree.ts';

/** The name that a plain function is bound to for good; null if it has none. */
const nameOf = (node: t.Node): readonly [t.Function, string] | null => {
  if (node.type === 'FunctionDeclaration' && !node.async && !node.generator && node.id) return [node, node.id.name];
  if (node.type !== 'VariableDeclaration' || node.kind !== 'const') return null;
  const [only] = node.declarations;
  if (node.declarations.length !== 1 || only?.id.type !== 'Identifier' || !only.init) return null;
  if (!t.isFunction(only.init) || only.init.async || only.init.generator) return null;
  return [only.init, only.id.name];
};

const isCall = ({ parent, key }: Place): boolean => parent.type === 'CallExpression' && key === 'callee';
const isBinding = ({ parent, key }: Place): boolean => key === 'id' && 'id' in parent;

/** Functions whose returned calls are left to their callers. Goes by names alone: two of one name count as one. */
export const passingFunctions = (tree: t.File): ReadonlySet<t.Node> => {
  const named: (readonly [t.Function, string])[] = [];
  const escaping = new Set<string>();
  const look = (node: t.Node): void => {
    const found = nameOf(node);
    if (found !== null) named.push(found);
    if (node.type === 'ExportNamedDeclaration' && node.declaration) {
      for (const name of Object.keys(t.getBindingIdentifiers(node.declaration))) escaping.add(name);
    }
    forEachChild(node, (child, place) => {
      if (child.type === 'Identifier' && namesVariable(place) && !isCall(place) && !isBinding(place)) {
        escaping.add(child.name);
      }
      look(child);
    });
  };
  look(tree);
  return new Set(named.filter(([, name]) => !escaping.has(name)).map(([node]) => node));
};
