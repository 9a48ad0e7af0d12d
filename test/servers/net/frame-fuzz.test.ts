import { describe, expect, it } from 'vitest';
import { encodeBody } from '../../../ports/wire/codec.ts';
import { decodeFrame, encodeFrame } from '../../../servers/net/message-codec.ts';
import type { Frame, WireMessage } from '../../../servers/net/tables/frames.ts';
import { World } from '../../support/two-kernels.ts';
import { seeded } from './session-scene.ts';

const SEED = 20_261_125;
const INPUTS = 40_000;

const NULL_RIGHT = { kind: 'null', type: 0 } as const;
const message = (items: WireMessage['items'], body: WireMessage['body'] = encodeBody({ n: 1 })): WireMessage => ({
  id: 7,
  type: 17,
  sender: 'a/1',
  cause: { node: 'a', n: 12 },
  body,
  reply: { kind: 'once', once: 'a!1', node: 'a', peer: 'b' },
  items,
});
const ticket = {
  seqno: 1,
  mscount: 2,
  hasSenders: true,
  qlimit: 5,
  nsrequest: NULL_RIGHT,
  pdrequest: NULL_RIGHT,
  channels: [{ node: 'a', chan: 1, next: 2 }],
  holders: [{ node: 'a', chan: 1 }],
  messages: [message([])],
};
const send = {
  kind: 'send',
  type: 17,
  port: 'b:3',
  node: 'b',
  epoch: 0,
  copier: 'a',
  copy: 4,
  after: [{ node: 'c', chan: 3, next: 8 }],
} as const;
const address = { port: 'b:3', epoch: 0, origin: 'a', chan: 1 };
const freight = { node: 'a', number: 9, size: 70_000 };

/** One of nearly every kind, and of every part that a message can have. */
const FRAMES: readonly Frame[] = [
  { kind: 'msg', ...address, after: [], seq: 1, message: message([{ kind: 'port', right: send }]), freight: null },
  {
    kind: 'msg',
    ...address,
    after: [],
    seq: 2,
    message: message([{ kind: 'ool', bytes: { at: 0, size: 70_000 } }]),
    freight,
  },
  {
    kind: 'msg',
    ...address,
    seq: 3,
    after: [{ node: 'c', chan: 1, next: 2 }],
    message: message([{ kind: 'ool_ports', type: 17, rights: [send, send] }]),
    freight: null,
  },
  {
    kind: 'stage',
    mid: 'm',
    message: message([{ kind: 'port', right: { kind: 'receive', port: 'a:1', epoch: 1, ticket } }], { at: 0, size: 9 }),
    freight,
  },
  { kind: 'once', once: 'a!1', message: message([{ kind: 'ool', bytes: new Uint8Array(3) }]), freight: null },
  { kind: 'dirty', ...address },
  { kind: 'cack', port: 'b:3', chan: 1, next: 2, limit: 4, node: 'b', epoch: 0 },
  { kind: 'moved', port: 'b:3', node: 'c', epoch: 1 },
  { kind: 'staged', mid: 'm', accepted: true },
  { kind: 'found', query: 1, right: send },
  { kind: 'fetch', load: 9, at: 0, size: 61_440 },
  { kind: 'piece', load: 9, at: 0, bytes: new Uint8Array(20) },
  { kind: 'brought', load: 9 },
  { kind: 'await', port: 'b:3', chan: 1 },
  { kind: 'over', port: 'b:3', chan: 1 },
];

const mutate = (octets: Uint8Array, random: () => number): Uint8Array => {
  const mutant = [...octets];
  for (let times = 1 + Math.floor(random() * 3); times > 0; times -= 1) {
    const place = Math.floor(random() * mutant.length);
    const kind = Math.floor(random() * 4);
    if (kind === 0) mutant[place] = Math.floor(random() * 256);
    else if (kind === 1) mutant.splice(place, 1 + Math.floor(random() * 6));
    else if (kind === 2) mutant.splice(place, 0, ...mutant.slice(place, place + Math.floor(random() * 12)));
    else mutant.splice(place, 0, 0xff, 0xff, 0xff, Math.floor(random() * 128));
  }
  return new Uint8Array(mutant);
};

describe('frames between netmsgs', () => {
  it('come back as they were', () => {
    for (const frame of FRAMES) expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
  });

  it('that are changed are frames or none, and nothing is thrown', () => {
    const random = seeded(SEED);
    const corpus = FRAMES.map(encodeFrame);
    let none = 0;
    for (let input = 0; input < INPUTS; input += 1) {
      const frame = decodeFrame(mutate(corpus[input % corpus.length] as Uint8Array, random));
      if (frame === null) none += 1;
      else if (input % 8 === 0) expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
    }
    expect(none).toBeGreaterThan(INPUTS / 4);
    expect(none).toBeLessThan(INPUTS);
  }, 60_000);
});

describe('a peer that says what is no frame', () => {
  it('is dropped with E_WIRE; netmsg and all others go on', () => {
    const world = new World();
    const { a, b, settle } = world.linked('a', 'b');
    const owner = b.actor('owner');
    const port = owner.port();
    owner.checkIn(port, 'port');
    const sender = a.actor('sender');
    const way = sender.lookUp(b, 'port');
    settle();
    a.driver?.transmit('b', 1, new Uint8Array([1, 2, 3]));
    settle();
    expect(b.refusals).toEqual(['E_WIRE: what it sent is no frame of netmsg']);
    expect([b.driver?.nodes(), b.netTask.isAlive, a.netTask.isAlive]).toEqual([[], true, true]);
    // The verdict is the same on both sides: rights to the other are dead names.
    settle();
    expect(sender.types(way)).toEqual(['DEAD_NAME']);
    const other = b.actor('other');
    other.send(other.lookUp(b, 'port'), 5);
    settle();
    expect(owner.takeIds(port)).toEqual([5]);
  });
});
