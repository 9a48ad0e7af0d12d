/** Faults of the kernel's IPC, each caught by the naive model that the kernel is compared with. */
import type { Fault, Harm } from './fault.ts';

type KernelFault = Omit<Fault, 'caughtIn' | 'caughtBy'> & { readonly about: keyof typeof ABOUT };

const ABOUT = {
  rights: 'rights and notifications',
  messages: 'messages, queues, sets and time',
  whole: 'tasks that come and go, memory and everything',
} as const;

const of = (
  about: KernelFault['about'],
  harm: Harm,
  file: string,
  faults: readonly [string, string, string][],
): KernelFault[] => faults.map(([name, text, planted]) => ({ about, harm, file, name, text, planted }));

const faults: readonly KernelFault[] = [
  ...of('rights', 'rights', 'ports/name-calls.ts', [
    [
      'a port gets a second name in one task',
      "if (known !== undefined && known !== at) return 'KERN_RIGHT_EXISTS';",
      "if (known !== undefined && known !== at && at !== undefined) return 'KERN_RIGHT_EXISTS';",
    ],
    [
      'a receive right that is given up takes the send right along',
      'if ((entry.type & RECEIVE) !== 0) entry.type &= ~SEND;\n  else space.free(entry);',
      'space.free(entry);',
    ],
  ]),
  ...of('rights', 'rights', 'ports/profile.ts', [
    [
      'references are counted beyond their limit',
      "return delta > 0 && after > max ? 'KERN_UREFS_OVERFLOW' : after;",
      'return after;',
    ],
  ]),
  ...of('rights', 'rights', 'ports/transfer.ts', [
    [
      'a send-once right can be used twice',
      'default:\n      space.free(entry);\n      return port;',
      'default:\n      return port;',
    ],
    [
      'a made send right is not in the make-send count',
      'port.mscount += 1;\n      port.srights += 1;',
      'port.srights += 1;',
    ],
    ['a receive right that moves keeps its make-send count', 'port.mscount = 0;\n  port.seqno = 0;', 'port.seqno = 0;'],
  ]),
  ...of('rights', 'rights', 'ports/send.ts', [
    [
      'what a send had taken is lost when it fails in its body',
      'destroyMessage(space.ipc, message);\n      return taken;',
      'return taken;',
    ],
  ]),
  ...of('rights', 'notifications', 'ports/port-calls.ts', [
    [
      'a second dead-name request leaves the first one armed',
      'const previous = takeRequest(entry);',
      'const previous = null;',
    ],
  ]),
  ...of('rights', 'notifications', 'ports/space.ts', [
    [
      'a dead name lacks the reference of its notification',
      'entry.urefs += 1;\n      entry.request = null;',
      'entry.request = null;',
    ],
    [
      'a name that is freed does not answer its request',
      'if (request !== null) notify(this.ipc, request.notify, NOTIFY_PORT_DELETED, { name });',
      'void [name, notify, NOTIFY_PORT_DELETED];',
    ],
  ]),
  ...of('rights', 'notifications', 'ports/fate.ts', [
    [
      'the last send right goes unnoticed',
      'port.srights -= 1;\n  if (port.srights > 0 ||',
      'port.srights -= 1;\n  if (port.srights >= 0 ||',
    ],
    [
      'a backup is told again when the port dies',
      'port.pdrequest = null;\n    port.where = IN_LIMBO;',
      'port.where = IN_LIMBO;',
    ],
  ]),
  ...of('messages', 'queues', 'ports/queue.ts', [
    [
      'the send that does not wait finds one place more',
      'port !== null && port.msgcount >= port.room &&',
      'port !== null && port.msgcount > port.room &&',
    ],
  ]),
  ...of('messages', 'queues', 'ports/transfer.ts', [
    ['a receive right that goes stays in its set', 'port.set?.remove(port);\n  wakeReceivers', 'wakeReceivers'],
  ]),
  ...of('messages', 'queues', 'ports/port.ts', [
    [
      'what a port had queued is not heard of by its set',
      'for (let i = port.msgcount; i > 0; i -= 1) this.ready.push(port);',
      'void 0;',
    ],
    ['a sender whose time is over stays in line', 'this.port.senders?.remove(this);\n', ''],
  ]),
  ...of('messages', 'queues', 'ports/receive.ts', [
    [
      'a place that comes free lets nobody in',
      'acceptMessage(space, wait, first);\n  admitBlocked(space.ipc, from);',
      'acceptMessage(space, wait, first);\n  void admitBlocked;',
    ],
    [
      'what comes back to its sender has lost what it carried',
      'return message.items === null ? bits : copyOutItems(space, message, bits);',
      'return bits;',
    ],
  ]),
  ...of('whole', 'queues', 'ports/set-calls.ts', [
    [
      'whoever waits on a port is not told that it joins a set',
      "wakeReceivers(port, 'MACH_RCV_PORT_CHANGED');",
      'void wakeReceivers;',
    ],
  ]),
  ...of('whole', 'rights', 'kernel/kernel-call.ts', [
    [
      'a call through a dead name takes the rights that it gives',
      "if (entry === undefined || offers(entry, COPY_SEND) !== 'right') return answer('MACH_SEND_INVALID_DEST');",
      "if (entry === undefined || offers(entry, COPY_SEND) !== 'right') {\n    takeArguments(thread, request);\n    " +
        "return answer('MACH_SEND_INVALID_DEST');\n  }",
    ],
  ]),
  ...of('messages', 'queues', 'kernel/trap.ts', [
    [
      'the message of a thread that ends is left over',
      'destroyMessage(kernel.ipc, thread.sending.message);',
      'void destroyMessage;',
    ],
  ]),
  ...of('messages', 'copy-on-write', 'kernel/out-of-line.ts', [
    ['memory that is given away stays', "deallocate ? 'deallocate' : 'keep'", "deallocate ? 'keep' : 'keep'"],
  ]),
];

/** Each is caught by the property that it breaks. */
export const KERNEL_FAULTS: readonly Fault[] = faults.map(({ about, ...fault }) => ({
  ...fault,
  caughtIn: 'test/model/ipc.test.ts',
  caughtBy: `the kernel and a naive model of Mach agree about ${ABOUT[about]}, and nothing is left over`,
}));
