/**
 * From text to a tree without types. What cannot be parsed, or is too large for the passes after this one, ends
 * here.
 */
import { type PluginTarget, parseSync, type TransformOptions, types as t, transformFromAstSync } from '@babel/core';
// @ts-expect-error The package comes without declarations.
import typescript from '@babel/plugin-transform-typescript';
import { FUNCTIONS_MAX, SOURCE_CHARS_MAX, TREE_DEPTH_MAX } from './limits.ts';
import { ProgramError, type SourcePlace } from './program-error.ts';
import { forEachChild } from './tree.ts';

type Syntax = 'typescript' | 'decorators' | 'decoratorAutoAccessors' | 'explicitResourceManagement';

const syntax: readonly Syntax[] = [
  'typescript',
  'decorators', // only to be refused by their name
  'decoratorAutoAccessors', // likewise
  'explicitResourceManagement', // likewise
];

/** No configuration of the user's own Babel has a say in what a program means. */
const settings = (file: string) =>
  ({
    filename: file,
    configFile: false,
    babelrc: false,
    sourceType: 'module',
    parserOpts: { plugins: [...syntax] },
  }) satisfies TransformOptions;

const tooLarge = (file: string, place: SourcePlace, problem: string): ProgramError =>
  new ProgramError('R121', file, place, problem, 'split the module into several smaller ones');

const placeAt = (source: string, offset: number): SourcePlace => {
  const before = source.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
};

/** Where the parser's stack ends: no shorter beginning of the source exhausts it. */
const overflowAt = (source: string, file: string): SourcePlace => {
  let fits = 0;
  let overflows = source.length;
  while (overflows - fits > 1) {
    const middle = (fits + overflows) >>> 1;
    try {
      parseSync(source.slice(0, middle), settings(file));
      fits = middle;
    } catch (error) {
      if (error instanceof RangeError) overflows = middle;
      else fits = middle;
    }
  }
  return placeAt(source, fits);
};

const isLocated = (error: unknown): error is Error & { loc: SourcePlace } =>
  error instanceof Error && typeof (error as { loc?: unknown }).loc === 'object';

/**
 * Babel's own text names the file and the place, and shows the line; we have the former and editors show the
 * latter.
 */
const bare = (message: string): string =>
  (message.split('\n')[0] ?? '').replace(/^.*?: (?=[A-Z'"`])/, '').replace(/\.? \(\d+:\d+\)$/, '');

const unparsed = (error: unknown, source: string, file: string): Error => {
  if (error instanceof RangeError) return tooLarge(file, overflowAt(source, file), 'it is nested too deep');
  if (!(error instanceof Error)) return new TypeError(`${file}: ${String(error)}`);
  const loc = isLocated(error) ? error.loc : { line: 1, column: 0 };
  const place = { line: loc.line, column: loc.column + 1 };
  return new ProgramError('R100', file, place, bare(error.message), 'correct the syntax here');
};

/** The place of a node in the source. */
export const placeOf = (node: t.Node): SourcePlace => ({
  line: node.loc?.start.line ?? 1,
  column: (node.loc?.start.column ?? 0) + 1,
});

/** Looks at the size of the tree before anything recurses into it. Itself it does not recurse. */
const measure = (root: t.File, file: string): void => {
  const pending: { node: t.Node; depth: number }[] = [{ node: root, depth: 0 }];
  let functions = 0;
  for (let each = pending.pop(); each !== undefined; each = pending.pop()) {
    const { node, depth } = each;
    if (depth > TREE_DEPTH_MAX) {
      throw tooLarge(file, placeOf(node), `it is nested more than ${TREE_DEPTH_MAX} levels deep`);
    }
    if (t.isFunction(node)) functions += 1;
    if (functions > FUNCTIONS_MAX) throw tooLarge(file, placeOf(node), `it has more than ${FUNCTIONS_MAX} functions`);
    const children: t.Node[] = [];
    forEachChild(node, (child) => children.push(child));
    for (const child of children.reverse()) pending.push({ node: child, depth: depth + 1 });
  }
};

/** Forms of TypeScript that are more than types, and that this compiler does not take. */
const refuseForms = (root: t.File, file: string): void => {
  const look = (node: t.Node): void => {
    if (node.type === 'Decorator') {
      throw new ProgramError('R122', file, placeOf(node), 'a decorator', 'call the function where it is needed');
    }
    if (node.type === 'TSModuleDeclaration' && node.declare !== true) {
      throw new ProgramError('R122', file, placeOf(node), 'a namespace', 'write a module of its own');
    }
    if (node.type === 'TSImportEqualsDeclaration' || node.type === 'TSExportAssignment') {
      throw new ProgramError('R122', file, placeOf(node), 'a CommonJS form', 'write import and export');
    }
    forEachChild(node, look);
  };
  look(root);
};

/** The plugin is CommonJS: whether its function is the module or the module's `default` depends on who loads it. */
const typescriptPlugin = ((typescript as { default?: PluginTarget }).default ?? typescript) as PluginTarget;

/** `const` enums that stay in the module become plain objects; others are inlined. */
const withoutTypes = (tree: t.File, source: string, file: string): t.File => {
  const plugins = [[typescriptPlugin, { optimizeConstEnums: true, allowDeclareFields: true }]] as [
    PluginTarget,
    object,
  ][];
  const options = { ...settings(file), plugins, ast: true, code: false, cloneInputAst: false };
  const stripped = transformFromAstSync(tree, source, options)?.ast;
  if (!stripped) throw new TypeError(`${file}: Babel answered no tree`);
  // Babel remembers the scopes of nodes it has seen; those of this tree, as it is now, are not what it remembers.
  return t.cloneNode(stripped, true) as t.File;
};

/**
 * Parses TypeScript or JavaScript and takes the types away; every node that came from the source keeps its place.
 *
 * Throws a `ProgramError`: R100 (does not parse), R121 (too large or too deep), R122 (decorators, namespaces,
 * CommonJS).
 */
export const parse = (source: string, file: string): t.File => {
  if (source.length > SOURCE_CHARS_MAX) {
    throw tooLarge(file, placeAt(source, SOURCE_CHARS_MAX), `it has more than ${SOURCE_CHARS_MAX} characters`);
  }
  let tree: t.File | null;
  try {
    tree = parseSync(source, settings(file)) as t.File | null;
  } catch (error) {
    throw unparsed(error, source, file);
  }
  if (tree === null) throw new TypeError(`${file}: Babel answered no tree`);
  measure(tree, file);
  refuseForms(tree, file);
  try {
    return withoutTypes(tree, source, file);
  } catch (error) {
    throw unparsed(error, source, file);
  }
};

/** A module of any kind, types and all; null if it is too large, or does not parse. */
export const parseLeniently = (source: string, file: string): t.File | null => {
  if (source.length > SOURCE_CHARS_MAX) return null;
  const plugins: TransformOptions['parserOpts'] = {
    plugins: [...syntax, ...(file.endsWith('x') ? ['jsx' as const] : [])],
  };
  try {
    return parseSync(source, { ...settings(file), parserOpts: plugins }) as t.File | null;
  } catch {
    return null;
  }
};
