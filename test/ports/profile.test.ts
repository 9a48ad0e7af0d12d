import { describe, expect, it } from 'vitest';
import { settle } from '../../ports/fate.ts';
import { Ipc } from '../../ports/ipc.ts';
import { portName } from '../../ports/name.ts';
import { carry, deallocate, getRefs, modRefs } from '../../ports/name-calls.ts';
import { requestNotification } from '../../ports/port-calls.ts';
import { MACH3, type Profile, XNU } from '../../ports/profile.ts';
import { MAKE_SEND_ONCE, MOVE_SEND } from '../../ports/right.ts';
import { Party, right } from '../support/spaces.ts';

const partyOf = (profile: Profile): Party => new Party(new Ipc(profile));

/** Asks for a notification on `name` by a fresh port; what was registered before is given up. */
const ask = (party: Party, name: ReturnType<Party['port']>, kind: string, sync: number): unknown => {
  const told = carry(party.space, party.port(), MAKE_SEND_ONCE);
  if (typeof told === 'string') throw new Error(told);
  const previous = requestNotification(party.space, name, { kind, sync }, told);
  settle(party.ipc);
  return typeof previous === 'string' ? previous : 'taken';
};

/** What each call answers, `mach3` and `xnu`. */
const DIFFERENCES: readonly [what: string, act: (party: Party) => unknown, mach3: unknown, xnu: unknown][] = [
  ['deallocate of a port set', (a) => deallocate(a.space, a.port('PORT_SET')), 'KERN_INVALID_RIGHT', 'KERN_SUCCESS'],
  [
    'a dead name as reply right',
    (a) => a.send(a.give(a, a.port()), 1, { local: a.port('DEAD_NAME'), localDisposition: MOVE_SEND }),
    'MACH_MSG_SUCCESS',
    'MACH_SEND_INVALID_REPLY',
  ],
  [
    'a disposition that is none',
    (a) => a.send(a.give(a, a.port()), 1, { descriptors: [right(a.give(a, a.port()), 99)] }),
    'MACH_SEND_INVALID_TYPE',
    'MACH_SEND_INVALID_RIGHT',
  ],
  [
    'a dead-name request on a dead name',
    (a) => ask(a, a.port('DEAD_NAME'), 'DEAD_NAME', 1),
    'taken',
    'KERN_INVALID_ARGUMENT',
  ],
  [
    'a second port-destroyed request',
    (a) => {
      const p = a.port();
      return [ask(a, p, 'PORT_DESTROYED', 0), ask(a, p, 'PORT_DESTROYED', 0)];
    },
    ['taken', 'taken'],
    ['taken', 'KERN_FAILURE'],
  ],
  [
    'one reference beyond the limit, and one back',
    (a) => {
      const d = a.port('DEAD_NAME');
      const codes = [65534, 1, -1].map((delta) => modRefs(a.space, d, 'DEAD_NAME', delta));
      return [...codes, getRefs(a.space, d, 'DEAD_NAME')];
    },
    ['KERN_SUCCESS', 'KERN_UREFS_OVERFLOW', 'KERN_SUCCESS', 65534],
    ['KERN_SUCCESS', 'KERN_SUCCESS', 'KERN_SUCCESS', 65535],
  ],
];

describe('profiles', () => {
  it.each(DIFFERENCES)('%s', (_, act, mach3, xnu) => {
    expect(act(partyOf(MACH3))).toEqual(mach3);
    expect(act(partyOf(XNU))).toEqual(xnu);
  });

  it('all references given up at once free a name whose count is stuck', () => {
    const a = partyOf(XNU);
    const d = a.port('DEAD_NAME');
    modRefs(a.space, d, 'DEAD_NAME', 70_000);
    expect(modRefs(a.space, d, 'DEAD_NAME', -65_534)).toBe('KERN_SUCCESS');
    expect(getRefs(a.space, d, 'DEAD_NAME')).toBe(65_535);
    expect(modRefs(a.space, d, 'DEAD_NAME', -65_535)).toBe('KERN_SUCCESS');
    expect(a.type(d)).toBe('KERN_INVALID_NAME');
  });

  it('a dialect of one rule more is an object', () => {
    const a = partyOf({ ...MACH3, name: 'lenient', deallocatesSets: true });
    expect(deallocate(a.space, a.port('PORT_SET'))).toBe('KERN_SUCCESS');
    expect(deallocate(a.space, portName(0))).toBe('KERN_INVALID_NAME');
  });
});
