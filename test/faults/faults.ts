/**
 * Faults that could be in the code, each with the test that must notice it. A fault is a change of the text of one
 * file, made while the file is loaded and nowhere else; nothing in the tree is written.
 */

import type { Fault } from './fault.ts';
import { KERNEL_FAULTS } from './kernel-faults.ts';
import { PROGRAM_FAULTS } from './program-faults.ts';

const RIGHTS: readonly Fault[] = [
  {
    name: 'a send right survives its last reference',
    harm: 'rights',
    file: 'ports/transfer.ts',
    text: 'if ((entry.type & RECEIVE) === 0) {\n    space.free(entry);\n    return;\n  }\n  entry.urefs = 0;',
    planted: 'if ((entry.type & RECEIVE) === 0) return;\n  entry.urefs = 0;',
    caughtIn: 'test/conformance.test.ts',
    caughtBy: 'Portolan answers as Mach does: NAM',
  },
  {
    name: 'a second send right is merged without being counted',
    harm: 'rights',
    file: 'ports/transfer.ts',
    text: '    entry.urefs += 1;\n    port.srights -= 1;',
    planted: '    port.srights -= 1;',
    caughtIn: 'test/conformance.test.ts',
    caughtBy: 'Portolan answers as Mach does: DSP',
  },
  {
    name: 'a copied send right is not counted at its port',
    harm: 'rights',
    file: 'ports/transfer.ts',
    text: 'case COPY_SEND:\n      port.srights += 1;',
    planted: 'case COPY_SEND:',
    caughtIn: 'test/conformance.test.ts',
    caughtBy: 'Portolan answers as Mach does: HDR',
  },
  {
    name: 'a send-once right that is given up tells nobody',
    harm: 'notifications',
    file: 'ports/fate.ts',
    text: 'if (port.where !== DEAD) notify(ipc, port, NOTIFY_SEND_ONCE, undefined);',
    planted: 'void [ipc, port];',
    caughtIn: 'test/ports/rights.test.ts',
    caughtBy: 'rights a send-once right that is given up tells its port',
  },
  {
    name: 'no-senders is told with send rights left',
    harm: 'notifications',
    file: 'ports/fate.ts',
    text: 'if (port.srights > 0 || port.nsrequest === null) return;',
    planted: 'if (port.nsrequest === null) return;',
    caughtIn: 'test/ports/notifications.test.ts',
    caughtBy: 'a notification of no senders does not come while somebody has a send right',
  },
];

const QUEUES: readonly Fault[] = [
  {
    name: 'a queue takes one message more than its limit',
    harm: 'queues',
    file: 'ports/queue.ts',
    text: 'port.msgcount < port.room || port.where',
    planted: 'port.msgcount <= port.room || port.where',
    caughtIn: 'test/ports/queue.test.ts',
    caughtBy: 'a queue takes as many messages as its limit, then none',
  },
  {
    name: 'a blocked sender is forgotten when room comes',
    harm: 'queues',
    file: 'ports/queue.ts',
    text: 'while (senders.length > 0 && port.msgcount < port.room) {',
    planted: 'while (senders.length > 1 && port.msgcount < port.room) {',
    caughtIn: 'test/ports/queue.test.ts',
    caughtBy: 'a queue lets blocked senders in, in order, as room comes',
  },
  {
    name: 'a message waits although a receiver is waiting',
    harm: 'queues',
    file: 'ports/queue.ts',
    text: 'if (waiting.receivers !== null && handOver(waiting, message)) return;',
    planted: 'if (waiting.receivers !== null && port.set !== null && handOver(waiting, message)) return;',
    caughtIn: 'test/kernel/waits.test.ts',
    caughtBy: 'a wait that has its message keeps it, whatever is aborted afterwards',
  },
];

const MEMORY: readonly Fault[] = [
  {
    name: 'a copied region is written in place',
    harm: 'copy-on-write',
    file: 'kernel/vm/copying.ts',
    text: 'region.needsCopy = true;\n      object.isCopied = true;',
    planted: 'object.isCopied = true;',
    caughtIn: 'test/kernel/vm/address-map.test.ts',
    caughtBy: 'out-of-line memory is a snapshot',
  },
  {
    name: 'a snapshot does not get the old page',
    harm: 'copy-on-write',
    file: 'kernel/vm/obtain.ts',
    text: "if (!lacks(copy, page)) return 'done';",
    planted: "if (lacks(copy, page)) return 'done';",
    caughtIn: 'test/kernel/vm/shadow.test.ts',
    caughtBy: 'memory that tasks share is copied by a snapshot that gets the old pages',
  },
  {
    name: 'a page is supplied one page too far',
    harm: 'page service',
    file: 'servers/migration/pages.ts',
    text: 'body: { offset: page * PAGE, lock: 0, precious: false, data: joined(pages) },',
    planted: 'body: { offset: (page + 1) * PAGE, lock: 0, precious: false, data: joined(pages) },',
    caughtIn: 'test/simulation.test.ts',
    caughtBy: 'the simulator finds all invariants held while tasks move',
  },
  {
    name: 'a page that is not here is answered by silence',
    harm: 'page service',
    file: 'servers/migration/pages.ts',
    text: 'for (const run of runsOf(read.pages, page, read.end - page)) supply(sys, s, object, run);',
    planted: 'for (const run of runsOf(read.pages, page, read.end - page).slice(1)) supply(sys, s, object, run);',
    caughtIn: 'test/simulation.test.ts',
    caughtBy: 'the simulator finds all invariants held while tasks move',
  },
  {
    name: 'the end of a push is announced with a page unsent',
    harm: 'page service',
    file: 'servers/migration/strategies/strategy.ts',
    text: 'const page = (from + i) % total;',
    planted: 'const page = Math.max(1, (from + i) % total);',
    caughtIn: 'test/servers/migration/move.test.ts',
    caughtBy:
      'a task that serves clients moves ten times round three nodes and back, and loses, doubles and reorders nothing',
  },
];

const TRANSIT: readonly Fault[] = [
  {
    name: 'a right that comes before its port is dead',
    harm: 'ports in transit',
    file: 'servers/net/proxy/references.ts',
    text: 'const wasBornHere = at.node === net.node && at.epoch === 0;',
    planted: 'const wasBornHere = at.node === net.node;',
    caughtIn: 'test/servers/net/netmsg-transit.test.ts',
    caughtBy: 'a send right that overtakes its port is no dead name: what is sent by it waits for the port',
  },
  {
    name: 'a port that is lost on its way is waited for',
    harm: 'ports in transit',
    file: 'servers/net/proxy/search.ts',
    text: 'if (net.dead.length === 0) return;',
    planted: 'if (net.dead.length >= 0) return;',
    caughtIn: 'test/servers/net/netmsg-transit.test.ts',
    caughtBy:
      'a port that goes down with the node that was sending it is dead for all, and what waited for it is given up',
  },
  {
    name: 'what waits at a port that dies is forgotten',
    harm: 'ports in transit',
    file: 'servers/net/proxy/order.ts',
    text: 'for (const frame of held.values()) net.again.push({ from: origin, frame });',
    planted: 'for (const frame of held.values()) void [origin, frame];',
    caughtIn: 'test/servers/net/netmsg-transit.test.ts',
    caughtBy: 'what waits its turn behind a large message is given up with its rights when the port dies',
  },
  {
    name: 'what a dead node had not acknowledged is forgotten',
    harm: 'ports in transit',
    file: 'servers/net/proxy/channels.ts',
    text: 'discard(net, landMessage(net, withoutPorts(message), MACH_PORT_NULL, COPY_SEND));',
    planted: 'void [withoutPorts, message];',
    caughtIn: 'test/servers/net/netmsg-transit.test.ts',
    caughtBy:
      'what a node that dies had not acknowledged is given up whatever way it went, and its rights count no more',
  },
];

const FORWARDING: readonly Fault[] = [
  {
    name: 'what came while a port was closed is not forwarded',
    harm: 'forwarding',
    file: 'servers/net/proxy/outward.ts',
    text:
      '  for (const frame of record.limbo ?? []) net.again.push({ from: frame.origin, frame });\n};\n\n' +
      '/** What of our own waited',
    planted: '};\n\n/** What of our own waited',
    caughtIn: 'test/simulation.test.ts',
    caughtBy: 'the simulator finds all invariants held while tasks move',
  },
  {
    name: 'a port that comes home takes back what its owner already had',
    harm: 'forwarding',
    file: 'servers/net/proxy/inward.ts',
    text: 'if (frame.seq < next) release(net, frame.freight);',
    planted: 'if (frame.seq < 0) release(net, frame.freight);',
    caughtIn: 'test/servers/net/netmsg-moves.test.ts',
    caughtBy: 'a receive right that moves to another node takes back exactly what its owner had not taken',
  },
  {
    name: 'what waits for another channel does not wait',
    harm: 'forwarding',
    file: 'servers/net/proxy/order.ts',
    text: 'record.after = [...record.after.filter((each) => each.from !== from), ...merged];',
    planted: 'void merged;',
    caughtIn: 'test/servers/migration/order.test.ts',
    caughtBy: 'the order of a sender that moves is that of its sends: ab, to a third node',
  },
  {
    name: 'a moved port forgets whom it has already heard',
    harm: 'forwarding',
    file: 'servers/net/proxy/inward.ts',
    text: 'record.channels.set(node, { chan, next, limit: next + net.limits.credit, held: new Map() });',
    planted: 'record.channels.set(node, { chan, next: next + 1, limit: next + net.limits.credit, held: new Map() });',
    caughtIn: 'test/servers/migration/move.test.ts',
    caughtBy: 'a task that serves clients answers as before when it has moved, and its pages follow',
  },
  {
    name: 'what a lost carrier had is not sent again',
    harm: 'sessions',
    file: 'servers/net/session/lane.ts',
    text: 'this.#cursor = this.#base;\n  }',
    planted: 'void this.#base;\n  }',
    caughtIn: 'test/servers/net/session-delivery.test.ts',
    caughtBy: 'delivery over carriers that are cut is exactly once, in the order of each lane (seed 1)',
  },
];

const COMMIT: readonly Fault[] = [
  {
    name: 'the move is decided though the journal refuses',
    harm: 'commit',
    file: 'servers/migration/source.ts',
    text: 'return fail(sys, s, move, `the decision cannot be journalled: $' + '{why}`);',
    planted: 'void why;',
    caughtIn: 'test/servers/migration/move.test.ts',
    caughtBy: 'a task that serves clients goes on at the source if the decision cannot be written down',
  },
  {
    name: 'the source takes the task back after the decision',
    harm: 'commit',
    file: 'servers/migration/machine.ts',
    text: ".with([{ phase: P.union('staging', 'preparing', 'deciding') }, { type: 'failed' }]",
    planted: ".with([{ phase: P.union('staging', 'preparing', 'deciding', 'committed') }, { type: 'failed' }]",
    caughtIn: 'test/servers/migration/machine.test.ts',
    caughtBy: 'a move does in committed what the table says, for every event',
  },
  {
    name: 'a move that is called off loses what was queued',
    harm: 'commit',
    file: 'servers/net/proxy/outward.ts',
    text: 'capsule.messages.map((parcel) => deliveryOf(parcel, record.name)),',
    planted: '[],',
    caughtIn: 'test/simulation.test.ts',
    caughtBy: 'the simulator finds all invariants held while tasks move',
  },
];

/** All of them. */
export const FAULTS: readonly Fault[] = [
  ...RIGHTS,
  ...QUEUES,
  ...MEMORY,
  ...FORWARDING,
  ...TRANSIT,
  ...COMMIT,
  ...KERNEL_FAULTS,
  ...PROGRAM_FAULTS,
];
