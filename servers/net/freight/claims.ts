/**
 * Freight on its way in. Whoever is to have a message has its freight brought from the node that loaded it: first it
 * is charged to that node, then there is room for it, then it is asked for, a few pieces at a time and all loads by
 * turns. So a large message delays no other, nobody holds more than is charged, and what nobody wants never comes.
 */
import { type Net, post } from '../netmsg-state.ts';
import { type NodeId, PIECE_SIZE } from '../protocol.ts';
import { type Frame, type Freight, mapCargo, type WireMessage } from '../tables/frames.ts';
import type { Claim, Desk } from '../tables/freights.ts';

type LadenFrame = Extract<Frame, { freight: Freight | null }>;

const keyOf = (node: NodeId, number: number): string => `${node}#${number}`;

/**
 * True if the freight of a frame is here, or there is none. Else it is sent for, and the frame is looked at again when
 * it has come.
 */
export const bring = (net: Net, { from, frame }: { readonly from: NodeId; readonly frame: LadenFrame }): boolean => {
  const { freight } = frame;
  if (freight === null || freight.node === net.node) return true;
  const key = keyOf(freight.node, freight.number);
  const known = net.claims.get(key);
  if (known !== undefined) return known.state === 'whole' || known.state === 'lost';
  if (!net.sessions.isLiving(freight.node)) return false;
  const claim: Claim = {
    freight,
    arrival: { from, frame },
    state: freight.size > net.limits.freightMax ? 'lost' : 'queued',
    bytes: new Uint8Array(0),
    asked: 0,
    come: 0,
  };
  net.claims.set(key, claim);
  if (claim.state === 'lost') return true;
  const desk = deskOf(net, freight.node);
  desk.queued.push(claim);
  work(net, freight.node, desk);
  return false;
};

/** True if the freight cannot be had: what it was to bring is missing. */
export const isLost = (net: Net, freight: Freight | null): boolean =>
  freight !== null && net.claims.get(keyOf(freight.node, freight.number))?.state === 'lost';

const deskOf = (net: Net, node: NodeId): Desk => {
  const known = net.desks.get(node);
  if (known !== undefined) return known;
  const desk: Desk = { charged: 0, pieces: 0, queued: [], coming: [] };
  net.desks.set(node, desk);
  return desk;
};

/** Charges what there is room for, and asks for pieces. */
const work = (net: Net, node: NodeId, desk: Desk): void => {
  const { freightMax, piecesMax } = net.limits;
  for (let next = desk.queued[0]; next !== undefined; next = desk.queued[0]) {
    if (desk.charged + next.freight.size > freightMax) break;
    desk.queued.shift();
    desk.charged += next.freight.size;
    next.bytes = new Uint8Array(next.freight.size);
    next.state = 'coming';
    desk.coming.push(next);
  }
  while (desk.pieces < piecesMax) {
    const claim = desk.coming.shift();
    if (claim === undefined) return;
    const { freight, asked } = claim;
    const size = Math.min(PIECE_SIZE, freight.size - asked);
    claim.asked += size;
    desk.pieces += 1;
    if (claim.asked < freight.size) desk.coming.push(claim);
    post(net, node, { kind: 'fetch', load: freight.number, at: asked, size });
  }
};

/** A piece has come. One that is empty says that there is no more. */
export const notePiece = (net: Net, from: NodeId, { load, at, bytes }: Extract<Frame, { kind: 'piece' }>): void => {
  const desk = net.desks.get(from);
  if (desk === undefined || desk.pieces === 0) return;
  desk.pieces -= 1;
  const claim = net.claims.get(keyOf(from, load));
  if (claim?.state === 'coming') {
    if (bytes.length === 0 || at + bytes.length > claim.asked) lose(net, desk, claim);
    else {
      claim.bytes.set(bytes, at);
      claim.come += bytes.length;
      if (claim.come >= claim.freight.size) end(net, claim, 'whole');
    }
  }
  work(net, from, desk);
};

const end = (net: Net, claim: Claim, state: 'whole' | 'lost'): void => {
  claim.state = state;
  net.again.push(claim.arrival);
};

const lose = (net: Net, desk: Desk, claim: Claim): void => {
  discharge(desk, claim);
  claim.bytes = new Uint8Array(0);
  end(net, claim, 'lost');
};

const discharge = (desk: Desk, claim: Claim): void => {
  desk.charged -= claim.bytes.length;
  for (const list of [desk.queued, desk.coming]) {
    const at = list.indexOf(claim);
    if (at >= 0) list.splice(at, 1);
  }
};

/** The message of a frame with its freight in it. What was lost is empty. The freight stays claimed. */
export const laden = (net: Net, { message, freight }: LadenFrame): WireMessage => {
  const claim = freight === null ? undefined : net.claims.get(keyOf(freight.node, freight.number));
  if (claim === undefined) return message;
  const { bytes } = claim;
  return mapCargo(message, (cargo) => ('at' in cargo && !(cargo instanceof Uint8Array) ? cut(bytes, cargo) : cargo));
};

/** A part that a peer has named beyond the end is empty, not shorter. */
const cut = (bytes: Uint8Array, { at, size }: { readonly at: number; readonly size: number }): Uint8Array =>
  at + size <= bytes.length ? bytes.subarray(at, at + size) : new Uint8Array(0);

/** The frame is done with, or goes to another node: its freight is not wanted here any more. */
export const unclaim = (net: Net, freight: Freight | null): void => {
  if (freight === null) return;
  const key = keyOf(freight.node, freight.number);
  const claim = net.claims.get(key);
  if (claim === undefined) return;
  net.claims.delete(key);
  const desk = net.desks.get(freight.node);
  if (desk === undefined) return;
  discharge(desk, claim);
  work(net, freight.node, desk);
};

/** A node has died: what has not come of its freight never will. */
export const dropClaims = (net: Net, dead: NodeId): void => {
  net.desks.delete(dead);
  for (const claim of [...net.claims.values()])
    if (claim.freight.node === dead && claim.state !== 'whole') unclaim(net, claim.freight);
};
