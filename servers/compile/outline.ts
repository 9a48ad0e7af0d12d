/** What a module says of itself to others, read off its tree: what it imports, and which of its exports are async functions. */
import { types as t } from '@babel/core';
import { specifiersOf } from './hash.ts';
import { parseLeniently } from './parse.ts';

/** An export that another module defines: `export { a as b } from './a.ts'`; `*` stands for all. */
export interface Reexport {
  readonly name: string;
  readonly specifier: string;
  readonly imported: string;
}

/** What is told of a module without compiling it. */
export interface Outline {
  /** Specifiers, each once, in order; imports that turn out to be of types are among them. */
  readonly imports: readonly string[];
  /** Exports that are async functions for sure. */
  readonly asyncExports: ReadonlySet<string>;
  readonly reexports: readonly Reexport[];
}

const nothing: Outline = { imports: [], asyncExports: new Set(), reexports: [] };

const isAsync = (node: t.Node | null | undefined): boolean =>
  t.isFunction(node) && node.async === true && node.generator !== true;

/** Names that a declaration binds to async functions for good. */
const asyncNames = (declaration: t.Node): string[] => {
  if (declaration.type === 'FunctionDeclaration')
    return isAsync(declaration) && declaration.id ? [declaration.id.name] : [];
  if (declaration.type !== 'VariableDeclaration' || declaration.kind !== 'const') return [];
  return declaration.declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier' && isAsync(init) ? [id.name] : [],
  );
};

const nameOf = (node: t.Identifier | t.StringLiteral): string => (node.type === 'Identifier' ? node.name : node.value);

const reexportsOf = (statement: t.Statement): Reexport[] => {
  if (statement.type === 'ExportAllDeclaration') {
    return [{ name: '*', specifier: statement.source.value, imported: '*' }];
  }
  if (statement.type !== 'ExportNamedDeclaration' || !statement.source) return [];
  const specifier = statement.source.value;
  return statement.specifiers.flatMap((each) =>
    each.type === 'ExportSpecifier' ? [{ name: nameOf(each.exported), specifier, imported: each.local.name }] : [],
  );
};

/** Async exports of one statement; `known` are the names of the module that are async functions. */
const exportsOf = (statement: t.Statement, known: ReadonlySet<string>): string[] => {
  if (statement.type === 'ExportDefaultDeclaration') {
    const { declaration } = statement;
    const isKnown = declaration.type === 'Identifier' ? known.has(declaration.name) : isAsync(declaration);
    return isKnown ? ['default'] : [];
  }
  if (statement.type !== 'ExportNamedDeclaration' || statement.source) return [];
  if (statement.declaration) return asyncNames(statement.declaration);
  return statement.specifiers.flatMap((each) =>
    each.type === 'ExportSpecifier' && known.has(each.local.name) ? [nameOf(each.exported)] : [],
  );
};

/** The outline of a module of any kind; an empty one, if it cannot be parsed. */
export const outlineOf = (source: string, file: string): Outline => {
  const tree = parseLeniently(source, file);
  if (tree === null) return nothing;
  const { body } = tree.program;
  const declared = body.map((each) => ('declaration' in each && each.declaration ? each.declaration : each));
  const known = new Set(declared.flatMap(asyncNames));
  return {
    imports: [...new Set(specifiersOf(tree.program))],
    asyncExports: new Set(body.flatMap((each) => exportsOf(each, known))),
    reexports: body.flatMap(reexportsOf),
  };
};
