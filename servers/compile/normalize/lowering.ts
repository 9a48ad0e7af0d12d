/**
 * What the families of the normal form share. One `Lowering` is one function on its way into normal form:
 * statements go to `out` in the order in which they run; what an expression leaves behind is free of suspensions
 * and is to be evaluated right after them.
 */
import { types as t } from '@babel/core';
import { assign, at, forEachChild } from '../tree.ts';

export type ResumableKind = 'async' | 'generator' | 'async-generator';

/** The families call each other through this, so that their files need not import each other. */
export interface Families {
  /** Lowers an expression that suspends. */
  readonly expression: (lowering: Lowering, node: t.Expression) => t.Expression;
  /** Lowers a statement that suspends. */
  readonly statement: (lowering: Lowering, node: t.Statement, labels: readonly string[]) => void;
  /** Lowers `pattern = value` or, with a kind, its declaration. */
  readonly pattern: (lowering: Lowering, pattern: t.LVal, value: t.Expression, kind: PatternKind) => void;
}

/** How the variables of a pattern come about; null: they are assigned to. */
export type PatternKind = 'let' | 'const' | 'var' | null;

/** What the whole module knows of its variables. */
export interface Facts {
  /** Identifiers that read a variable which is never assigned again. */
  readonly steady: ReadonlySet<t.Node>;
  /** Names of properties that somebody assigns to somewhere in the module. */
  readonly assignedProperties: ReadonlySet<string>;
}

/** Names that only the compiler makes: nobody assigns to them between where they are set and where they are read. */
const ownName = /^\$(rt|[tp]\d+)$/;

const isSuspension = (node: t.Node): boolean =>
  node.type === 'AwaitExpression' ||
  node.type === 'YieldExpression' ||
  (node.type === 'ForOfStatement' && node.await === true);

/** The suspensions of one function, and everything above them. */
const suspending = (body: t.Node, kind: ResumableKind): Set<t.Node> => {
  const found = new Set<t.Node>();
  const look = (node: t.Node): boolean => {
    let suspends =
      isSuspension(node) || (kind === 'async-generator' && node.type === 'ReturnStatement' && !!node.argument);
    forEachChild(node, (child) => {
      if (!t.isFunction(child) && look(child)) suspends = true;
    });
    if (suspends) found.add(node);
    return suspends;
  };
  look(body);
  return found;
};

/** One function on its way into normal form; see the head of this file. */
export class Lowering {
  readonly kind: ResumableKind;
  readonly facts: Facts;
  out: t.Statement[] = [];
  private readonly families: Families;
  private readonly suspending: ReadonlySet<t.Node>;
  private temporaries = 0;
  private inUse = 0;
  private labels = 0;

  constructor(body: t.Node, kind: ResumableKind, facts: Facts, families: Families) {
    this.kind = kind;
    this.facts = facts;
    this.families = families;
    this.suspending = suspending(body, kind);
  }

  /** Whether a node of the source suspends, as itself or as a statement. What a family has made itself never does. */
  suspends(node: t.Node | null | undefined): boolean {
    if (node === null || node === undefined) return false;
    return this.suspending.has(node) || (node.type === 'ExpressionStatement' && this.suspending.has(node.expression));
  }

  /** A temporary that nobody uses now; it is free again after the statement that is being lowered. */
  temporary(origin?: t.Node | null): t.Identifier {
    this.inUse += 1;
    this.temporaries = Math.max(this.temporaries, this.inUse);
    return at(t.identifier(`$t${this.inUse}`), origin);
  }

  label(): t.Identifier {
    this.labels += 1;
    return t.identifier(`$l${this.labels}`);
  }

  emit(...statements: t.Statement[]): void {
    this.out.push(...statements);
  }

  /** `target = value;` */
  set(target: t.Identifier | t.MemberExpression, value: t.Expression, origin?: t.Node | null): void {
    this.emit(at(assign(copy(target), value), origin ?? value));
  }

  /** Keeps the value that `node` has now; what cannot change is left where it is. */
  keep(node: t.Expression): t.Expression {
    if (this.isSteady(node)) return node;
    const saved = this.temporary(node);
    this.set(saved, node);
    return saved;
  }

  /** Evaluating it later, or twice, makes no difference but for the identity of what it makes. */
  isSteady(node: t.Node): boolean {
    if (t.isFunction(node) || t.isLiteral(node)) {
      return node.type !== 'TemplateLiteral' || node.expressions.every((each) => t.isLiteral(each));
    }
    if (node.type === 'ThisExpression' || node.type === 'Super') return true;
    if (node.type === 'UnaryExpression') return node.operator === 'void' && t.isLiteral(node.argument);
    if (node.type === 'Identifier') {
      return node.name === 'undefined' || ownName.test(node.name) || this.facts.steady.has(node);
    }
    return false;
  }

  /** Lowers an expression if it suspends; if not, it stays as it is. */
  expression(node: t.Expression): t.Expression {
    return this.suspends(node) ? this.families.expression(this, node) : node;
  }

  /** Lowers a statement; temporaries that it takes are free after it. */
  statement(node: t.Statement, labels: readonly string[] = []): void {
    const before = this.inUse;
    if (this.suspends(node)) this.families.statement(this, node, labels);
    else this.emit(labels.reduceRight((body, each) => at(t.labeledStatement(t.identifier(each), body), node), node));
    this.inUse = before;
  }

  pattern(pattern: t.LVal, value: t.Expression, kind: PatternKind): void {
    this.families.pattern(this, pattern, value, kind);
  }

  /** What `inside` emits, as a block. */
  block(origin: t.Node | null | undefined, inside: () => void): t.BlockStatement {
    const outer = this.out;
    this.out = [];
    try {
      inside();
      return at(t.blockStatement(this.out), origin);
    } finally {
      this.out = outer;
    }
  }

  /** A statement as a block. */
  body(node: t.Statement): t.BlockStatement {
    return this.block(node, () => {
      if (node.type === 'BlockStatement') for (const each of node.body) this.statement(each);
      else this.statement(node);
    });
  }

  /** `let $t1, $t2;` for all that were ever taken; null if none was. */
  declarations(): t.VariableDeclaration | null {
    if (this.temporaries === 0) return null;
    const names = Array.from({ length: this.temporaries }, (_, index) => t.identifier(`$t${index + 1}`));
    return t.variableDeclaration(
      'let',
      names.map((each) => t.variableDeclarator(each)),
    );
  }
}

/** A node stands in one place of the tree only: another use gets a copy, with the same place in the source. */
export const copy = <N extends t.Node>(node: N): N => t.cloneNode(node, true, false);

/** Whether `node` is null or undefined. */
export const isNullish = (node: t.Expression): t.BinaryExpression =>
  at(t.binaryExpression('==', node, t.nullLiteral()), node);
