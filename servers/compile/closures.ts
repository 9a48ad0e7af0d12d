/**
 * Closure conversion: every function that is no binding of the module leaves its place and becomes a factory at
 * module level, called with what it needs (`$c1($s1, $this)`), so that a closure is a code number and values. Runs
 * after `records`.
 */
import { types as t } from '@babel/core';
import type { FunctionKind, FunctionScope, Scopes } from './scopes.ts';
import { forEachChild, nothing, type Place, putAt } from './tree.ts';

interface Unit {
  readonly node: t.Function;
  /** For people: what the source calls it, or where it is assigned. */
  readonly name: string;
  /** The name is the function's own, which programs can read. */
  readonly isGiven: boolean;
  readonly loc: t.SourceLocation | null;
}

export interface Closure extends Unit {
  readonly number: number;
  /** Parameters of its factory: records, then `$this`. */
  readonly environment: readonly string[];
  /** The record that its factory makes to hold it, so that a named function expression can speak of itself. */
  readonly self: Self | null;
}

interface Self {
  readonly record: string;
  readonly field: string;
}

export interface Resumable extends Unit {
  readonly number: number;
  readonly kind: Exclude<FunctionKind, 'plain'>;
  /** What it has of its factory's environment, in its frame from the start. */
  readonly environment: readonly string[];
  /** Its own `this` goes into the frame. */
  readonly ownThis: boolean;
}

export interface Converted {
  readonly closures: readonly Closure[];
  readonly resumables: readonly Resumable[];
}

/** What the source calls an identifier that the compiler may have renamed. */
const sourceName = ({ name, extra }: t.Identifier): string => {
  const source = extra?.['source'];
  return typeof source === 'string' ? source : name;
};

const keyName = (key: t.Node): string => {
  if (key.type === 'Identifier') return key.name;
  return key.type === 'StringLiteral' || key.type === 'NumericLiteral' ? String(key.value) : '';
};

const isRecordField = ({ object, computed }: t.MemberExpression): boolean =>
  !computed && object.type === 'Identifier' && /^\$s\d+$/.test(object.name);

/** The variable or property that a value at this place is put into. */
const targetAt = ({ parent, key }: Place): t.Node | null => {
  if (parent.type === 'VariableDeclarator') return parent.id;
  if ((parent.type === 'AssignmentExpression' || parent.type === 'AssignmentPattern') && key === 'right') {
    return parent.left;
  }
  const isProperty = parent.type === 'ObjectProperty' || parent.type === 'ClassProperty';
  return isProperty && key === 'value' && !parent.computed ? parent.key : null;
};

/** What a function is called: by the language, which then is its `name`, or only by people. */
const nameOf = (node: t.Function, place: Place): { name: string; isGiven: boolean } => {
  const named = (name: string, isGiven = true) => ({ name, isGiven: isGiven && name !== '' });
  if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') {
    if (node.id) return named(sourceName(node.id));
  }
  if (node.type === 'ObjectMethod' || node.type === 'ClassMethod') return named(keyName(node.key), !node.computed);
  const target = targetAt(place);
  if (target?.type === 'Identifier') return named(sourceName(target));
  if (target?.type !== 'MemberExpression') return named(target === null ? '' : keyName(target));
  return named(keyName(target.property), isRecordField(target));
};

class Conversion {
  readonly closures: Closure[] = [];
  readonly resumables: Resumable[] = [];
  private readonly scopes: Scopes;
  private readonly bound = new Set<t.Node>();

  constructor(program: t.Program, scopes: Scopes) {
    this.scopes = scopes;
    for (const each of program.body) this.bind(each);
  }

  /** Functions that the module's bindings name: they stay where they are. */
  private bind(statement: t.Statement): void {
    const isExport = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration';
    const inner = isExport ? statement.declaration : statement;
    if (!inner) return;
    if (t.isFunction(inner)) this.bound.add(inner);
    if (inner.type !== 'VariableDeclaration') return;
    for (const { id, init } of inner.declarations) {
      if (id.type === 'Identifier' && init && t.isFunction(init) && this.selfOf(init) === null) this.bound.add(init);
    }
  }

  private selfOf(node: t.Node): Self | null {
    if (node.type !== 'FunctionExpression' || !node.id) return null;
    const scope = this.scopes.scopeOf.get(node.id);
    const [variable] = scope?.variables.values() ?? [];
    return scope?.record && variable ? { record: scope.record, field: variable.id } : null;
  }

  /** How `fn` says the `this` that its arrows mean. */
  private thisOf(fn: FunctionScope): t.Expression {
    if (!fn.arrow) return fn.kind === 'plain' ? t.thisExpression() : t.identifier('$this');
    return this.bound.has(fn.node) ? nothing() : t.identifier('$this');
  }

  visit(node: t.Node, fn: FunctionScope): void {
    forEachChild(node, (child, place) => {
      if (child.type === 'ThisExpression') {
        const meant = this.thisOf(fn);
        if (meant.type !== 'ThisExpression') putAt(place, { ...meant, loc: child.loc ?? null } as t.Expression);
      } else if (t.isFunction(child)) this.convert(child, place, fn);
      else this.visit(child, fn);
    });
  }

  private convert(node: t.Function, place: Place, outer: FunctionScope): void {
    const fn = this.scopes.functions.get(node);
    if (fn === undefined) throw new TypeError(`a function (${node.type}) that the analysis of scopes has not seen`);
    this.visit(node, fn);
    const unit = { node, ...nameOf(node, place), loc: node.loc ?? null };
    if (this.bound.has(node) || node.type === 'ClassMethod' || node.type === 'ClassPrivateMethod') {
      this.addResumable(unit, fn, []);
      return;
    }
    const self = this.selfOf(node);
    const records = [...fn.environment].flatMap(({ record }) => (record === self?.record ? [] : (record ?? [])));
    records.sort((one, other) => Number(one.slice(2)) - Number(other.slice(2)));
    const environment = fn.arrow && fn.usesThis ? [...records, '$this'] : records;
    const made = this.expression(node);
    const number = this.closures.length + 1;
    this.closures.push({ ...unit, node: made, number, environment, self });
    this.addResumable({ ...unit, node: made }, fn, self === null ? environment : [...environment, self.record]);
    const values = environment.map((each) => (each === '$this' ? this.thisOf(outer) : t.identifier(each)));
    const call = t.callExpression(t.identifier(`$c${number}`), values);
    call.loc = node.loc ?? null;
    putAt(place, node.type === 'ObjectMethod' ? t.objectProperty(node.key as t.Expression, call, node.computed) : call);
  }

  /** The function as an expression that may stand in a factory. */
  private expression(node: t.Function): t.FunctionExpression | t.ArrowFunctionExpression {
    if (node.type === 'ArrowFunctionExpression') return node;
    const made = t.functionExpression(
      null,
      node.params as t.FunctionParameter[],
      node.body as t.BlockStatement,
      node.generator ?? false,
      node.async ?? false,
    );
    made.loc = node.loc ?? null;
    return made;
  }

  private addResumable(unit: Unit, fn: FunctionScope, environment: readonly string[]): void {
    if (fn.kind === 'plain') return;
    const number = this.resumables.length + 1;
    const ownThis = !fn.arrow && fn.usesThis;
    this.resumables.push({ ...unit, number, kind: fn.kind, environment, ownThis });
  }
}

/** Converts the closures of `program` in place, and lists what has to be emitted for them. */
export const convertClosures = (program: t.Program, scopes: Scopes): Converted => {
  const conversion = new Conversion(program, scopes);
  conversion.visit(program, scopes.program);
  return { closures: conversion.closures, resumables: conversion.resumables };
};
