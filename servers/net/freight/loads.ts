/**
 * Freight on its way out. The bytes of a small message go with its frame; those of a large one stay where they are,
 * in netmsg's memory, and go in pieces when the node that has the frame asks for them. Nothing is copied before it is
 * asked for, so a message that waits costs its sender's memory and no other.
 */
import { dropMemory, type Effect, type Net, nextSerial, post } from '../netmsg-state.ts';
import { type NodeId, PIECE_SIZE } from '../protocol.ts';
import { type Cargo, type Frame, type Freight, type Held, mapCargo, type WireMessage } from '../tables/frames.ts';
import type { Load, LoadedPart } from '../tables/freights.ts';

/** Bodies below this go with their frame even if the rest does not. */
const SMALL = 1024;

/** A message ready to be encoded. */
export interface Sealed {
  readonly message: WireMessage;
  readonly freight: Freight | null;
}

/**
 * Decides how the bytes of a message go. Memory that goes with the frame is read now (effect `memory`); memory that
 * goes as freight stays (effect `load`). Memory whose pages are elsewhere is never waited for here: it is freight.
 */
export const seal = (net: Net, to: Pick<Load, 'peer' | 'until'>, message: WireMessage, effects: Effect[]): Sealed => {
  const { inlineMax } = net.limits;
  let size = 0;
  mapCargo(message, (cargo) => {
    size += lengthOf(cargo);
    return cargo;
  });
  const inline = size <= inlineMax ? readInline(net, message, effects) : null;
  if (inline !== null) return { message: inline, freight: null };
  const parts: LoadedPart[] = [];
  let at = 0;
  const loaded = mapCargo(message, (cargo) => {
    if (cargo instanceof Uint8Array && cargo.length < SMALL) return cargo;
    const part = { at, size: lengthOf(cargo) };
    parts.push({ at, source: cargo as Uint8Array | Held });
    at += part.size;
    return part;
  });
  const number = nextSerial(net);
  net.loads.set(number, { ...to, size: at, parts });
  effects.push({ kind: 'load', number });
  return { message: loaded, freight: { node: net.node, number, size: at } };
};

const lengthOf = (cargo: Cargo): number => (cargo instanceof Uint8Array ? cargo.length : cargo.size);

/** The message with its memory in it, or null if a page is not here. */
const readInline = (net: Net, message: WireMessage, effects: Effect[]): WireMessage | null => {
  const read: Effect[] = [];
  let isWhole = true;
  const inline = mapCargo(message, (cargo) => {
    if (cargo instanceof Uint8Array || !('address' in cargo)) return cargo;
    const bytes = new Uint8Array(cargo.size);
    if (cargo.size === 0) return bytes;
    isWhole &&= net.door.readMemory(cargo.address, bytes, null) === 'read';
    read.push({ kind: 'memory', ...cargo });
    return bytes;
  });
  if (!isWhole) return null;
  effects.push(...read);
  return inline;
};

/** Gives a load up, with the memory in it. */
export const release = (net: Net, freight: Freight | null): void => {
  if (freight?.node === net.node) releaseLoad(net, freight.number);
};

/** The same by its number. */
export const releaseLoad = (net: Net, number: number): void => {
  const load = net.loads.get(number);
  if (load === undefined) return;
  net.loads.delete(number);
  for (const { source } of load.parts) if (!(source instanceof Uint8Array)) dropMemory(net, source);
};

/** A message that has not left comes back: what was loaded for it is in it again, the memory as `Held`. */
export const unload = (net: Net, { message, freight }: Sealed): WireMessage => {
  const load = freight?.node === net.node ? net.loads.get(freight.number) : undefined;
  if (freight === null || load === undefined) return message;
  net.loads.delete(freight.number);
  const sources = new Map(load.parts.map(({ at, source }) => [at, source]));
  return mapCargo(message, (cargo) =>
    'at' in cargo && !(cargo instanceof Uint8Array) ? (sources.get(cargo.at) ?? cargo) : cargo,
  );
};

/** A peer asks for a piece. If a page of it is elsewhere, the answer waits for the page; nothing else does. */
export const serveFetch = (net: Net, from: NodeId, frame: Extract<Frame, { kind: 'fetch' }>): void => {
  const { load: number, at, size } = frame;
  const load = net.loads.get(number);
  const isAsked = load !== undefined && size <= PIECE_SIZE && at + size <= load.size;
  const bytes = new Uint8Array(isAsked ? size : 0);
  const outcome = isAsked ? readPart(net, load, at, bytes) : 'failed';
  if (outcome === 'waiting') net.fetches.push({ from, frame });
  else post(net, from, { kind: 'piece', load: number, at, bytes: outcome === 'read' ? bytes : new Uint8Array(0) });
};

const readPart = (net: Net, load: Load, from: number, target: Uint8Array): 'read' | 'waiting' | 'failed' => {
  const end = from + target.length;
  for (const { at, source } of load.parts) {
    const first = Math.max(from, at);
    const last = Math.min(end, at + lengthOf(source));
    if (first >= last) continue;
    const place = target.subarray(first - from, last - from);
    if (source instanceof Uint8Array) place.set(source.subarray(first - at, last - at));
    else {
      const outcome = net.door.readMemory(source.address + first - at, place, net.watch);
      if (outcome !== 'read') return outcome;
    }
  }
  return 'read';
};

/** Pages have come: whoever waits for a piece is answered, or waits on. */
export const serveWaiting = (net: Net): void => {
  for (const { from, frame } of net.fetches.splice(0)) serveFetch(net, from, frame);
};

/** A node has died: nobody there will bring what was loaded for it. */
export const dropLoads = (net: Net, dead: NodeId): void => {
  for (const [number, { peer, until }] of [...net.loads])
    if (peer === dead && until === 'brought') releaseLoad(net, number);
  net.fetches.splice(0, net.fetches.length, ...net.fetches.filter(({ from }) => from !== dead));
};
