/**
 * Send-once rights between nodes. The exporter keeps the right; the importer has a port that lives for one message,
 * which it hands over whatever it is: a reply, or the notification that the right was given up.
 */
import { NOTIFY_SEND_ONCE } from '../../../ports/fate.ts';
import { MACH_PORT_NULL } from '../../../ports/name.ts';
import { MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { bring, laden, unclaim } from '../freight/claims.ts';
import { dropSend, type Effect, type Net, post } from '../netmsg-state.ts';
import type { NodeId, Parcel } from '../protocol.ts';
import type { Frame } from '../tables/frames.ts';
import type { ExportedOnce, ImportedOnce } from '../tables/onces.ts';
import { discard, landMessage } from './inward.ts';
import { commitEffects, encodeParcel, giveUpParcel } from './outward.ts';

type OnceFrame = Extract<Frame, { kind: `once${string}` }>;

/** The port of an imported send-once right has its message. */
export const useOnce = (net: Net, once: ImportedOnce, parcel: Parcel): void => {
  net.onces.dropImported(once);
  if (parcel.id === NOTIFY_SEND_ONCE && parcel.sender === null)
    post(net, once.node, { kind: 'once_gone', once: once.id });
  else {
    const effects: Effect[] = [];
    const sealed = encodeParcel(net, { peer: once.node, until: 'brought' }, parcel, effects);
    if (post(net, once.node, { kind: 'once', once: once.id, ...sealed })) {
      net.counters.sent += 1;
      commitEffects(net, effects, once.node);
    } else {
      giveUpParcel(net, parcel, effects);
      post(net, once.node, { kind: 'once_gone', once: once.id });
    }
  }
  net.sys.call({ op: 'port_mod_refs', name: once.name, right: 'RECEIVE', delta: -1 });
};

/** What a peer says about a send-once right. */
export const noteOnce = (net: Net, from: NodeId, frame: OnceFrame): void => {
  const once = net.onces.exported.get(frame.once);
  switch (frame.kind) {
    case 'once_dead': {
      const imported = net.onces.imported.get(frame.once);
      if (imported !== undefined && imported.node === from) loseOnce(net, imported);
      return;
    }
    case 'once_here':
      if (once === undefined) post(net, from, { kind: 'once_dead', once: frame.once });
      else once.peer = from;
      return;
    case 'once_gone':
      if (once !== undefined) abandonOnce(net, once);
      return;
    case 'once':
      if (bring(net, { from, frame })) deliverOnce(net, once, frame);
      return;
  }
};

const deliverOnce = (net: Net, once: ExportedOnce | undefined, frame: Extract<OnceFrame, { kind: 'once' }>): void => {
  const { freight } = frame;
  if (once !== undefined) net.onces.dropExported(once);
  const delivery = landMessage(net, laden(net, frame), once?.name ?? MACH_PORT_NULL, MOVE_SEND_ONCE);
  unclaim(net, freight);
  if (freight !== null) post(net, freight.node, { kind: 'brought', load: freight.number });
  net.counters.received += 1;
  if (once !== undefined && net.door.forward(delivery, net.watch) === 'MACH_MSG_SUCCESS') return;
  discard(net, delivery);
  if (once !== undefined) dropSend(net, once.name);
};

/** The port behind an imported right is dead, or its node is: holders of the right get a dead name. */
export const loseOnce = (net: Net, once: ImportedOnce): void => {
  net.onces.dropImported(once);
  net.sys.call({ op: 'port_mod_refs', name: once.name, right: 'RECEIVE', delta: -1 });
};

/** The port that an exported right goes to has died. */
export const onceDied = (net: Net, once: ExportedOnce): void => {
  dropSend(net, once.name); // the reference that came with the notification
  if (once.state !== 'out') {
    once.state = 'staged-dead';
    return;
  }
  net.onces.dropExported(once);
  post(net, once.peer, { kind: 'once_dead', once: once.id });
  dropSend(net, once.name);
};

/** The node that had an exported right has died: the right is given up unused. */
export const abandonOnce = (net: Net, once: ExportedOnce): void => {
  net.onces.dropExported(once);
  dropSend(net, once.name);
};
