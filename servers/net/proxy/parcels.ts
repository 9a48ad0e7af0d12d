/** Messages in netmsg's hands: received, to be sent on or put back with the very rights that netmsg has of them. */
import { releaseItems } from '../../../kernel/interface/subsystem.ts';
import { isName, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { MOVE_SEND, PORT_SEND_ONCE } from '../../../ports/right.ts';
import { dropSend, type Net } from '../netmsg-state.ts';
import type { Delivery, Parcel } from '../protocol.ts';

/** A received message as a parcel: its header is named from the sender's side again. */
export const parcelOf = (message: Received): Parcel => ({
  id: message.id,
  body: message.body,
  reply: message.remote,
  replyType: message.remoteType,
  destType: message.localType,
  items: message.items,
  sender: message.sender === null ? null : message.sender.token,
  cause: message.cause,
});

/** A parcel as it was: with the very rights that netmsg has of it. */
export const deliveryOf = (parcel: Parcel, remote: PortName): Delivery => ({
  draft: {
    remote,
    remoteDisposition: MOVE_SEND,
    local: parcel.reply,
    localDisposition: parcel.replyType,
    id: parcel.id,
    body: parcel.body,
    descriptors: (parcel.items ?? []).map((item) => {
      switch (item.kind) {
        case 'port':
          return { kind: 'port', name: item.name, disposition: item.type };
        case 'ool_ports':
          return { kind: 'ool_ports', names: item.names, disposition: item.type };
        case 'ool':
          return { kind: 'ool', address: item.address, size: item.size, deallocate: true };
      }
    }),
  },
  sender: parcel.sender,
  once: parcel.destType === PORT_SEND_ONCE,
  cause: parcel.cause,
});

/** Gives up all rights and memory of a parcel that goes nowhere. */
export const giveUp = (net: Net, parcel: Parcel): void => {
  releaseItems(net.sys, parcel.items);
  if (isName(parcel.reply)) dropSend(net, parcel.reply);
};
