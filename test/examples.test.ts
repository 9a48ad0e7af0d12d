import { describe, expect, it } from 'vitest';
import { embed } from '../examples/01-embed.ts';
import { relocate } from '../examples/02-relocate.ts';
import { semantics } from '../examples/03-semantics.ts';
import { keep } from '../examples/04-arena.ts';
import { guide } from '../examples/05-program.ts';
import { laboratory } from '../examples/06-laboratory.ts';
import { dine } from '../examples/07-interface.ts';

describe('the examples', () => {
  it('embed: host code asks, gives up, and finds a server gone', async () => {
    expect(await embed()).toEqual([
      '101: hello, world',
      'MACH_RCV_TIMED_OUT',
      'TimeoutError',
      'the server stops: enough',
      'DEAD_NAME',
    ]);
  });

  it('relocate: a counter moves, counts on, and its client keeps its right', async () => {
    expect(await relocate()).toEqual({ heard: [1, 2, 3, 4], outcome: 'moved', homes: ['island'] });
  });

  it('arena: a tally keeps its words in memory, moves, and counts on', async () => {
    expect(await keep()).toEqual({
      heard: [
        [2, 4],
        [1, 504],
        [1, 508],
        [4, 508],
      ],
      outcome: 'moved',
    });
  });

  it('program: a guide moves in the middle of its inner loop, and goes on where it was', async () => {
    expect(await guide()).toEqual({
      heard: [
        'harbour: Lisbon 1/3: tower',
        'harbour: Lisbon 2/3: tram',
        'island: Lisbon 3/3: fado',
        'island: Porto 1/2: bridge',
        'island: Porto 2/2: cellar',
        'island: Faro 1/1: lagoon',
        'island: 25 in all: [["Lisbon",7],["Porto",11],["Faro",7]]',
      ],
      outcome: 'moved',
    });
  });

  it('interface: a guest orders by the declaration, is refused by code and path, and gives up', async () => {
    expect(await dine()).toEqual([
      { minutes: 4 },
      'soup is ready',
      { retcode: 'E_SOLD_OUT', why: 'since noon' },
      ['MIG_BAD_ARGUMENTS', 'request.table'],
      'MACH_RCV_TIMED_OUT',
      [true, true],
    ]);
  });

  it('semantics: send-once, limits, no-senders and dead names are as Mach has them', () => {
    expect(semantics()).toEqual({
      'send-once': ['MACH_MSG_SUCCESS', 'MACH_SEND_INVALID_DEST'],
      qlimit: ['MACH_MSG_SUCCESS', 'MACH_MSG_SUCCESS', 'MACH_SEND_TIMED_OUT'],
      references: 1,
      'no senders': [true, { count: 1 }],
      'dead name': ['MACH_SEND_INVALID_DEST', true],
    });
  });

  it('laboratory: three mistakes explained, a leak by its line, and what depends on order', () => {
    const { refused, grown, orders } = laboratory();
    expect(refused).toEqual([
      'server: the destination is known? nothing → MACH_SEND_INVALID_DEST',
      'client: the name has a right with references? RECEIVE → KERN_INVALID_RIGHT',
      'rogue: the queue has room? 1 queued, limit 1 → MACH_SEND_TIMED_OUT',
      'rogue: the queue has room? 1 queued, limit 1 → MACH_SEND_TIMED_OUT',
    ]);
    expect(grown.slice(1).map((line) => line.split('  ')[0])).toEqual([
      'rogue: actor line 25 (send)',
      'rogue: actor line 26 (send)',
      'rogue: actor line 27 (send)',
    ]);
    expect(orders).toEqual([
      '2 × {"server":["KERN_SUCCESS"],"client":["MACH_SEND_TIMED_OUT"]}',
      '1 × {"server":["KERN_SUCCESS"],"client":["MACH_SEND_INVALID_DEST"]}',
    ]);
  });
});
