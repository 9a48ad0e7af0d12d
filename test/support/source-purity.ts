/** Laws 3 and 4: the core is synchronous and deterministic, and no module keeps state. */
import ts from 'typescript';
import { perFile, type Report, type Rule } from './source-rule.ts';
import { descendants, hasModifier, isIn, type Source } from './source-tree.ts';

const isCore = (path: string): boolean => isIn(path, 'ports', 'kernel', 'servers/net', 'servers/migration');
/** Samples of what the language has, to be looked at: they are never run (`kernel/resumable/lock`). */
const isSample = (path: string): boolean => path === 'kernel/resumable/lock/samples.ts';
const isSynchronous = (path: string): boolean => isCore(path) && path !== 'kernel/host-task.ts' && !isSample(path);
const isShipped = (path: string): boolean => isIn(path, 'ports', 'kernel', 'servers');

const promises = new Set(['Promise', 'PromiseLike']);
const timers = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const node = new Set(['process', 'Buffer', 'require', 'module', '__dirname', '__filename']);
const chance = new Set(['crypto', 'performance']);
/** Harmless objects with one member that is not. */
const members = new Set(['Date.now', 'Math.random', 'Atomics.wait', 'Atomics.waitAsync', 'Array.fromAsync']);

/** The name stands for the thing itself: not for a member, a key, or something declared here. */
const isReference = (id: ts.Identifier): boolean => {
  const { parent } = id;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === id;
  if (ts.isQualifiedName(parent)) return parent.left === id;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  return !('name' in parent && parent.name === id) && !('propertyName' in parent && parent.propertyName === id);
};

/** The file itself declares the name (a parameter called `process`): it means no global there. */
const declares = (source: Source): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const each of descendants(source.tree)) {
    const isDeclaration =
      ts.isVariableDeclaration(each) ||
      ts.isParameter(each) ||
      ts.isBindingElement(each) ||
      ts.isFunctionDeclaration(each) ||
      ts.isImportSpecifier(each) ||
      ts.isImportClause(each);
    if (isDeclaration && each.name !== undefined && ts.isIdentifier(each.name)) names.add(each.name.text);
  }
  return names;
};

const globalsOf = (source: Source, visit: (id: ts.Identifier) => void): void => {
  const own = declares(source);
  for (const each of descendants(source.tree)) {
    if (ts.isIdentifier(each) && isReference(each) && !own.has(each.text)) visit(each);
  }
};

/** What a program's types say of a kernel call; at run time there is none (`kernel/resumable/sys`). */
const typesPromise = (path: string): boolean => path === 'kernel/resumable/sys/promised.ts';

const noPromise = perFile('the core never waits', isSynchronous, (source, report) => {
  for (const each of descendants(source.tree)) {
    if (each.kind === ts.SyntaxKind.AwaitKeyword && !ts.isAwaitExpression(each.parent)) report(each, '`for await`');
    if (ts.isAwaitExpression(each)) report(each, '`await`');
    if (each.kind === ts.SyntaxKind.AsyncKeyword) report(each, '`async`');
    if (ts.isVariableDeclarationList(each) && (each.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing) {
      report(each, '`await using`');
    }
  }
  globalsOf(source, (id) => {
    if (promises.has(id.text) && !(typesPromise(source.path) && ts.isTypeReferenceNode(id.parent))) {
      report(id, `\`${id.text}\``);
    }
  });
});

/** `Date()`, or `new Date` of nothing. */
const readsClock = (id: ts.Identifier): boolean => {
  const { parent } = id;
  if (ts.isNewExpression(parent)) return parent.expression === id && !parent.arguments?.length;
  return ts.isCallExpression(parent) && parent.expression === id;
};

const noClock = perFile('the core has no clock, timer or chance of its own', isSynchronous, (source, report) => {
  globalsOf(source, (id) => {
    const { parent, text } = id;
    if (timers.has(text) || chance.has(text)) report(id, `\`${text}\``);
    if (ts.isPropertyAccessExpression(parent) && members.has(`${text}.${parent.name.text}`)) {
      report(id, `\`${text}.${parent.name.text}\``);
    }
    if (text === 'Date' && readsClock(id)) report(id, 'a Date of now');
  });
});

const noNode = perFile('the core knows nothing of Node', isCore, (source, report) => {
  for (const { specifier, line } of source.imports) {
    if (specifier.startsWith('node:')) report(line, `imports ${specifier}`);
  }
  globalsOf(source, (id) => {
    if (node.has(id.text)) report(id, `\`${id.text}\``);
  });
});

const mutableClasses = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array']);

const isReadonlyType = (type: ts.TypeNode | undefined): boolean => {
  if (type === undefined) return false;
  if (ts.isTypeOperatorNode(type)) return type.operator === ts.SyntaxKind.ReadonlyKeyword;
  return ts.isTypeReferenceNode(type) && /^Readonly/.test(type.typeName.getText());
};

/** The value can be filled later, and nothing in its type forbids it. */
const isMutable = (value: ts.Expression): boolean => {
  if (ts.isNewExpression(value)) return mutableClasses.has(value.expression.getText());
  return ts.isArrayLiteralExpression(value) || (ts.isObjectLiteralExpression(value) && value.properties.length === 0);
};

const moduleVariables = (list: ts.VariableDeclarationList, report: Report): void => {
  if ((list.flags & ts.NodeFlags.Const) === 0) report(list, 'a variable of the module');
  for (const { name, type, initializer } of list.declarations) {
    if (initializer !== undefined && isMutable(initializer) && !isReadonlyType(type)) {
      report(name, `${name.getText()} can be filled: say \`readonly\` in its type`);
    }
  }
};

const isStaticVariable = (member: ts.ClassElement): boolean =>
  ts.isPropertyDeclaration(member) &&
  hasModifier(member, ts.SyntaxKind.StaticKeyword) &&
  !hasModifier(member, ts.SyntaxKind.ReadonlyKeyword);

/** The register that says which fiber runs now: one `sys` serves all threads, and steps are called without a handle. */
const keepsState = (path: string): boolean => isShipped(path) && path !== 'kernel/resumable/register.ts';

const noModuleState = perFile('no mutable state at module level', keepsState, (source, report) => {
  for (const statement of source.tree.statements) {
    if (ts.isVariableStatement(statement)) moduleVariables(statement.declarationList, report);
    if (!ts.isClassDeclaration(statement)) continue;
    for (const member of statement.members) if (isStaticVariable(member)) report(member, 'a static variable');
  }
});

export const purityRules: readonly Rule[] = [noPromise, noClock, noNode, noModuleState];
