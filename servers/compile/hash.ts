/**
 * The name of a compiled module's code: equal for equal meaning, whatever comments, spaces and types stand in
 * between.
 */
import { createHash } from 'node:crypto';
import { types as t } from '@babel/core';
import { abi } from './emit.ts';

/** Fields that say how it was written, or that only types leave behind. */
const meaningless: ReadonlySet<string> = new Set([
  ...['abstract', 'accessibility', 'declare', 'definite', 'exportKind', 'importKind', 'implements', 'override'],
  ...[
    'readonly',
    'returnType',
    'shorthand',
    'superTypeParameters',
    'typeAnnotation',
    'typeArguments',
    'typeParameters',
  ],
]);

const isNode = (value: unknown): value is t.Node =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** A field's value, unambiguous. False, null and missing mean the same in a tree. */
const canonicalValue = (value: unknown, parts: string[]): void => {
  if (value === undefined || value === null || value === false) parts.push('-');
  else if (Array.isArray(value)) {
    parts.push('[');
    for (const each of value) if (!isNode(each) || each.type !== 'EmptyStatement') canonicalValue(each, parts);
    parts.push(']');
  } else if (isNode(value)) canonicalNode(value, parts);
  else parts.push(typeof value, JSON.stringify(value));
};

/** The fields of each type of node that mean something, in an order that does not depend on Babel's. */
const meaningfulFields: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(t.NODE_FIELDS).map(([type, fields]) => {
    // `x?: number` leaves the mark on the name.
    const isIdentifier = type === 'Identifier';
    return [
      type,
      Object.keys(fields)
        .filter((key) => !meaningless.has(key) && !(isIdentifier && key === 'optional'))
        .sort(),
    ];
  }),
);

const canonicalNode = (node: t.Node, parts: string[]): void => {
  parts.push('(', node.type);
  const fields = node as unknown as Readonly<Record<string, unknown>>;
  for (const key of meaningfulFields.get(node.type) ?? []) {
    parts.push(key);
    canonicalValue(fields[key], parts);
  }
  parts.push(')');
};

/** The specifiers of a module's imports and re-exports, in order; those of types alone are not among them. */
export const specifiersOf = (program: t.Program): string[] =>
  program.body.flatMap((each) => {
    if (!('source' in each) || !each.source) return [];
    const isOfTypes =
      (each.type === 'ImportDeclaration' && each.importKind === 'type') ||
      ('exportKind' in each && each.exportKind === 'type');
    return isOfTypes ? [] : [each.source.value];
  });

/**
 * SHA-256, in hex, of the compiler's ABI, the module without types, comments and places, and what `digestOf` answers for
 * the modules that it imports: null for what nobody knows. To be called before the passes change the tree.
 */
export const hashProgram = (tree: t.File, digestOf: (specifier: string) => string | null): string => {
  const parts = ['portolan program', String(abi)];
  canonicalNode(tree.program, parts);
  for (const specifier of specifiersOf(tree.program)) {
    parts.push(JSON.stringify(specifier), digestOf(specifier) ?? '-');
  }
  return createHash('sha256').update(parts.join('\n')).digest('hex');
};
