/** The message rings of several kernels as one: which send made which receive, on whatever node. */

/** An event of a message ring, as a kernel tells it. */
export interface MessageEvent {
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly task: number;
  readonly value: number;
  readonly cause: number;
  /** The node whose event the cause is, if it is not this one. */
  readonly origin?: string;
}

/** The same among all nodes: `id` and `cause` name events as `node#n`, `node` being its name, and time is shared. */
export interface TracedMessage {
  readonly id: string;
  readonly cause: string | null;
  readonly node: string;
  readonly time: number;
  readonly kind: string;
  readonly task: number;
  readonly value: number;
}

/** Names the events of one node. `names` gives the name of a node by its identity. */
export const traced = (
  node: { readonly name: string; readonly clockOrigin: number },
  events: readonly MessageEvent[],
  names: ReadonlyMap<string, string>,
): TracedMessage[] =>
  events.map(({ n, at, kind, task, value, cause, origin }) => ({
    id: `${node.name}#${n}`,
    cause: cause === 0 ? null : `${origin === undefined ? node.name : (names.get(origin) ?? origin)}#${cause}`,
    node: node.name,
    time: node.clockOrigin + at,
    kind,
    task,
    value,
  }));

/** A message that went from node to node. */
export interface Crossing {
  readonly from: TracedMessage;
  readonly to: TracedMessage;
}

/** Every message of which both ends are still in the rings, in the order of arrival. */
export const crossings = (events: readonly TracedMessage[]): Crossing[] => {
  const byId = new Map(events.map((event) => [event.id, event]));
  const found: Crossing[] = [];
  for (const to of events) {
    const from = to.cause === null ? undefined : byId.get(to.cause);
    if (from !== undefined && from.node !== to.node) found.push({ from, to });
  }
  return found.sort((one, other) => one.to.time - other.to.time);
};
