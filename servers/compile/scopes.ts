/**
 * Which variable belongs to which scope, who captures it, and what it is called in compiled code.
 *
 * Three homes of a variable:
 * - *module level*: referred to by name everywhere, never captured;
 * - *record*: captured by a closure, so it lives in the environment record `$sN` of its scope (a plain object, a new
 * one each
 *   time the scope is entered);
 * - *local*: all others. In a resumable function the locals of all blocks become locals of one step function, hence
 * names that
 *   are unique within it.
 */
import { types as t } from '@babel/core';
import { boundIdentifiers, forEachChild, namesVariable, type Place } from './tree.ts';

export type FunctionKind = 'plain' | 'async' | 'generator' | 'async-generator';

export interface Variable {
  readonly name: string;
  readonly scope: Scope;
  readonly kind: 'param' | 'var' | 'lexical' | 'function' | 'catch' | 'self';
  /** Its name as a local, or the field of its record. */
  id: string;
  captured: boolean;
}

export interface Scope {
  /** The function, block, loop, switch or catch clause that opens it. */
  readonly node: t.Node;
  readonly parent: Scope | null;
  readonly owner: FunctionScope;
  readonly variables: Map<string, Variable>;
  /** The local that holds the record of this scope, if a closure captures one of its variables. */
  record: string | null;
}

export interface FunctionScope {
  readonly node: t.Function | t.Program;
  readonly kind: FunctionKind;
  readonly arrow: boolean;
  readonly parent: FunctionScope | null;
  /** Scopes outside of this function whose records it, or a function in it, needs. */
  readonly environment: Set<Scope>;
  /** It says `this`; of an arrow, somebody else's. */
  usesThis: boolean;
  /** It says `arguments` from within an arrow. */
  usesOuterArguments: t.Node | null;
  /** Names from outside that are used as they are, so no local may have them. */
  readonly foreign: Set<string>;
  readonly scopes: Scope[];
}

export interface Occurrence {
  readonly node: t.Identifier;
  readonly place: Place;
  readonly variable: Variable;
  readonly within: FunctionScope;
}

export interface Scopes {
  readonly program: FunctionScope;
  readonly functions: ReadonlyMap<t.Node, FunctionScope>;
  readonly scopeOf: ReadonlyMap<t.Node, Scope>;
  readonly occurrences: readonly Occurrence[];
}

/** Fields that an object has from birth: no local that may become a slot or field of a record has these names. */
const reserved: readonly string[] = [
  'constructor',
  '__proto__',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'arguments',
  'eval',
];

/** What kind of function it is, by its head. */
export const kindOf = (node: t.Node): FunctionKind => {
  if (!t.isFunction(node)) return 'plain';
  if (node.generator === true) return node.async === true ? 'async-generator' : 'generator';
  return node.async === true ? 'async' : 'plain';
};

class Analysis {
  readonly functions = new Map<t.Node, FunctionScope>();
  readonly scopeOf = new Map<t.Node, Scope>();
  readonly occurrences: Occurrence[] = [];

  open(node: t.Node, parent: Scope | null, owner: FunctionScope): Scope {
    const scope: Scope = { node, parent, owner, variables: new Map(), record: null };
    owner.scopes.push(scope);
    if (!this.scopeOf.has(node)) this.scopeOf.set(node, scope);
    return scope;
  }

  declare(scope: Scope, name: string, kind: Variable['kind']): void {
    if (!scope.variables.has(name)) scope.variables.set(name, { name, scope, kind, id: name, captured: false });
  }

  enterFunction(node: t.Function, outer: Scope): void {
    const fn: FunctionScope = {
      node,
      kind: kindOf(node),
      arrow: node.type === 'ArrowFunctionExpression',
      parent: outer.owner,
      environment: new Set(),
      usesThis: false,
      usesOuterArguments: null,
      foreign: new Set(),
      scopes: [],
    };
    this.functions.set(node, fn);
    let parent = outer;
    if (node.type === 'FunctionExpression' && node.id) {
      // Its own name is a scope around it, and belongs to whom the expression stands in.
      parent = this.open(node.id, outer, outer.owner);
      this.declare(parent, node.id.name, 'self');
      this.occur(node.id, { parent: node, key: 'id', index: null }, parent, fn.parent ?? fn);
    }
    const scope = this.open(node, parent, fn);
    for (const param of node.params) {
      for (const { name } of boundIdentifiers(param)) this.declare(scope, name, 'param');
    }
    if (node.body.type === 'BlockStatement') {
      this.hoistVars(node.body, scope);
      this.declareLexical(node.body.body, scope);
    }
    forEachChild(node, (child, place) => {
      if (place.key === 'id') return;
      if (child === node.body && child.type === 'BlockStatement') {
        this.scopeOf.set(child, scope);
        forEachChild(child, (each, where) => this.visit(each, where, scope));
      } else this.visit(child, place, scope);
    });
  }

  hoistVars(node: t.Node, scope: Scope): void {
    forEachChild(node, (child) => {
      if (t.isFunction(child) || t.isClass(child)) return;
      if (child.type === 'VariableDeclaration' && child.kind === 'var') {
        for (const { id } of child.declarations) {
          for (const { name } of boundIdentifiers(id)) this.declare(scope, name, 'var');
        }
      }
      this.hoistVars(child, scope);
    });
  }

  declareLexical(statements: readonly t.Node[], scope: Scope): void {
    for (const each of statements) {
      const inner =
        (each.type === 'ExportNamedDeclaration' || each.type === 'ExportDefaultDeclaration') && each.declaration
          ? each.declaration
          : each;
      if (inner.type === 'VariableDeclaration') this.declareHead(inner, scope);
      else if (inner.type === 'FunctionDeclaration' && inner.id) this.declare(scope, inner.id.name, 'function');
      else if (inner.type === 'ClassDeclaration' && inner.id) this.declare(scope, inner.id.name, 'lexical');
      else if (inner.type === 'ImportDeclaration') {
        for (const { local } of inner.specifiers) this.declare(scope, local.name, 'lexical');
      }
    }
  }

  declareHead(head: t.Node | null | undefined, scope: Scope): void {
    if (head?.type !== 'VariableDeclaration' || head.kind === 'var') return;
    for (const { id } of head.declarations) {
      for (const { name } of boundIdentifiers(id)) this.declare(scope, name, 'lexical');
    }
  }

  /** The scope that `node` opens for what is in it, or the one it stands in. */
  enterBlock(node: t.Node, scope: Scope): Scope {
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock': {
        const inner = this.open(node, scope, scope.owner);
        this.declareLexical(node.body, inner);
        return inner;
      }
      case 'ForStatement': {
        const inner = this.open(node, scope, scope.owner);
        this.declareHead(node.init, inner);
        return inner;
      }
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = this.open(node, scope, scope.owner);
        this.declareHead(node.left, inner);
        return inner;
      }
      case 'SwitchStatement': {
        const inner = this.open(node, scope, scope.owner);
        for (const each of node.cases) this.declareLexical(each.consequent, inner);
        return inner;
      }
      case 'CatchClause': {
        const inner = this.open(node, scope, scope.owner);
        if (node.param) for (const { name } of boundIdentifiers(node.param)) this.declare(inner, name, 'catch');
        return inner;
      }
      default:
        return scope;
    }
  }

  visit(node: t.Node, place: Place, scope: Scope): void {
    if (node.type === 'Identifier') {
      if (namesVariable(place)) this.occur(node, place, scope, scope.owner);
      return;
    }
    if (node.type === 'ThisExpression') this.seeThis(scope.owner);
    if (t.isFunction(node)) {
      if (node.type === 'FunctionDeclaration' && node.id) {
        this.occur(node.id, { parent: node, key: 'id', index: null }, scope, scope.owner);
      }
      this.enterFunction(node, scope);
      return;
    }
    const inner = this.enterBlock(node, scope);
    forEachChild(node, (child, where) => this.visit(child, where, inner));
  }

  seeThis(fn: FunctionScope): void {
    let each = fn;
    each.usesThis = true;
    while (each.arrow && each.parent) {
      each = each.parent;
      each.usesThis = true;
    }
  }

  occur(node: t.Identifier, place: Place, from: Scope, within: FunctionScope): void {
    let scope: Scope | null = from;
    while (scope !== null && !scope.variables.has(node.name)) scope = scope.parent;
    const variable = scope?.variables.get(node.name);
    if (variable === undefined || variable.scope.node.type === 'Program') {
      if (node.name === 'arguments' && variable === undefined && within.arrow) within.usesOuterArguments = node;
      for (let fn: FunctionScope | null = within; fn !== null; fn = fn.parent) fn.foreign.add(node.name);
      if (variable === undefined) return;
    }
    this.occurrences.push({ node, place, variable, within });
    const home = variable.scope;
    if (home.node.type === 'Program' || home.owner === within) return;
    variable.captured = true;
    for (let fn: FunctionScope | null = within; fn !== null && fn !== home.owner; fn = fn.parent) {
      fn.environment.add(home);
    }
  }
}

/** Unique names for the locals of a resumable function, outermost first: they all live in one step function. */
const nameLocals = (fn: FunctionScope): void => {
  const taken = new Set([...fn.foreign, ...reserved]);
  for (const { variables } of fn.scopes) {
    for (const variable of variables.values()) {
      if (variable.captured) continue;
      let id = variable.name;
      for (let suffix = 1; taken.has(id); suffix++) id = `${variable.name}$${suffix}`;
      taken.add(id);
      variable.id = id;
    }
  }
};

const nameRecords = (analysis: Analysis, program: FunctionScope): void => {
  let count = 0;
  for (const fn of [program, ...analysis.functions.values()]) {
    for (const scope of fn.scopes) {
      const captured = [...scope.variables.values()].filter((variable) => variable.captured);
      if (captured.length === 0) continue;
      scope.record = `$s${++count}`;
      for (const variable of captured) {
        if (reserved.includes(variable.name)) variable.id = `${variable.name}$1`;
      }
    }
  }
};

/**
 * Analyses a module: its scopes, every occurrence of a variable, captures, and the names of locals and records. The
 * tree is not changed.
 */
export const analyseScopes = (program: t.Program): Scopes => {
  const analysis = new Analysis();
  const top: FunctionScope = {
    node: program,
    kind: 'plain',
    arrow: false,
    parent: null,
    environment: new Set(),
    usesThis: false,
    usesOuterArguments: null,
    foreign: new Set(),
    scopes: [],
  };
  const scope = analysis.open(program, null, top);
  analysis.hoistVars(program, scope);
  analysis.declareLexical(program.body, scope);
  forEachChild(program, (child, place) => analysis.visit(child, place, scope));
  for (const fn of analysis.functions.values()) if (fn.kind !== 'plain') nameLocals(fn);
  nameRecords(analysis, top);
  return {
    program: top,
    functions: analysis.functions,
    scopeOf: analysis.scopeOf,
    occurrences: analysis.occurrences,
  };
};
