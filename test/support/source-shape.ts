/** Law 8, and what a reader is owed: sizes, forms of the language left out, words before what is exported. */
import ts from 'typescript';
import { perFile, type Rule } from './source-rule.ts';
import { descendants, hasModifier, isIn } from './source-tree.ts';

const fileLinesMax = 400;
const functionLinesMax = 70;
const columnsMax = 120;

const everywhere = (): boolean => true;

const shortFile = perFile(`a file has at most ${fileLinesMax} lines`, everywhere, ({ text }, report) => {
  const lines = text.replace(/\n$/, '').split('\n').length;
  if (lines > fileLinesMax) report(lines, `${lines} lines`);
});

const shortLine = perFile(`a line has at most ${columnsMax} characters`, everywhere, ({ text }, report) => {
  for (const [index, line] of text.split('\n').entries()) {
    if (line.length > columnsMax) report(index + 1, `${line.length} characters`);
  }
});

/** A `describe` is a chapter, not a function: tests are bounded by their file. */
const shortFunction = perFile(
  `a function has at most ${functionLinesMax} lines`,
  (path) => !path.endsWith('.test.ts'),
  ({ tree }, report) => {
    for (const each of descendants(tree)) {
      if (!ts.isFunctionLike(each) || !('body' in each) || each.body === undefined) continue;
      const first = tree.getLineAndCharacterOfPosition(each.getStart(tree)).line;
      const last = tree.getLineAndCharacterOfPosition(each.end).line;
      const lines = last - first + 1;
      if (lines > functionLinesMax) report(each, `${lines} lines`);
    }
  },
);

const noAny = perFile('no `any`', everywhere, ({ tree }, report) => {
  for (const each of descendants(tree)) if (each.kind === ts.SyntaxKind.AnyKeyword) report(each, '`any`');
});

const isNamedDefault = (node: ts.Node): boolean =>
  ts.isExportSpecifier(node) && node.name.text === 'default' && node.parent.parent.isTypeOnly === false;

const noDefault = perFile('no default export', everywhere, ({ tree }, report) => {
  for (const each of descendants(tree)) {
    if (ts.isExportAssignment(each) || each.kind === ts.SyntaxKind.DefaultKeyword || isNamedDefault(each)) {
      if (!ts.isDefaultClause(each.parent) && !ts.isDefaultClause(each)) report(each, 'a default export');
    }
  }
});

const plainForms = perFile('no enum, namespace, parameter property or decorator', everywhere, ({ tree }, report) => {
  for (const each of descendants(tree)) {
    if (ts.isEnumDeclaration(each)) report(each, 'an enum');
    if (ts.isModuleDeclaration(each) && (each.flags & ts.NodeFlags.Namespace) !== 0) report(each, 'a namespace');
    if (ts.isDecorator(each)) report(each, 'a decorator');
    if (ts.isParameter(each) && ts.isParameterPropertyDeclaration(each, each.parent)) {
      report(each, 'a parameter property');
    }
  }
});

const isExported = (node: ts.Node): boolean => hasModifier(node, ts.SyntaxKind.ExportKeyword);

/** `export const f = (…) => …`: the words stand before the statement. */
const holdsFunction = (statement: ts.VariableStatement): boolean =>
  statement.declarationList.declarations.some(
    ({ initializer }) =>
      initializer !== undefined && (ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer)),
  );

const nameOf = (statement: ts.Statement): string =>
  ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.map(({ name }) => name.getText()).join(', ')
    : ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)
      ? (statement.name?.text ?? 'it')
      : 'it';

/** Of a function's overloads the first carries the words. */
const isLaterOverload = (statement: ts.Statement, previous: ts.Statement | undefined): boolean =>
  previous !== undefined &&
  ts.isFunctionDeclaration(statement) &&
  ts.isFunctionDeclaration(previous) &&
  previous.name?.text === statement.name?.text;

const documented = perFile(
  'an exported function or class says what it does',
  (path) => isIn(path, 'ports', 'kernel', 'servers'),
  ({ tree }, report) => {
    for (const [index, statement] of tree.statements.entries()) {
      const owesWords =
        ts.isFunctionDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        (ts.isVariableStatement(statement) && holdsFunction(statement));
      if (!owesWords || !isExported(statement) || isLaterOverload(statement, tree.statements[index - 1])) continue;
      if (ts.getJSDocCommentsAndTags(statement).length === 0)
        report(statement, `${nameOf(statement)} has no doc comment`);
    }
  },
);

export const shapeRules: readonly Rule[] = [
  shortFile,
  shortLine,
  shortFunction,
  noAny,
  noDefault,
  plainForms,
  documented,
];
