/** Groups of modules that import each other, so that what is computed along imports ends where they run in a circle. */

/** A module and the modules that it imports, by path. A path that is not in the graph is nobody's module. */
export type ModuleGraph = ReadonlyMap<string, ReadonlySet<string>>;

interface Visit {
  readonly path: string;
  readonly order: number;
  low: number;
  readonly rest: Iterator<string>;
}

/**
 * The strongly connected components of a graph, by Tarjan (1972), without recursion: a component stands behind all that
 * it imports. A module that is in no circle is a component of its own.
 */
export const components = (graph: ModuleGraph): string[][] => {
  const orders = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  const enter = (path: string): Visit => {
    const order = orders.size;
    orders.set(path, order);
    open.push(path);
    isOpen.add(path);
    return { path, order, low: order, rest: (graph.get(path) ?? new Set<string>()).values() };
  };
  const leave = (visit: Visit): void => {
    if (visit.low !== visit.order) return;
    const members = open.splice(open.lastIndexOf(visit.path));
    for (const member of members) isOpen.delete(member);
    found.push(members.sort());
  };
  for (const root of graph.keys()) {
    if (orders.has(root)) continue;
    const path = [enter(root)];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: next, done } = top.rest.next();
      if (done === true) {
        leave(top);
        path.pop();
        const below = path.at(-1);
        if (below !== undefined) below.low = Math.min(below.low, top.low);
      } else if (graph.has(next)) {
        const order = orders.get(next);
        if (order === undefined) path.push(enter(next));
        else if (isOpen.has(next)) top.low = Math.min(top.low, order);
      }
    }
  }
  return found;
};
