/**
 * Which locals are live at which suspension, and which of them the frame does not hold yet. Backward dataflow over
 * the blocks, exceptional edges included: whatever a handler reads is live at every point of the blocks it guards,
 * because an exception may come before any assignment has happened.
 */
import type { types as t } from '@babel/core';
import { type Block, type Exit, type Flow, successors } from './blocks.ts';
import { thrownName } from './flow.ts';
import { boundIdentifiers, forEachChild, namesVariable, type Place } from './tree.ts';

type Names = ReadonlySet<string>;

/** Effect of a statement: `uses` may be read before it writes them; `kills` are written on every way through it. */
interface Effect {
  readonly uses: Set<string>;
  readonly kills: Set<string>;
}

export interface Liveness {
  /** Locals that are live when a block is entered. */
  readonly liveAt: (block: Block) => Names;
  /** Locals that are live after the suspension that ends `block` and differ from what the frame holds. */
  readonly unsaved: (block: Block) => Names;
}

const readNames = (node: t.Node, locals: Names, into: Set<string>): void => {
  const visit = (child: t.Node, place: Place): void => {
    if (child.type === 'Identifier') {
      if (locals.has(child.name) && namesVariable(place)) into.add(child.name);
    } else forEachChild(child, visit);
  };
  if (node.type === 'Identifier') {
    if (locals.has(node.name)) into.add(node.name);
  } else forEachChild(node, visit);
};

/** What a pattern reads while it assigns: defaults, computed keys, the objects of members. */
const patternReads = (pattern: t.Node, locals: Names, into: Set<string>): void => {
  const targets = new Set<t.Node>(boundIdentifiers(pattern));
  if (targets.has(pattern)) return;
  const visit = (child: t.Node, place: Place): void => {
    if (targets.has(child)) return;
    if (child.type === 'Identifier') {
      if (locals.has(child.name) && namesVariable(place)) into.add(child.name);
    } else forEachChild(child, visit);
  };
  forEachChild(pattern, visit);
};

const expressionEffect = (node: t.Expression, locals: Names): Effect => {
  const effect: Effect = { uses: new Set(), kills: new Set() };
  if (node.type === 'AssignmentExpression' && node.operator === '=') {
    patternReads(node.left, locals, effect.uses);
    readNames(node.right, locals, effect.uses);
    for (const { name } of boundIdentifiers(node.left)) if (locals.has(name)) effect.kills.add(name);
  } else readNames(node, locals, effect.uses);
  return effect;
};

const follow = (first: Effect, second: Effect): Effect => {
  const uses = new Set(first.uses);
  for (const each of second.uses) if (!first.kills.has(each)) uses.add(each);
  return { uses, kills: new Set([...first.kills, ...second.kills]) };
};

const effectOf = (node: t.Statement, locals: Names): Effect => {
  const none: Effect = { uses: new Set(), kills: new Set() };
  if (node.type === 'ExpressionStatement') return expressionEffect(node.expression, locals);
  if (node.type === 'BlockStatement') {
    return node.body.reduce((effect, each) => follow(effect, effectOf(each, locals)), none);
  }
  if (node.type === 'IfStatement') {
    const yes = effectOf(node.consequent, locals);
    const no = node.alternate ? effectOf(node.alternate, locals) : none;
    const kills = new Set([...yes.kills].filter((each) => no.kills.has(each)));
    return follow(expressionEffect(node.test, locals), { uses: new Set([...yes.uses, ...no.uses]), kills });
  }
  readNames(node, locals, none.uses);
  return none;
};

/** Locals that a statement or expression may assign. */
export const assignedIn = (node: t.Node, locals: Names): Set<string> => {
  const names = new Set<string>();
  const targets = (pattern: t.Node): void => {
    for (const { name } of boundIdentifiers(pattern)) if (locals.has(name)) names.add(name);
  };
  const visit = (each: t.Node): void => {
    if (each.type === 'AssignmentExpression' || each.type === 'ForOfStatement' || each.type === 'ForInStatement') {
      targets(each.left);
    } else if (each.type === 'UpdateExpression') targets(each.argument);
    forEachChild(each, visit);
  };
  visit(node);
  return names;
};

interface Step {
  readonly effect: Effect;
  readonly exits: readonly { readonly exit: Exit; readonly effect: Effect }[];
}

class Analysis {
  readonly live = new Map<Block, Set<string>>();
  private readonly steps = new Map<Block, readonly Step[]>();
  private readonly blocks: readonly Block[];
  private readonly locals: Names;

  constructor({ blocks, locals }: Flow) {
    this.blocks = blocks;
    this.locals = locals;
    for (const block of blocks) {
      this.live.set(block, new Set());
      this.steps.set(
        block,
        block.items.map((item) => ({
          effect: effectOf(item.node, locals),
          exits: item.exits.map((exit) => ({ exit, effect: this.sequence(exit.sets) })),
        })),
      );
    }
    while (this.pass());
  }

  private sequence(statements: readonly t.Statement[]): Effect {
    return statements.reduce<Effect>((effect, each) => follow(effect, effectOf(each, this.locals)), {
      uses: new Set(),
      kills: new Set(),
    });
  }

  private pass(): boolean {
    let changed = false;
    for (const block of this.blocks.toReversed()) {
      const before = this.before(block);
      if (before.size !== this.live.get(block)?.size) {
        this.live.set(block, before);
        changed = true;
      }
    }
    return changed;
  }

  private at(block: Block): Names {
    return this.live.get(block) ?? new Set();
  }

  private before(block: Block): Set<string> {
    const thrown = new Set(block.handler === null ? [] : this.at(block.handler));
    thrown.delete(thrownName); // the step's catch assigns it on the way to the handler
    const live = new Set([...this.afterItems(block), ...thrown]);
    for (const { effect, exits } of (this.steps.get(block) ?? []).toReversed()) {
      for (const each of effect.kills) live.delete(each);
      for (const each of effect.uses) live.add(each);
      for (const { exit, effect: sets } of exits) {
        for (const each of this.at(exit.to)) if (!sets.kills.has(each)) live.add(each);
        for (const each of sets.uses) live.add(each);
      }
      for (const each of thrown) live.add(each);
    }
    return live;
  }

  private afterItems({ end }: Block): Set<string> {
    const live = new Set<string>();
    if (end.kind === 'goto') for (const each of this.at(end.to)) live.add(each);
    else if (end.kind === 'branch') {
      for (const each of [...this.at(end.yes), ...this.at(end.no)]) live.add(each);
      readNames(end.test, this.locals, live);
    } else if (end.kind === 'suspend') {
      for (const each of this.at(end.then)) live.add(each);
      readNames(end.value, this.locals, live);
    }
    return live;
  }
}

/** Forward: the locals that are, at the beginning of each block, surely what the frame's slots hold. */
class Clean {
  private readonly clean = new Map<Block, Names>();
  private readonly assigned: ReadonlyMap<Block, Names>;
  private readonly flow: Flow;
  private readonly liveAt: (block: Block) => Names;

  constructor(flow: Flow, given: Names, liveAt: (block: Block) => Names) {
    this.flow = flow;
    this.liveAt = liveAt;
    this.assigned = new Map(flow.blocks.map((block) => [block, this.assignedBy(block)]));
    const [entry] = flow.blocks;
    for (const block of flow.blocks) {
      this.clean.set(block, block === entry ? given : block.resumes ? liveAt(block) : flow.locals);
    }
    while (this.pass(given));
  }

  /** What is clean at the end of `block`, before its suspension saves anything. */
  atEnd(block: Block): Set<string> {
    const clean = new Set(this.clean.get(block));
    for (const each of this.assigned.get(block) ?? []) clean.delete(each);
    return clean;
  }

  /** The locals that a block may assign, exits and its end included: looked for once, asked for at every pass. */
  private assignedBy({ items, end }: Block): Names {
    const nodes = items.flatMap(({ node, exits }): t.Node[] => [node, ...exits.flatMap(({ sets }) => sets)]);
    if (end.kind === 'branch') nodes.push(end.test);
    else if (end.kind === 'suspend') nodes.push(end.value);
    return new Set(nodes.flatMap((each) => [...assignedIn(each, this.flow.locals)]));
  }

  private pass(given: Names): boolean {
    let changed = false;
    const meet = (block: Block, incoming: Names): void => {
      const now = this.clean.get(block) ?? new Set();
      const met = new Set([...now].filter((each) => incoming.has(each)));
      if (met.size === now.size) return;
      this.clean.set(block, met);
      changed = true;
    };
    const [entry] = this.flow.blocks;
    if (entry) meet(entry, given);
    for (const block of this.flow.blocks) {
      const out = this.atEnd(block);
      for (const next of successors(block)) meet(next, next.resumes ? this.liveAt(next) : out);
      if (block.handler !== null) meet(block.handler, out);
    }
    return changed;
  }
}

/** Analyses `flow`; `given` are the locals whose slots are filled when the function is called. */
export const analyseLiveness = (flow: Flow, given: Names): Liveness => {
  const analysis = new Analysis(flow);
  const liveAt = (block: Block): Names => analysis.live.get(block) ?? new Set();
  const clean = new Clean(flow, given, liveAt);
  const unsaved = (block: Block): Names => {
    if (block.end.kind !== 'suspend') return new Set();
    const held = clean.atEnd(block);
    return new Set([...liveAt(block.end.then)].filter((each) => !held.has(each)));
  };
  return { liveAt, unsaved };
};
