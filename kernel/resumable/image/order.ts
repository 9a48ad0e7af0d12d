/**
 * In which order a graph is put together. Objects are made empty and filled later, so cycles through them do no harm.
 * Two kinds cannot be made empty: a function needs the values around it, an instance of a registered class its data,
 * and that complete.
 */
import * as tag from './tags.ts';

/** The node that a cell refers to; -1 if it is no reference. */
export const target = (cell: unknown): number => (Array.isArray(cell) && cell.length === 1 ? (cell[0] as number) : -1);

const isDeferred = (node: tag.Node): boolean => node[0] === tag.CLOSURE || node[0] === tag.REGISTERED;

/**
 * The nodes in the order in which they are made (functions and registered instances) or filled (all others); null if
 * one of them needs itself. Takes time in proportion to the table.
 */
export const orderOf = (nodes: readonly tag.Node[]): number[] | null => {
  const made = new Uint8Array(nodes.length);
  let hasRegistered = false;
  let waiting = 0;
  nodes.forEach((node, at) => {
    if (!isDeferred(node)) made[at] = 1;
    else waiting += 1;
    hasRegistered ||= node[0] === tag.REGISTERED;
  });
  const order = waiting === 0 ? [] : orderClosures(nodes, made);
  if (hasRegistered) return orderAll(nodes, made, order);
  if (order.length < waiting) return null;
  nodes.forEach((node, at) => {
    if (!isDeferred(node)) order.push(at);
  });
  return order;
};

/** True if the graph can be put together. */
export const isSound = (nodes: readonly tag.Node[]): boolean => orderOf(nodes) !== null;

/** Functions whose environment holds no registered instance, each after those that it needs. */
const orderClosures = (nodes: readonly tag.Node[], made: Uint8Array): number[] => {
  const needs = new Map<number, number>();
  const neededBy = new Map<number, number[]>();
  const order: number[] = [];
  nodes.forEach((node, at) => {
    if (node[0] !== tag.CLOSURE) return;
    let count = 0;
    for (let i = 3; i < node.length; i += 1) {
      const next = target(node[i]);
      if (next < 0 || made[next] === 1) continue;
      count += 1;
      const others = neededBy.get(next);
      if (others === undefined) neededBy.set(next, [at]);
      else others.push(at);
    }
    if (count === 0) order.push(at);
    else needs.set(at, count);
  });
  for (let i = 0; i < order.length; i += 1) {
    const at = order[i] as number;
    made[at] = 1;
    for (const other of neededBy.get(at) ?? []) {
      const left = (needs.get(other) as number) - 1;
      needs.set(other, left);
      if (left === 0) order.push(other);
    }
  }
  return order;
};

/** Depth first, so that what a registered instance is made of is complete, but for what leads back to it. */
const orderAll = (nodes: readonly tag.Node[], made: Uint8Array, first: readonly number[]): number[] | null => {
  const order = [...first];
  const late: number[] = [];
  const seen = new Uint8Array(nodes.length);
  const stack: number[] = [];
  const next: number[] = [];
  const leave = (at: number): boolean => {
    const node = nodes[at] as tag.Node;
    const isReady = node.every((cell) => target(cell) < 0 || made[target(cell)] === 1);
    if (made[at] === 0) {
      if (!isReady) return false;
      made[at] = 1;
      order.push(at);
    } else if (!isDeferred(node)) (isReady ? order : late).push(at);
    return true;
  };
  for (let start = 0; start < nodes.length; start += 1) {
    if (seen[start] === 1) continue;
    seen[start] = 1;
    stack.push(start);
    next.push(1);
    while (stack.length > 0) {
      const at = stack[stack.length - 1] as number;
      const node = nodes[at] as tag.Node;
      const i = next[next.length - 1] as number;
      if (i === node.length) {
        stack.pop();
        next.pop();
        if (!leave(at)) return null;
        continue;
      }
      next[next.length - 1] = i + 1;
      const child = target(node[i]);
      if (child < 0 || seen[child] === 1) continue;
      seen[child] = 1;
      stack.push(child);
      next.push(1);
    }
  }
  return [...order, ...late];
};
