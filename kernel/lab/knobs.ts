/**
 * The semantic knobs: what about IPC is a choice, which choice this kernel makes, where it is set, and what the systems
 * of the family chose. Values are those of the sources, not copies of them. `KNOBS.md` is this table.
 */
import {
  BODY_DEPTH_MAX,
  DEAD_UREFS_MAX,
  DESCRIPTORS_MAX,
  INLINE_BODY_MAX,
  MESSAGE_MAX,
  NAMES_MAX,
  OOL_PORTS_MAX,
  PORTS_MAX,
  QLIMIT_DEFAULT,
  QLIMIT_MAX,
  REGISTERED_PORTS_MAX,
  SEND_UREFS_MAX,
} from '../../ports/limits.ts';

/** One choice. An empty cell: the question does not arise there. `?`: not established. */
export interface Knob {
  readonly knob: string;
  /** What this kernel does unless it is told otherwise. */
  readonly here: string;
  /** The call, option or constant that sets it. */
  readonly setBy: string;
  readonly mach25: string;
  /** Mach 3 as GNU Mach and the Hurd have it. */
  readonly gnu: string;
  readonly osf: string;
  readonly xnu: string;
  /** The divergence by its number in the specification, or the section. */
  readonly see: string;
}

type Row = readonly [
  knob: string,
  here: string,
  setBy: string,
  mach25: string,
  gnu: string,
  osf: string,
  xnu: string,
  see: string,
];

const count = (value: number): string => value.toLocaleString('en-US');
const bytes = (value: number): string => (value >= 1 << 20 ? `${value >> 20} MiB` : `${value} bytes`);

const ROWS: readonly Row[] = [
  [
    'queue limit of a new port',
    count(QLIMIT_DEFAULT),
    '`port_set_qlimit` · `QLIMIT_DEFAULT`',
    '5',
    '5',
    '5',
    '5 (BASIC)',
    'section 1',
  ],
  ['highest queue limit', count(QLIMIT_MAX), '`QLIMIT_MAX`', '16', '16', '16', '1,024 (LARGE)', 'D9'],
  [
    'who is exempt from the limit',
    'the kernel, and senders to send-once rights',
    'fixed: `ports/queue.ts hasRoom`',
    'the kernel',
    'the same',
    'the same',
    'the same',
    '2.7',
  ],
  ['a waiting receiver lets a sender past a limit of 0', 'no', 'fixed', '?', 'no', 'no', 'no', '2.7'],
  [
    'a blocked sender whose turn has come',
    'first come first served, the slot is handed over, the deadline is absolute',
    'fixed: `ports/queue.ts admitBlocked`',
    '?',
    'first come first served, competes again, time-out starts anew',
    'as GNU',
    'by priority, slot handed over, absolute',
    'D19',
  ],
  [
    'references of a send right',
    count(SEND_UREFS_MAX),
    '`SEND_UREFS_MAX`',
    '',
    count(SEND_UREFS_MAX),
    count(SEND_UREFS_MAX),
    '65,535, then pegged',
    'D1',
  ],
  [
    'references of a dead name',
    count(DEAD_UREFS_MAX),
    '`DEAD_UREFS_MAX`',
    '',
    count(DEAD_UREFS_MAX),
    count(DEAD_UREFS_MAX),
    '65,535, then pegged',
    'D1',
  ],
  [
    'a reference too many: a call',
    'KERN_UREFS_OVERFLOW',
    'fixed: `ports/name-calls.ts`',
    '',
    'KERN_UREFS_OVERFLOW',
    'KERN_UREFS_OVERFLOW',
    'never: the count is pegged',
    'D1',
  ],
  [
    'a reference too many: a message',
    'counted beyond 16 bits, shown as the most',
    'fixed: `ports/transfer.ts putSend`',
    '',
    'lost: the count stays',
    'as GNU',
    'pegged',
    'D1',
  ],
  [
    'destruction of a receive right',
    'the port dies, unless a backup has asked for it',
    '`port_request_notification` PORT_DESTROYED',
    'receive and ownership are two rights',
    'as here',
    'as here',
    'as here',
    '2.12',
  ],
  [
    'a send right beside a receive right that goes to its backup',
    'stays a send right',
    'fixed: `ports/name-calls.ts giveUpReceive`',
    '',
    'becomes a dead name (a defect)',
    '?',
    'stays a send right',
    'D5',
  ],
  [
    'death is seen',
    'when a name is next looked at',
    'fixed: `ports/space.ts lookup`',
    'by a message',
    'when next looked at',
    'as GNU',
    'as GNU',
    '2.1',
  ],
  [
    'no senders',
    'a notification with the make-send count, once, on request with `sync`',
    '`port_request_notification` NO_SENDERS',
    'none',
    'as here',
    'as here',
    'as here',
    '2.13',
  ],
  [
    'a no-senders request when the receive right moves',
    'stays',
    'fixed',
    '',
    'stays (the manual says otherwise)',
    'stays',
    'stays',
    'D12',
  ],
  [
    'a second port-destroyed request',
    'replaces the first, which is answered',
    'fixed',
    '',
    'replaces',
    'replaces',
    'KERN_FAILURE',
    'D8',
  ],
  [
    'a dead-name request on a dead name',
    'told at once if `sync` is not 0',
    'argument `sync`',
    '',
    'as here',
    'as here',
    'KERN_INVALID_ARGUMENT',
    'D25',
  ],
  [
    'a send into a full queue with a notify port',
    'forced in; MSG_ACCEPTED when it leaves',
    'option `notify` of a send',
    'as here',
    'as here',
    'as here',
    'refused; SEND_POSSIBLE when there is room',
    'D10',
  ],
  [
    'the reply of a message is a dead name',
    'carried as DEAD',
    'fixed: `ports/send.ts`',
    '',
    'carried as DEAD',
    'as GNU',
    'MACH_SEND_INVALID_REPLY',
    'D2',
  ],
  [
    'a message that carries its own queue',
    'destroyed, before the limit is asked',
    'fixed: `ports/fate.ts carryTo`',
    '?',
    'destroyed, behind the limit',
    'as GNU',
    'destroyed, before',
    'D7',
  ],
  [
    'a malformed descriptor',
    'refused before anything is taken',
    'fixed: `ports/send.ts examine`',
    '?',
    'header rights are destroyed',
    'as GNU',
    'refused before',
    'D16',
  ],
  [
    'a right of the body that cannot be given',
    'header rights and earlier items are destroyed',
    'fixed',
    '?',
    'as here',
    'as here',
    'as here',
    '2.6',
  ],
  ['sets that a port may be in', '1', 'profile', '1', '1', '1', 'any number', 'D3'],
  ['receive on a member of a set', 'MACH_RCV_IN_SET', 'profile', '?', 'MACH_RCV_IN_SET', 'as GNU', 'allowed', 'D3'],
  [
    '`port_deallocate` of a set',
    'KERN_INVALID_RIGHT',
    'profile',
    '',
    'KERN_INVALID_RIGHT',
    'as GNU',
    'ends the set',
    'D6',
  ],
  [
    'order of a set',
    'arrival, over all members',
    'fixed: `ports/port.ts PortSet`',
    '?',
    'arrival',
    'arrival',
    'turn about',
    '2.14',
  ],
  [
    'a wait ended because the right went away',
    'PORT_DIED; PORT_CHANGED when put into a set',
    'fixed',
    '?',
    'as here',
    'as GNU',
    'mostly PORT_CHANGED',
    'D4',
  ],
  [
    'names that the kernel chooses',
    'a slot and a generation: 131,072 uses before one comes back',
    'fixed: `ports/space.ts`',
    'small integers',
    'any, used again at once',
    'as GNU',
    'index and generation',
    'D14',
  ],
  ['names of a task', count(NAMES_MAX), '`NAMES_MAX`', '?', 'memory', 'memory', 'memory', ''],
  ['ports of a kernel', count(PORTS_MAX), '`PORTS_MAX`', '?', 'memory', 'memory', 'memory', ''],
  [
    'NULL or DEAD as the name of a call',
    'KERN_INVALID_NAME',
    'fixed: `ports/name-calls.ts entryFor`',
    '',
    'KERN_INVALID_NAME',
    'as GNU',
    'KERN_INVALID_RIGHT, or another',
    'D18',
  ],
  [
    'inline body',
    bytes(INLINE_BODY_MAX),
    '`INLINE_BODY_MAX`',
    '8 KiB',
    'memory',
    'memory',
    'a limit of the kernel',
    '2.6',
  ],
  [
    'message with its out-of-line memory',
    bytes(MESSAGE_MAX),
    '`MESSAGE_MAX`',
    'memory',
    'memory',
    'memory',
    'memory',
    '',
  ],
  ['depth of a body', count(BODY_DEPTH_MAX), '`BODY_DEPTH_MAX`', '', '', '', '', ''],
  ['descriptors of a message', count(DESCRIPTORS_MAX), '`DESCRIPTORS_MAX`', 'size', 'size', 'size', 'size', ''],
  [
    'names in its arrays out of line',
    count(OOL_PORTS_MAX),
    '`OOL_PORTS_MAX`',
    'size',
    'size',
    'size',
    'a limit of the kernel',
    '',
  ],
  ['rights that a task registers', count(REGISTERED_PORTS_MAX), '`REGISTERED_PORTS_MAX`', '4', '4', '4', '3', 'D22'],
  [
    'who sent a message',
    'a token, the same after a move',
    'fixed: `Received.sender`',
    'none',
    'none',
    'a trailer',
    'a trailer',
    'D20',
  ],
  [
    'death of a space',
    'receive rights first',
    'fixed: `ports/name-calls.ts destroySpace`',
    '?',
    'in the order of the table',
    'as GNU',
    'receive rights first',
    'D24',
  ],
  [
    'send and receive in one call, aborted',
    'both interrupts are told; the library restarts',
    '`sys.msg`; `test/conformance/puppet.ts` has the library',
    'restarted by the library',
    'as here',
    'as here',
    'as here',
    '2.18',
  ],
];

/** Every knob. */
export const KNOBS: readonly Knob[] = ROWS.map(([knob, here, setBy, mach25, gnu, osf, xnu, see]) => ({
  knob,
  here,
  setBy,
  mach25,
  gnu,
  osf,
  xnu,
  see,
}));

const HEADS = ['knob', 'here', 'set by', 'Mach 2.5', 'Mach 3 (GNU Mach, Hurd)', 'OSF/1 MK', 'XNU', 'see'] as const;

/** The table as rows, the first of them its heads. */
export const knobRows = (): (readonly string[])[] => [HEADS, ...ROWS];

/** The table in Markdown. */
export const knobsMarkdown = (): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(HEADS), line(HEADS.map(() => '---')), ...ROWS.map(line), ''].join('\n');
};
