/**
 * Puts every variable where `scopes` says it lives. Afterwards no closure shares a local with anybody: what it needs
 * is reached through records (`$s1.total`). Declarations of captured variables become assignments; function
 * declarations in functions become assignments at the top of their block; `var` in resumable functions becomes `let`
 * at the top. The result is still an ordinary program that means the same.
 */
import { types as t } from '@babel/core';
import type { FunctionScope, Scope, Scopes, Variable } from './scopes.ts';
import { assign, at, boundIdentifiers, declareLet, forEachChild, member, nothing, type Place, putAt } from './tree.ts';

/** Whether a pattern has a target that is not a plain variable (any more). */
const hasMember = (pattern: t.Node): boolean => {
  switch (pattern.type) {
    case 'MemberExpression':
      return true;
    case 'ObjectPattern':
      return pattern.properties.some((each) => hasMember(each.type === 'RestElement' ? each.argument : each.value));
    case 'ArrayPattern':
      return pattern.elements.some((each) => each !== null && hasMember(each));
    case 'AssignmentPattern':
      return hasMember(pattern.left);
    case 'RestElement':
      return hasMember(pattern.argument);
    default:
      return false;
  }
};

/** Gives an identifier another name; `closures` and `emit` still find the one of the source. */
const rename = (node: t.Identifier, id: string): void => {
  node.extra = { ...node.extra, source: node.name };
  node.name = id;
};

const recordOf = ({ scope }: Variable): t.Identifier => t.identifier(scope.record ?? '');

const isSimple = (param: t.Node): boolean =>
  param.type === 'Identifier' || (param.type === 'RestElement' && param.argument.type === 'Identifier');

class Placing {
  private readonly scopes: Scopes;
  private readonly variables = new Map<t.Node, Variable>();
  private readonly hoisted = new Map<Scope, t.Statement[]>();
  /** Blocks made here around one loop or switch: a label of it belongs inside. */
  private readonly wrappers = new WeakSet<t.Node>();
  private fn: FunctionScope;
  private temporaries = 0;

  constructor(scopes: Scopes) {
    this.scopes = scopes;
    this.fn = scopes.program;
    for (const { node, variable } of scopes.occurrences) this.variables.set(node, variable);
  }

  /** Every mention of a variable gets its new name, or becomes a field of its record. */
  renameOccurrences(): void {
    const params = this.plainParameters();
    for (const { node, place, variable } of this.scopes.occurrences) {
      if (place.key === 'id' && (t.isFunction(place.parent) || t.isClass(place.parent))) continue;
      if (!variable.captured) {
        if (node.name !== variable.id) rename(node, variable.id);
      } else if (!params.has(node)) {
        const field = at(member(recordOf(variable), variable.id), node);
        this.replace(place, field);
      }
    }
  }

  private replace(place: Place, field: t.MemberExpression): void {
    const { parent, key } = place;
    // A call through the record must not make it `this`.
    const isCallee =
      (key === 'callee' && (parent.type === 'CallExpression' || parent.type === 'OptionalCallExpression')) ||
      (key === 'tag' && parent.type === 'TaggedTemplateExpression');
    putAt(place, isCallee ? at(t.sequenceExpression([t.numericLiteral(0), field]), field) : field);
    if (parent.type === 'ObjectProperty') parent.shorthand = false;
  }

  /** Parameters that stay parameters; those of functions with patterns and captures are taken apart in the body. */
  private plainParameters(): Set<t.Node> {
    const plain = new Set<t.Node>();
    for (const { node } of this.scopes.functions.values()) {
      if (!t.isFunction(node) || !node.params.every(isSimple)) continue;
      for (const param of node.params) for (const each of boundIdentifiers(param)) plain.add(each);
    }
    return plain;
  }

  private temporary(): string {
    this.temporaries += 1;
    return `$v${this.temporaries}`;
  }

  private get resumable(): boolean {
    return this.fn.kind !== 'plain';
  }

  /** What a scope begins with: its record, then the functions declared in it. */
  private prologue(scope: Scope | undefined, fields: ReadonlyMap<string, string> = new Map()): t.Statement[] {
    if (scope === undefined) return [];
    const statements: t.Statement[] = [];
    if (scope.record !== null) {
      const captured = [...scope.variables.values()].filter((variable) => variable.captured);
      const record = t.objectExpression(
        captured.map(({ id, name }) => {
          const value = fields.get(name);
          return t.objectProperty(t.identifier(id), value === undefined ? nothing() : t.identifier(value));
        }),
      );
      statements.push(declareLet([scope.record, record]));
    }
    return [...statements, ...(this.hoisted.get(scope) ?? [])];
  }

  statements(list: readonly t.Statement[]): t.Statement[] {
    return list.flatMap((each) => this.statement(each));
  }

  private statement(node: t.Statement): t.Statement[] {
    switch (node.type) {
      case 'VariableDeclaration':
        this.inside(node);
        return this.split(node);
      case 'FunctionDeclaration':
        return this.hoist(node);
      case 'BlockStatement':
        this.block(node);
        return [node];
      case 'ForStatement':
        return [this.forStatement(node)];
      case 'ForInStatement':
      case 'ForOfStatement':
        this.forEach(node);
        return [node];
      case 'SwitchStatement':
        this.inside(node);
        return [this.wrap(this.prologue(this.scopes.scopeOf.get(node)), node)];
      case 'LabeledStatement':
        return [this.labeled(node)];
      default:
        this.inside(node);
        return [node];
    }
  }

  private wrap(before: readonly t.Statement[], node: t.Statement): t.Statement {
    if (before.length === 0) return node;
    const block = t.blockStatement([...before, node]);
    this.wrappers.add(block);
    return block;
  }

  private labeled(node: t.LabeledStatement): t.Statement {
    const body = this.one(node.body);
    node.body = body;
    if (body.type !== 'BlockStatement' || !this.wrappers.has(body)) return node;
    const inner = body.body.at(-1);
    if (inner === undefined) return node;
    node.body = inner;
    body.body[body.body.length - 1] = node;
    return body;
  }

  /** A statement where the grammar has room for one. */
  private one(node: t.Statement): t.Statement {
    const made = this.statement(node);
    const [first] = made;
    return made.length === 1 && first !== undefined ? first : t.blockStatement(made);
  }

  block(node: t.BlockStatement | t.StaticBlock): void {
    const body = this.statements(node.body);
    node.body = [...this.prologue(this.scopes.scopeOf.get(node)), ...body];
  }

  /** Everything below a node that is no statement list itself. */
  private inside(node: t.Node): void {
    forEachChild(node, (child, place) => {
      if (t.isFunction(child) && child.type !== 'FunctionDeclaration') this.functionBody(child);
      else if (child.type === 'CatchClause') this.catchClause(child);
      else if (child.type === 'SwitchCase') {
        if (child.test) this.inside(t.expressionStatement(child.test));
        child.consequent = this.statements(child.consequent);
      } else if (child.type === 'StaticBlock') this.block(child);
      else if (t.isStatement(child) && child.type !== 'ClassDeclaration') putAt(place, this.one(child));
      else this.inside(child);
    });
  }

  private split(node: t.VariableDeclaration): t.Statement[] {
    const dissolves = node.kind === 'var' && this.resumable;
    if (!dissolves && !node.declarations.some(({ id }) => hasMember(id))) return [node];
    return node.declarations.flatMap((each) => {
      if (!dissolves && !hasMember(each.id)) return [at(t.variableDeclaration(node.kind, [each]), node)];
      return this.spread(each.id, each.init, node, dissolves);
    });
  }

  /** `let` for what stays a local of this pattern, then the assignment. */
  private spread(
    pattern: t.Node,
    init: t.Expression | null | undefined,
    origin: t.Node,
    declared: boolean,
  ): t.Statement[] {
    const names = declared ? [] : boundIdentifiers(pattern).map(({ name }) => [name] as const);
    const statements: t.Statement[] = names.length > 0 ? [declareLet(...names)] : [];
    if (init) statements.push(at(assign(pattern as t.LVal, init), origin));
    return statements;
  }

  private hoist(node: t.FunctionDeclaration): t.Statement[] {
    const variable = node.id ? this.variables.get(node.id) : undefined;
    this.functionBody(node);
    if (variable === undefined || variable.scope.node.type === 'Program') return [node];
    const made = at(t.functionExpression(node.id, node.params, node.body, node.generator, node.async), node);
    const fn = this.scopes.functions.get(node);
    if (fn) (this.scopes.functions as Map<t.Node, FunctionScope>).set(made, fn);
    const statement = variable.captured
      ? assign(member(recordOf(variable), variable.id), made)
      : declareLet([variable.id, made]);
    const list = this.hoisted.get(variable.scope) ?? [];
    list.push(at(statement, node));
    this.hoisted.set(variable.scope, list);
    return [];
  }

  private forStatement(node: t.ForStatement): t.Statement {
    const { init } = node;
    if (init) this.inside(t.isExpression(init) ? t.expressionStatement(init) : init);
    if (node.test) this.inside(t.expressionStatement(node.test));
    if (node.update) this.inside(t.expressionStatement(node.update));
    node.body = this.one(node.body);
    if (init?.type !== 'VariableDeclaration') return node;
    const record = this.scopes.scopeOf.get(node)?.record ?? null;
    const before = this.split(init);
    if (record === null && before.length === 1 && before[0] === init) return node;
    node.init = null;
    if (record !== null) this.renewRecord(node, record);
    return this.wrap([...this.prologue(this.scopes.scopeOf.get(node)), ...before], node);
  }

  /** Each turn of the loop has variables of its own, which begin as those of the turn before ended. */
  private renewRecord(node: t.ForStatement, record: string): void {
    const variables = [...(this.scopes.scopeOf.get(node)?.variables.values() ?? [])];
    const copy = t.objectExpression(
      variables
        .filter(({ captured }) => captured)
        .map(({ id }) => t.objectProperty(t.identifier(id), member(record, id))),
    );
    const renewal = t.assignmentExpression('=', t.identifier(record), copy);
    node.update = node.update ? t.sequenceExpression([renewal, node.update]) : renewal;
  }

  private forEach(node: t.ForInStatement | t.ForOfStatement): void {
    this.inside(t.expressionStatement(node.right));
    node.body = this.one(node.body);
    const { left } = node;
    if (left.type !== 'VariableDeclaration') {
      this.inside(left);
      return;
    }
    const pattern = left.declarations[0]?.id;
    if (pattern === undefined) return;
    const dissolves = left.kind === 'var' && this.resumable;
    if (!dissolves && !hasMember(pattern)) return;
    const value = this.temporary();
    node.left = t.variableDeclaration('const', [t.variableDeclarator(t.identifier(value))]);
    node.body = t.blockStatement([
      ...this.prologue(this.scopes.scopeOf.get(node)),
      ...this.spreadVar(pattern, value, left, dissolves),
      node.body,
    ]);
  }

  private spreadVar(pattern: t.Node, value: string, left: t.VariableDeclaration, dissolves: boolean): t.Statement[] {
    const statements = this.spread(pattern, t.identifier(value), left, dissolves);
    const [first] = statements;
    if (left.kind === 'var' && first?.type === 'VariableDeclaration') first.kind = 'var';
    return statements;
  }

  private catchClause(node: t.CatchClause): void {
    this.block(node.body);
    const { param } = node;
    if (!param) return;
    if (!hasMember(param)) {
      this.inside(param);
      return;
    }
    const value = this.temporary();
    node.param = t.identifier(value);
    node.body.body.unshift(
      ...this.prologue(this.scopes.scopeOf.get(node)),
      ...this.spread(param, t.identifier(value), node, false),
    );
  }

  /** The inside of a function, which may be of any form. */
  functionBody(node: t.Function): void {
    const outer = this.fn;
    this.fn = this.scopes.functions.get(node) ?? outer;
    for (const param of node.params) this.inside(param);
    const scope = this.scopes.scopeOf.get(node);
    if (node.body.type === 'BlockStatement') {
      const body = this.statements(node.body.body);
      node.body.body = [...this.enter(node, scope), ...body];
    }
    this.fn = outer;
  }

  /** The record of parameters and function-level variables, and the `var`s of a resumable function. */
  private enter(node: t.Function, scope: Scope | undefined): t.Statement[] {
    if (scope === undefined) return [];
    const variables = [...scope.variables.values()];
    const vars = this.resumable ? variables.filter(({ kind, captured }) => kind === 'var' && !captured) : [];
    const declared = vars.length > 0 ? [declareLet(...vars.map(({ id }) => [id] as const))] : [];
    if (scope.record === null || node.params.every(isSimple)) {
      const params = variables.filter(({ kind, captured }) => kind === 'param' && captured);
      return [...this.prologue(scope, new Map(params.map(({ name }) => [name, name]))), ...declared];
    }
    const pattern = t.arrayPattern(node.params as unknown as t.PatternLike[]);
    node.params = [t.restElement(t.identifier('$args'))];
    return [...this.prologue(scope), ...this.spread(pattern, t.identifier('$args'), node, false), ...declared];
  }
}

/** Rewrites `program` in place so that captured variables live in records; `scopes` is its analysis. */
export const placeVariables = (program: t.Program, scopes: Scopes): void => {
  const placing = new Placing(scopes);
  placing.renameOccurrences();
  program.body = placing.statements(program.body);
};
