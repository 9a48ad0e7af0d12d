/** Basic blocks: what `flow` makes of a body, `liveness` reads, and `emit` writes as the cases of a step function. */
import type { types as t } from '@babel/core';

/** A jump out of the middle of a statement that is emitted as it is. `emit` fills `at`. */
export interface Exit {
  readonly at: t.BlockStatement;
  /** Assignments on the way out: the completion that a finally block will look at. */
  readonly sets: readonly t.Statement[];
  readonly to: Block;
}

/** A statement without suspension. */
export interface Item {
  readonly node: t.Statement;
  readonly exits: readonly Exit[];
}

export type End =
  | { readonly kind: 'goto'; readonly to: Block }
  | { readonly kind: 'branch'; readonly test: t.Expression; readonly yes: Block; readonly no: Block }
  | { readonly kind: 'suspend'; readonly value: t.Expression; readonly then: Block; readonly origin: t.Node }
  /** The last item has left the function. */
  | { readonly kind: 'none' };

export interface Block {
  /** Where an exception in this block goes on; null: out of the function. */
  readonly handler: Block | null;
  readonly items: Item[];
  end: End;
  /** The suspension it goes on after, if that is how it is entered. */
  resumes: t.Node | null;
}

/** A function body as blocks, in the order of the source; the first is the entry. */
export interface Flow {
  readonly blocks: readonly Block[];
  /** Every local of the step function, in the order of its declaration. */
  readonly locals: ReadonlySet<string>;
}

/** Where control may go from `block`, exceptions aside. */
export const successors = ({ items, end }: Block): Block[] => {
  const next = items.flatMap(({ exits }) => exits.map(({ to }) => to));
  if (end.kind === 'goto') next.push(end.to);
  else if (end.kind === 'branch') next.push(end.yes, end.no);
  else if (end.kind === 'suspend') next.push(end.then);
  return next;
};

/** The blocks that can be reached from the first, in their order. */
export const reachable = (blocks: readonly Block[]): Block[] => {
  const seen = new Set<Block>();
  const pending = blocks.slice(0, 1);
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    if (seen.has(block)) continue;
    seen.add(block);
    pending.push(...successors(block));
    if (block.handler !== null) pending.push(block.handler);
  }
  return blocks.filter((block) => seen.has(block));
};

/** Where a jump to `block` ends up, if `block` only jumps on. */
const lastOf = (block: Block): Block => {
  let last = block;
  const seen = new Set<Block>();
  while (last.items.length === 0 && last.end.kind === 'goto' && !seen.has(last)) {
    seen.add(last);
    last = last.end.to;
  }
  return last;
};

/** Jumps of `block` to blocks that only jump on go there at once. */
export const threadJumps = (block: Block): void => {
  const { end } = block;
  if (end.kind === 'goto') block.end = { kind: 'goto', to: lastOf(end.to) };
  else if (end.kind === 'branch') block.end = { ...end, yes: lastOf(end.yes), no: lastOf(end.no) };
  for (const [index, item] of block.items.entries()) {
    const exits = item.exits.map((exit) => ({ ...exit, to: lastOf(exit.to) }));
    block.items[index] = { ...item, exits };
  }
};
