/** What the passes of the normal form must know of a module before they change it. */
import { type NodePath, type types as t, traverse } from '@babel/core';
import type { Facts } from './lowering.ts';

const propertyName = (node: t.Node): string | null => {
  if (node.type !== 'MemberExpression') return null;
  if (!node.computed && node.property.type === 'Identifier') return node.property.name;
  return node.computed && node.property.type === 'StringLiteral' ? node.property.value : null;
};

/** Reads the variables and the assigned properties of a module. */
export const readFacts = (tree: t.File): Facts => {
  const steady = new Set<t.Node>();
  const assignedProperties = new Set<string>();
  const assigned = (target: t.Node): void => {
    const name = propertyName(target);
    if (name !== null) assignedProperties.add(name);
  };
  const bindings = (path: NodePath): void => {
    for (const binding of Object.values(path.scope.bindings)) {
      if (!binding.constant) continue;
      for (const { node } of binding.referencePaths) steady.add(node);
    }
  };
  traverse(tree, {
    Program: bindings,
    Scope: bindings,
    AssignmentExpression: ({ node }) => assigned(node.left),
    UpdateExpression: ({ node }) => assigned(node.argument),
    UnaryExpression: ({ node }) => {
      if (node.operator === 'delete') assigned(node.argument);
    },
  } as Parameters<typeof traverse>[1]);
  return { steady, assignedProperties };
};
