/** From blocks to the step function of a frame: states, cases, and the tables that go with them. */
import { types as t } from '@babel/core';
import type { Block, Flow } from './blocks.ts';
import { thrownName } from './flow.ts';
import { assignedIn, type Liveness } from './liveness.ts';
import { assign, at, declareLet, member } from './tree.ts';

/** A step function, and what the runtime wants to know of it. */
export interface Step {
  readonly method: t.ClassMethod;
  readonly slots: readonly string[];
  /** For each suspended state (and 0): indexes of the slots that are live. */
  readonly live: readonly (readonly number[])[];
  /** For each suspended state: line and column (from 1) of its `await` or `yield`. */
  readonly places: readonly (readonly [number, number])[];
  /** Handler of each state, 0 for none; null if no state has one. */
  readonly handlers: readonly number[] | null;
}

/** The label of the loop that runs the states. */
const driver = '$go';

const number = (value: number): t.NumericLiteral => t.numericLiteral(value);
const name = (id: string): t.Identifier => t.identifier(id);
const slot = (id: string): t.MemberExpression => t.memberExpression(t.thisExpression(), name(id));

/** Line and column of a node, both from 1; [0, 0] for what the compiler has made up. */
export const placeOf = (node: { readonly loc?: t.SourceLocation | null }): readonly [number, number] =>
  node.loc ? [node.loc.start.line, node.loc.start.column + 1] : [0, 0];

class Writer {
  private readonly flow: Flow;
  private readonly liveness: Liveness;
  private readonly tableName: string;
  private readonly given: ReadonlySet<string>;
  private readonly states = new Map<Block, number>();
  private readonly labelled = new Set<Block>();
  readonly slots: string[];

  constructor(flow: Flow, liveness: Liveness, given: ReadonlySet<string>, tableName: string) {
    this.flow = flow;
    this.liveness = liveness;
    this.given = given;
    this.tableName = tableName;
    this.findLabels();
    this.numberStates();
    const live = new Set(given);
    for (const { end } of flow.blocks) {
      if (end.kind === 'suspend') for (const each of liveness.liveAt(end.then)) live.add(each);
    }
    this.slots = [...live];
  }

  private nextOf(index: number): Block | undefined {
    return this.flow.blocks[index + 1];
  }

  /** Whether control goes from a block to the next in order without a word. */
  private fallsThrough(block: Block, to: Block, index: number): boolean {
    return this.nextOf(index) === to && to.resumes === null && block.handler === to.handler;
  }

  private findLabels(): void {
    for (const [index, block] of this.flow.blocks.entries()) {
      const { end, handler, items } = block;
      if (index === 0 || block.resumes !== null) this.labelled.add(block);
      if (handler !== null) this.labelled.add(handler);
      for (const { to } of items.flatMap(({ exits }) => exits)) this.labelled.add(to);
      if (end.kind === 'goto' && !this.fallsThrough(block, end.to, index)) this.labelled.add(end.to);
      if (end.kind !== 'branch') continue;
      for (const to of [end.yes, end.no]) if (!this.fallsThrough(block, to, index)) this.labelled.add(to);
    }
  }

  /** The entry is 0, suspended states come next, all others after. */
  private numberStates(): void {
    const rank = (block: Block, index: number): number => (index === 0 ? 0 : block.resumes !== null ? 1 : 2);
    const ranked = this.flow.blocks.map((block, index) => ({ block, rank: rank(block, index) }));
    ranked.sort((one, other) => one.rank - other.rank);
    for (const { block } of ranked) if (this.labelled.has(block)) this.states.set(block, this.states.size);
  }

  private state(block: Block): number {
    const state = this.states.get(block);
    if (state === undefined) throw new TypeError('a jump to a block without a state');
    return state;
  }

  private setState(to: Block): t.Statement {
    return assign(name('$n'), number(this.state(to)));
  }

  private jump(to: Block): t.Statement[] {
    return [this.setState(to), t.continueStatement(name(driver))];
  }

  private goto(block: Block, to: Block, index: number): t.Statement[] {
    if (this.fallsThrough(block, to, index)) return [];
    return this.nextOf(index) === to && to.resumes === null ? [this.setState(to)] : this.jump(to);
  }

  private end(block: Block, index: number): t.Statement[] {
    const { end } = block;
    if (end.kind === 'none') return [];
    if (end.kind === 'goto') return this.goto(block, end.to, index);
    if (end.kind === 'suspend') return this.suspend(block, end.value, end.then, end.origin);
    const { test, yes, no } = end;
    if (this.nextOf(index) === no && no !== yes) {
      return [at(t.ifStatement(test, t.blockStatement(this.jump(yes))), test), ...this.goto(block, no, index)];
    }
    const otherwise = at(t.unaryExpression('!', test), test);
    return [at(t.ifStatement(otherwise, t.blockStatement(this.jump(no))), test), ...this.goto(block, yes, index)];
  }

  private suspend(block: Block, value: t.Expression, then: Block, origin: t.Node): t.Statement[] {
    // All of it has the place of the suspension: a minifier makes one expression of it, and where that begins a
    // breakpoint of the line must be, not where the frame goes on.
    const saves = [...this.liveness.unsaved(block)].map((each) => at(assign(slot(each), name(each)), origin));
    const state = at(assign(slot('$n'), number(this.state(then))), origin);
    if (assignedIn(value, this.flow.locals).size === 0) return [...saves, state, at(t.returnStatement(value), origin)];
    // The value changes locals while it is computed, so it comes first.
    return [at(assign(name('$r'), value), origin), ...saves, state, t.returnStatement(name('$r'))];
  }

  /** What the frame holds for a state that is entered from outside. At the entry, other locals are undefined yet. */
  private held(block: Block): string[] {
    const isEntry = block === this.flow.blocks[0];
    return [...this.liveness.liveAt(block)].filter((each) => !isEntry || this.given.has(each));
  }

  private loads(block: Block): t.Statement[] {
    if (block !== this.flow.blocks[0] && block.resumes === null) return [];
    return this.held(block).map((each) => assign(name(each), slot(each)));
  }

  private cases(): t.SwitchCase[] {
    const cases: t.SwitchCase[] = [];
    for (const [index, block] of this.flow.blocks.entries()) {
      const body: t.Statement[] = this.loads(block);
      for (const { node, exits } of block.items) {
        for (const { at: place, sets, to } of exits) place.body = [...sets, ...this.jump(to)];
        body.push(node);
      }
      body.push(...this.end(block, index));
      const last = cases.at(-1);
      if (this.labelled.has(block)) cases.push(t.switchCase(number(this.state(block)), body));
      else last?.consequent.push(...body);
    }
    return cases;
  }

  handlers(): readonly number[] | null {
    const table = [...this.states.keys()].map((block) => (block.handler === null ? 0 : this.state(block.handler)));
    return table.some((each) => each !== 0) ? table : null;
  }

  method(): t.ClassMethod {
    const cases = this.cases();
    const states = t.labeledStatement(
      name(driver),
      t.forStatement(null, null, null, t.switchStatement(name('$n'), cases)),
    );
    const locals = [...this.flow.locals, '$r'].map((each) => [each] as const);
    const body = [
      declareLet(['$n', slot('$n')], ['$b', number(0)], ...locals),
      this.handlers() === null ? states : this.caught(states),
    ];
    return t.classMethod('method', name('$step'), [name('$mode'), name('$value')], t.blockStatement(body));
  }

  /** `for (;;) try { … } catch ($e) { if (($n = table[$n]) === 0) throw $e; $x = $e; }` */
  private caught(states: t.Statement): t.Statement {
    const look = t.assignmentExpression('=', name('$n'), t.memberExpression(name(this.tableName), name('$n'), true));
    const clause = t.catchClause(
      name('$e'),
      t.blockStatement([
        t.ifStatement(t.binaryExpression('===', look, number(0)), t.throwStatement(name('$e'))),
        assign(name(thrownName), name('$e')),
      ]),
    );
    return t.forStatement(null, null, null, t.blockStatement([t.tryStatement(t.blockStatement([states]), clause)]));
  }

  suspended(): { live: (readonly number[])[]; places: (readonly [number, number])[] } {
    const live: (readonly number[])[] = [];
    const places: (readonly [number, number])[] = [];
    for (const [block, state] of this.states) {
      if (state !== 0 && block.resumes === null) continue;
      const names = this.held(block);
      live[state] = this.slots.flatMap((each, index) => (names.includes(each) ? [index] : []));
      places[state] = block.resumes === null ? [0, 0] : placeOf(block.resumes);
    }
    return { live, places };
  }
}

/**
 * Writes the step function of `flow`. `given` are the slots that are filled at the call, `tableName` the module-level
 * name that the caller will give to the table of handlers, `place` where the function begins.
 */
export const writeStep = (
  flow: Flow,
  liveness: Liveness,
  given: ReadonlySet<string>,
  tableName: string,
  place: readonly [number, number],
): Step => {
  const writer = new Writer(flow, liveness, given, tableName);
  const { live, places } = writer.suspended();
  places[0] = place;
  return { method: writer.method(), slots: writer.slots, live, places, handlers: writer.handlers() };
};

/** `constructor() { super(); this.a = void 0; … }`: all slots from the start, so frames of a class have one shape. */
export const writeConstructor = (slots: readonly string[]): t.ClassMethod =>
  t.classMethod(
    'constructor',
    name('constructor'),
    [],
    t.blockStatement([
      t.expressionStatement(t.callExpression(t.super(), [])),
      ...slots.map((each) => assign(member(t.thisExpression(), each), t.unaryExpression('void', number(0)))),
    ]),
  );
