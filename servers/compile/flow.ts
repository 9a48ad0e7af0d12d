/**
 * From statements to blocks. A statement that cannot suspend stays whole; jumps out of it become exits. Only
 * statements with a suspension in them are taken apart. Runs on bodies in normal form, after `records`, `closures`
 * and `budget`, so no function is left in them and every local has a name of its own.
 */
import { types as t } from '@babel/core';
import type { Block, End, Exit, Flow } from './blocks.ts';
import { reachable, threadJumps } from './blocks.ts';
import { type Jumps, rewriteJumps } from './jumps.ts';
import type { FunctionKind } from './scopes.ts';
import { assign, at, boundIdentifiers, nothing, suspendingNodes } from './tree.ts';

/** What `break` and `continue` reach, innermost last. */
interface Target {
  readonly labels: readonly string[];
  readonly onBreak: Block;
  /** Null: a labelled block, which a plain `break` passes by. */
  readonly onContinue: Block | null;
  readonly isLoop: boolean;
  readonly finals: number;
}

/** A finally block that stands between here and the outside. */
interface Final {
  readonly entry: Block;
  /** 0 goes on, 1 throws, 2 returns, 3 and up: the jumps, in order. */
  readonly completion: string;
  readonly value: string;
  readonly jumps: { readonly to: Block; readonly finals: number }[];
  returns: boolean;
}

const throws = 1;
const returns = 2;
const firstJump = 3;

/** The local in which the step's catch leaves an exception for the handler's first statement. */
export const thrownName = '$x';

const number = (value: number): t.NumericLiteral => t.numericLiteral(value);
const name = (id: string): t.Identifier => t.identifier(id);

class Builder implements Jumps {
  readonly blocks: Block[] = [];
  readonly locals: Set<string>;
  private readonly kind: FunctionKind;
  /** What of the body suspends: asked of every statement, so it is found out once. */
  private readonly suspending: ReadonlySet<t.Node>;
  private handler: Block | null = null;
  private current: Block;
  private targets: Target[] = [];
  private finals: Final[] = [];
  private tries = 0;

  constructor(body: t.BlockStatement, kind: FunctionKind, locals: Iterable<string>) {
    this.kind = kind;
    this.suspending = suspendingNodes(body);
    this.locals = new Set(locals);
    this.current = this.start(this.make());
  }

  // Blocks

  private make(handler: Block | null = this.handler): Block {
    return { handler, items: [], end: { kind: 'none' }, resumes: null };
  }

  /** Makes `block` the one that is written to, and the next in order. */
  private start(block: Block): Block {
    this.blocks.push(block);
    this.current = block;
    return block;
  }

  private close(end: End): void {
    if (this.current.end.kind === 'none') this.current.end = end;
  }

  private goto(to: Block): void {
    this.close({ kind: 'goto', to });
  }

  private add(node: t.Statement, exits: readonly Exit[] = []): void {
    this.current.items.push({ node, exits });
  }

  /** Ends the current block by a jump that may pass through finally blocks. */
  private leaveBy(exit: Exit | null, statement: t.Statement): void {
    this.add(statement, exit === null ? [] : [exit]);
    this.start(this.make());
  }

  // Jumps: what a `return`, `break` or `continue` means here

  private exit(sets: readonly t.Statement[], to: Block, origin: t.Node): [t.BlockStatement, Exit] {
    const place = at(t.blockStatement([]), origin);
    return [place, { at: place, sets, to }];
  }

  private passing(to: Block, finals: number, origin: t.Node): [t.BlockStatement, Exit] {
    const final = this.finals.at(-1);
    if (final === undefined || this.finals.length <= finals) return this.exit([], to, origin);
    let index = final.jumps.findIndex((each) => each.to === to && each.finals === finals);
    if (index < 0) index = final.jumps.push({ to, finals }) - 1;
    return this.exit(this.completing(final, firstJump + index), final.entry, origin);
  }

  /** Enters a finally block with something that has no value: an old one must not stay alive. */
  private completing(final: Final, completion: number): t.Statement[] {
    return [assign(name(final.completion), number(completion)), assign(name(final.value), nothing())];
  }

  returning(value: t.Expression | null, origin: t.Node): [t.Statement, Exit | null] {
    const final = this.finals.at(-1);
    if (final === undefined) {
      const ended = assign(t.memberExpression(t.thisExpression(), name('$n')), number(-1));
      return [at(t.blockStatement([ended, at(t.returnStatement(value), origin)]), origin), null];
    }
    final.returns = true;
    const sets = [
      at(assign(name(final.value), value ?? nothing()), origin),
      assign(name(final.completion), number(returns)),
    ];
    return this.exit(sets, final.entry, origin);
  }

  breaking(label: string | null, origin: t.Node): [t.Statement, Exit | null] {
    const target = this.targets.findLast((each) => (label === null ? each.isLoop : each.labels.includes(label)));
    if (target === undefined) throw new TypeError(`break ${label ?? ''} has no target`);
    return this.passing(target.onBreak, target.finals, origin);
  }

  continuing(label: string | null, origin: t.Node): [t.Statement, Exit | null] {
    const target = this.targets.findLast(
      (each) => each.onContinue !== null && (label === null || each.labels.includes(label)),
    );
    if (!target?.onContinue) throw new TypeError(`continue ${label ?? ''} has no target`);
    return this.passing(target.onContinue, target.finals, origin);
  }

  // Statements

  list(statements: readonly t.Statement[]): void {
    for (const each of statements) this.statement(each, []);
  }

  private statement(node: t.Statement, labels: readonly string[]): void {
    if (node.type === 'VariableDeclaration') return this.declaration(node);
    if (node.type === 'EmptyStatement') return;
    if (!this.suspending.has(node)) return this.whole(node, labels);
    switch (node.type) {
      case 'ExpressionStatement':
        return this.suspension(node.expression, node);
      case 'BlockStatement':
        return this.labelled(labels, () => this.list(node.body));
      case 'LabeledStatement':
        return this.statement(node.body, [...labels, node.label.name]);
      case 'IfStatement':
        return this.labelled(labels, () => this.conditional(node));
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'ForStatement':
        return this.loop(node, labels);
      case 'TryStatement':
        return this.labelled(labels, () => this.tryStatement(node));
      default:
        throw new TypeError(`a ${node.type} with a suspension is not in normal form`);
    }
  }

  /** A statement as it is, but for its jumps to the outside. */
  private whole(node: t.Statement, labels: readonly string[]): void {
    const holder = t.blockStatement([
      labels.reduceRight<t.Statement>((body, each) => {
        return at(t.labeledStatement(name(each), body), node);
      }, node),
    ]);
    const exits = rewriteJumps(holder, this);
    const [made] = holder.body;
    if (made === undefined) return;
    this.add(made, exits);
    const leaves = made !== node || node.type === 'ThrowStatement';
    if (leaves && ['ReturnStatement', 'BreakStatement', 'ContinueStatement', 'ThrowStatement'].includes(node.type)) {
      this.start(this.make());
    }
  }

  private declaration(node: t.VariableDeclaration): void {
    for (const { id, init } of node.declarations) {
      for (const { name: each } of boundIdentifiers(id)) this.locals.add(each);
      if (init && this.suspending.has(init))
        this.suspension(t.assignmentExpression('=', id as t.Identifier, init), node);
      else if (init) this.add(at(assign(id as t.LVal, init), node));
      else if (node.kind !== 'var') this.add(at(assign(id as t.LVal, nothing()), node));
    }
  }

  /** `T = await E`, `await E`, `T = yield E`: ends a block; the next goes on with the value. */
  private suspension(expression: t.Expression, node: t.Statement): void {
    const isAssignment = expression.type === 'AssignmentExpression' && expression.operator === '=';
    const waits = isAssignment ? expression.right : expression;
    if (waits.type !== 'AwaitExpression' && waits.type !== 'YieldExpression') {
      throw new TypeError(`a suspension inside of a ${waits.type} is not in normal form`);
    }
    const then = this.make();
    then.resumes = waits;
    this.close({ kind: 'suspend', value: this.handedOut(waits), then, origin: waits });
    this.start(then);
    this.interrupted(waits);
    if (isAssignment) this.add(at(assign(expression.left as t.LVal, name('$value')), node));
  }

  private handedOut(waits: t.AwaitExpression | t.YieldExpression): t.Expression {
    const value = waits.argument ?? nothing();
    if (waits.type === 'AwaitExpression') return value;
    const call = (helper: string): t.Expression =>
      at(t.callExpression(t.memberExpression(name('$rt'), name(helper)), [value]), waits);
    if (waits.delegate) return call('delegate');
    return this.kind === 'async-generator' ? call('yielded') : value;
  }

  /** The frame may be entered to throw (1) or, in generators, to return (2). */
  private interrupted(waits: t.Node): void {
    const thrown = at(t.throwStatement(name('$value')), waits);
    const isInterrupted = t.binaryExpression('!==', name('$mode'), number(0));
    if (this.kind === 'async') return this.add(at(t.ifStatement(isInterrupted, thrown), waits));
    const [left, exit] = this.returning(name('$value'), waits);
    const isThrow = t.binaryExpression('===', name('$mode'), number(throws));
    const body = t.blockStatement([t.ifStatement(isThrow, thrown), left]);
    this.add(at(t.ifStatement(isInterrupted, body), waits), exit === null ? [] : [exit]);
  }

  private labelled(labels: readonly string[], inside: () => void): void {
    if (labels.length === 0) return inside();
    const after = this.make();
    this.targets.push({ labels, onBreak: after, onContinue: null, isLoop: false, finals: this.finals.length });
    inside();
    this.targets.pop();
    this.goto(after);
    this.start(after);
  }

  private conditional({ test, consequent, alternate }: t.IfStatement): void {
    const yes = this.make();
    const after = this.make();
    const no = alternate ? this.make() : after;
    this.close({ kind: 'branch', test, yes, no });
    this.start(yes);
    this.statement(consequent, []);
    this.goto(after);
    if (alternate) {
      this.start(no);
      this.statement(alternate, []);
      this.goto(after);
    }
    this.start(after);
  }

  private loop(node: t.WhileStatement | t.DoWhileStatement | t.ForStatement, labels: readonly string[]): void {
    if (node.type === 'ForStatement' && node.init) {
      const { init } = node;
      if (init.type === 'VariableDeclaration') this.declaration(init);
      else this.add(at(t.expressionStatement(init), init));
    }
    const isPosttest = node.type === 'DoWhileStatement';
    const body = this.make();
    const after = this.make();
    const head = isPosttest ? body : this.make();
    const again = isPosttest || (node.type === 'ForStatement' && node.update) ? this.make() : head;
    this.goto(head);
    if (!isPosttest) {
      this.start(head);
      this.test(node.test ?? null, body, after);
    }
    this.start(body);
    this.targets.push({ labels, onBreak: after, onContinue: again, isLoop: true, finals: this.finals.length });
    this.statement(node.body, []);
    this.targets.pop();
    if (again !== head) {
      this.goto(again);
      this.start(again);
      if (node.type === 'ForStatement' && node.update) this.add(at(t.expressionStatement(node.update), node.update));
    }
    if (isPosttest) this.test(node.test, body, after);
    else this.goto(head);
    this.start(after);
  }

  private test(test: t.Expression | null, yes: Block, no: Block): void {
    const always = test === null || (test.type === 'BooleanLiteral' && test.value);
    this.close(always ? { kind: 'goto', to: yes } : { kind: 'branch', test, yes, no });
  }

  // try

  private tryStatement(node: t.TryStatement): void {
    if (!node.finalizer) return this.guarded(node.block, node.handler ?? null, this.handler);
    this.tries += 1;
    const outer = this.handler;
    const entry = this.make(outer);
    const final: Final = {
      entry,
      completion: `$k${this.tries}`,
      value: `$w${this.tries}`,
      jumps: [],
      returns: false,
    };
    this.locals.add(final.completion).add(final.value);
    const thrown = this.make(outer);
    this.finals.push(final);
    this.handler = thrown;
    const begin = this.make();
    this.goto(begin);
    this.start(begin);
    if (node.handler) this.guarded(node.block, node.handler, thrown);
    else this.list(node.block.body);
    for (const each of this.completing(final, 0)) this.add(each);
    this.goto(entry);
    this.finals.pop();
    this.handler = outer;
    this.locals.add(thrownName);
    this.start(thrown);
    this.add(assign(name(final.value), name(thrownName)));
    this.add(assign(name(final.completion), number(throws)));
    this.goto(entry);
    this.start(entry);
    this.list(node.finalizer.body);
    this.dispatch(final, node.finalizer);
  }

  /** What follows a finally block: what was under way when it was entered. */
  private dispatch(final: Final, origin: t.Node): void {
    const when = (completion: number, then: t.Statement, exit: Exit | null): void => {
      const test = t.binaryExpression('===', name(final.completion), number(completion));
      this.add(t.ifStatement(test, then), exit === null ? [] : [exit]);
    };
    when(throws, at(t.throwStatement(name(final.value)), origin), null);
    if (final.returns) when(returns, ...this.returning(name(final.value), origin));
    for (const [index, { to, finals }] of final.jumps.entries()) {
      when(firstJump + index, ...this.passing(to, finals, origin));
    }
  }

  /** `block` with a catch clause; `outer` handles what the clause throws. */
  private guarded(block: t.BlockStatement, clause: t.CatchClause | null, outer: Block | null): void {
    if (clause === null) return this.list(block.body);
    const caught = this.make(outer);
    const after = this.make(outer);
    this.handler = caught;
    const begin = this.make();
    this.goto(begin);
    this.start(begin);
    this.list(block.body);
    this.goto(after);
    this.handler = outer;
    this.locals.add(thrownName);
    this.start(caught);
    if (clause.param) {
      for (const { name: each } of boundIdentifiers(clause.param)) this.locals.add(each);
      this.add(at(assign(clause.param as t.LVal, name(thrownName)), clause.param));
    }
    this.list(clause.body.body);
    this.goto(after);
    this.start(after);
  }

  finish(): Flow {
    this.returnNothing();
    for (const block of this.blocks) threadJumps(block);
    return { blocks: reachable(this.blocks), locals: this.locals };
  }

  private returnNothing(): void {
    const [statement] = this.returning(null, t.emptyStatement());
    this.leaveBy(null, statement);
  }
}

/**
 * Takes the body of a resumable function apart. `given` are locals that it has from the start: parameters, records of
 * its environment, `$this`.
 */
export const buildFlow = (body: t.BlockStatement, kind: FunctionKind, given: Iterable<string>): Flow => {
  const builder = new Builder(body, kind, given);
  builder.list(body.body);
  return builder.finish();
};
