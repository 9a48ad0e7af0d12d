/** The compiled module: runtime import, factories, frame classes, entries, and the table of the module's bindings. */
import { types as t } from '@babel/core';
import { countTurns } from './budget.ts';
import type { Closure, Converted, Resumable } from './closures.ts';
import { buildFlow } from './flow.ts';
import { analyseLiveness } from './liveness.ts';
import { placeOf, type Step, writeConstructor, writeStep } from './step.ts';
import { assign, at, boundIdentifiers, forEachChild, member } from './tree.ts';

/** What is written into the head of a compiled module. */
export interface ModuleHead {
  readonly id: string;
  readonly hash: string;
  readonly file: string;
  /** Specifier of the runtime. */
  readonly runtime: string;
  /** Specifiers of the imported modules that are programs, too. */
  readonly programs: readonly string[];
}

/** The agreement between compiler and runtime that compiled code keeps. */
export const abi = 1;

const name = (id: string): t.Identifier => t.identifier(id);

/** A plain value as a literal. */
const literal = (value: unknown): t.Expression => {
  if (typeof value === 'number') return t.numericLiteral(value);
  if (typeof value === 'string') return t.stringLiteral(value);
  if (Array.isArray(value)) return t.arrayExpression(value.map(literal));
  return t.objectExpression(
    Object.entries(value as object).map(([key, each]) => t.objectProperty(t.stringLiteral(key), literal(each))),
  );
};

const call = (object: string, method: string, ...values: t.Expression[]): t.CallExpression =>
  t.callExpression(member(object, method), values);

const constant = (id: string, value: t.Expression): t.Statement =>
  t.variableDeclaration('const', [t.variableDeclarator(name(id), value)]);

const usedNames = (program: t.Program): Set<string> => {
  const names = new Set<string>();
  const visit = (node: t.Node): void => {
    if (node.type === 'Identifier') names.add(node.name);
    forEachChild(node, visit);
  };
  visit(program);
  return names;
};

/** Where a unit stands, and how people know it. */
const describe = (unit: Closure | Resumable): { name: string; line: number; column: number } => {
  const [line, column] = placeOf(unit);
  return { name: unit.name, line, column };
};

class Emitter {
  private readonly taken: Set<string>;

  constructor(program: t.Program) {
    this.taken = usedNames(program);
  }

  private fresh(wanted: string): string {
    let id = wanted;
    for (let suffix = 1; this.taken.has(id); suffix++) id = `${wanted}${suffix}`;
    this.taken.add(id);
    return id;
  }

  /** The class of a resumable function and what is said about it; turns the function itself into its entry. */
  frame(unit: Resumable): t.Statement[] {
    const { node } = unit;
    const stem = /^[\w$]+$/.test(unit.name) && !/^\d/.test(unit.name) ? unit.name : 'anonymous';
    const className = this.fresh(`${stem}$F`);
    const tableName = this.fresh(`${stem}$H`);
    const params = node.params.flatMap((param) => boundIdentifiers(param).map((each) => each.name));
    const given = new Set([...unit.environment, ...(unit.ownThis ? ['$this'] : []), ...params]);
    const step = this.step(node, unit, given, tableName);
    this.entry(unit, className, params);
    const frameClass = t.classDeclaration(
      name(className),
      member('$rt', 'Frame'),
      t.classBody([writeConstructor(step.slots), at(step.method, node)]),
    );
    const { slots, live, places } = step;
    const meta = { ...describe(unit), kind: unit.kind, slots, live, places };
    const told = call('$m', 'frame', literal(unit.number), name(className), literal(meta));
    const table = step.handlers === null ? [] : [constant(tableName, literal(step.handlers))];
    return [...table, at(frameClass, node), t.expressionStatement(told)];
  }

  private step(node: t.Function, unit: Resumable, given: ReadonlySet<string>, tableName: string): Step {
    const body =
      node.body.type === 'BlockStatement' ? node.body : t.blockStatement([at(t.returnStatement(node.body), node.body)]);
    countTurns(body);
    const flow = buildFlow(body, unit.kind, given);
    return writeStep(flow, analyseLiveness(flow, given), given, tableName, placeOf(unit));
  }

  /** `const $f = new main$F(); $f.a = a; return $f;` */
  private entry({ node, kind, environment, ownThis }: Resumable, className: string, params: readonly string[]): void {
    const slots = [...environment, ...params].map((each) => assign(member('$f', each), name(each)));
    if (ownThis) slots.unshift(assign(member('$f', '$this'), t.thisExpression()));
    const helper = kind === 'generator' ? 'generator' : 'asyncGenerator';
    const made = kind === 'async' ? name('$f') : call('$rt', helper, name('$f'));
    node.body = t.blockStatement([
      constant('$f', t.newExpression(name(className), [])),
      ...slots,
      t.returnStatement(made),
    ]);
    node.async = false;
    node.generator = false;
    if (node.type === 'ArrowFunctionExpression') node.expression = false;
  }

  /** A function that the language names gets its name back: as a value in an object literal, which minifiers keep. */
  private named({ node, name: id, isGiven }: Closure): t.Expression {
    const made = node as t.ArrowFunctionExpression;
    if (!isGiven || id === '__proto__') return made;
    const key = t.isValidIdentifier(id, false) ? name(id) : literal(id);
    const holder = t.objectExpression([t.objectProperty(key, made)]);
    return t.memberExpression(holder, key, key.type !== 'Identifier');
  }

  private made(unit: Closure): t.Expression | t.BlockStatement {
    const { self } = unit;
    const made = this.named(unit);
    if (self === null) return made;
    const record = t.objectExpression([t.objectProperty(name(self.field), t.unaryExpression('void', literal(0)))]);
    const kept = t.assignmentExpression('=', member(self.record, self.field), made);
    return t.blockStatement([constant(self.record, record), t.returnStatement(kept)]);
  }

  closure(unit: Closure): t.Statement {
    const factory = t.arrowFunctionExpression(unit.environment.map(name), this.made(unit));
    const number = literal(unit.number);
    return at(constant(`$c${unit.number}`, call('$m', 'closure', number, factory, literal(describe(unit)))), unit.node);
  }
}

/** Names that the module's top level binds, with how each is said. */
const moduleBindings = (program: t.Program): string[] => {
  const names: string[] = [];
  for (const statement of program.body) {
    const isExport = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
    const inner = isExport ? statement.declaration : statement;
    if (inner?.type === 'VariableDeclaration') {
      for (const { id } of inner.declarations) names.push(...boundIdentifiers(id).map((each) => each.name));
    } else if ((inner?.type === 'FunctionDeclaration' || inner?.type === 'ClassDeclaration') && inner.id) {
      names.push(inner.id.name);
    } else if (inner?.type === 'ImportDeclaration') names.push(...inner.specifiers.map(({ local }) => local.name));
  }
  return names;
};

/** Gives `export default` of a function without a name one, so that it is a binding like others. */
export const nameDefaultExport = (program: t.Program): void => {
  program.body = program.body.flatMap((statement) => {
    if (statement.type !== 'ExportDefaultDeclaration') return [statement];
    const { declaration } = statement;
    if (declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration') {
      declaration.id ??= name('$default');
      return [statement];
    }
    if (!t.isExpression(declaration)) return [statement];
    statement.declaration = name('$default');
    return [at(constant('$default', declaration), statement), statement];
  });
};

const programImports = (specifiers: readonly string[]): { imports: t.Statement[]; modules: t.Expression[] } => {
  const imports = specifiers.map((specifier, index) =>
    t.importDeclaration(
      [t.importSpecifier(name(`$portolan$${index + 1}`), name('$portolan'))],
      t.stringLiteral(specifier),
    ),
  );
  return { imports, modules: specifiers.map((_, index) => name(`$portolan$${index + 1}`)) };
};

/** Turns `program`, whose closures have been converted, into the compiled module, in place. */
export const emitModule = (program: t.Program, converted: Converted, head: ModuleHead): void => {
  const emitter = new Emitter(program);
  const frames = converted.resumables.flatMap((unit) => emitter.frame(unit));
  const closures = converted.closures.map((unit) => emitter.closure(unit));
  const bindings = moduleBindings(program);
  const own = program.body.filter(({ type }) => type === 'ImportDeclaration');
  const rest = program.body.filter(({ type }) => type !== 'ImportDeclaration');
  const { imports, modules } = programImports(head.programs);
  const runtime = t.importDeclaration([t.importNamespaceSpecifier(name('$rt'))], t.stringLiteral(head.runtime));
  const { id, hash, file } = head;
  const thunks = bindings.map((each) =>
    t.objectProperty(t.stringLiteral(each), t.arrowFunctionExpression([], name(each))),
  );
  program.body = [
    runtime,
    ...(own as t.Statement[]),
    ...imports,
    constant('$m', call('$rt', 'module', literal({ abi, id, hash, file }))),
    ...(modules.length > 0 ? [t.expressionStatement(call('$m', 'uses', t.arrayExpression(modules)))] : []),
    ...closures,
    ...frames,
    ...rest,
    t.exportNamedDeclaration(null, [t.exportSpecifier(name('$m'), name('$portolan'))]),
    t.expressionStatement(call('$m', 'globals', t.objectExpression(thunks))),
  ];
};
