/** The sources of the project as parsed trees: what the laws of `test/architecture.test.ts` are read against. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One import, export-from, `import()` or type import, wherever it stands. */
export interface Import {
  readonly specifier: string;
  /** The file it names, from the root of the project; null for a package. */
  readonly target: string | null;
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export const folders = ['ports', 'kernel', 'servers', 'examples', 'test'] as const;
export type Folder = (typeof folders)[number];

/** The root of the project. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));

/** The number of the line a node begins on, comments before it not counted. */
export const lineOf = (tree: ts.SourceFile, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;

/** The declaration carries the word: `export`, `static`, `readonly`. */
export const hasModifier = (node: ts.Node, kind: ts.ModifierSyntaxKind): boolean =>
  ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);

/** Every node below, parents first. */
export function* descendants(node: ts.Node): Generator<ts.Node> {
  const pending: ts.Node[] = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    const children: ts.Node[] = [];
    ts.forEachChild(next, (child) => {
      children.push(child);
    });
    pending.push(...children.reverse());
  }
}

const specifierOf = (node: ts.Node): ts.Expression | undefined => {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
};

const importsOf = (path: string, tree: ts.SourceFile): readonly Import[] => {
  const imports: Import[] = [];
  for (const node of descendants(tree)) {
    const expression = specifierOf(node);
    if (expression === undefined || !ts.isStringLiteralLike(expression)) continue;
    const specifier = expression.text;
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null;
    imports.push({ specifier, target, line: lineOf(tree, node) });
  }
  return imports;
};

export const parse = (path: string, text: string): Source => {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  return { path, text, tree, imports: importsOf(path, tree) };
};

/** Paths of all TypeScript files, from the root of the project, in order. */
const sourcePaths = (): readonly string[] =>
  folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        posix.join(folder, name.replaceAll('\\', '/')),
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.includes('/node_modules/'))
    .sort();

export const readSources = (): readonly Source[] =>
  sourcePaths().map((path) => parse(path, readFileSync(join(root, path), 'utf8')));

/** Folders that owe the reader a page: the five, and each server. */
export const documentedFolders = (): readonly string[] => {
  const servers = join(root, 'servers');
  const each = existsSync(servers)
    ? readdirSync(servers, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `servers/${name}`)
    : [];
  return [...folders.filter((folder) => existsSync(join(root, folder))), ...each].sort();
};

/** `path` lies in one of `folders`; a file's own path counts as a folder of one. */
export const isIn = (path: string, ...places: readonly string[]): boolean =>
  places.some((place) => path === place || path.startsWith(`${place}/`));
