/** Jumps out of statements that stay whole: found, and replaced by blocks that `emit` fills. */
import { types as t } from '@babel/core';
import type { Exit } from './blocks.ts';
import { forEachChild, type Place, putAt } from './tree.ts';

/** What the surroundings make of a jump: the statement to put there and, unless it leaves the function, its exit. */
export interface Jumps {
  returning(value: t.Expression | null, origin: t.Node): [t.Statement, Exit | null];
  breaking(label: string | null, origin: t.Node): [t.Statement, Exit | null];
  continuing(label: string | null, origin: t.Node): [t.Statement, Exit | null];
}

/** What the statement itself catches at the place that is looked at. */
interface Inner {
  readonly labels: readonly string[];
  readonly breaks: boolean;
  readonly continues: boolean;
}

/** Rewrites, below `node`, every jump that leaves it, and answers the exits. */
export const rewriteJumps = (node: t.Node, jumps: Jumps): readonly Exit[] => {
  const exits: Exit[] = [];
  const put = (place: Place, [statement, exit]: [t.Statement, Exit | null]): void => {
    putAt(place, statement);
    if (exit !== null) exits.push(exit);
  };
  const walk = (within: t.Node, inner: Inner): void => {
    forEachChild(within, (child, place) => {
      if (t.isExpression(child) || t.isFunction(child)) return;
      if (child.type === 'ReturnStatement') put(place, jumps.returning(child.argument ?? null, child));
      else if (child.type === 'BreakStatement') {
        const label = child.label?.name ?? null;
        const stays = label === null ? inner.breaks : inner.labels.includes(label);
        if (!stays) put(place, jumps.breaking(label, child));
      } else if (child.type === 'ContinueStatement') {
        const label = child.label?.name ?? null;
        const stays = label === null ? inner.continues : inner.labels.includes(label);
        if (!stays) put(place, jumps.continuing(label, child));
      } else if (child.type === 'LabeledStatement') {
        walk(child, { ...inner, labels: [...inner.labels, child.label.name] });
      } else if (t.isLoop(child)) walk(child, { ...inner, breaks: true, continues: true });
      else if (child.type === 'SwitchStatement') walk(child, { ...inner, breaks: true });
      else walk(child, inner);
    });
  };
  walk(node, { labels: [], breaks: false, continues: false });
  return exits;
};
