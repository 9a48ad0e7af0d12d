/** What becomes of an answer: a plain object for a trap, a reply message for a request that came as one. */

import type { Body } from '../../ports/body.ts';
import { destroyItems, destroyRight } from '../../ports/fate.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import { type Carried, land } from '../../ports/name-calls.ts';
import { type Item, Message } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { PORT_SEND_ONCE } from '../../ports/right.ts';
import type { Space } from '../../ports/space.ts';
import type { Answer } from '../interface/calls.ts';
import type { Kernel } from '../kernel.ts';
import type { GivenRight, Served } from './request.ts';

/** The answer of a trap: rights become names of `space`. */
export const answerOf = (space: Space, served: Served): Answer => {
  const answer: Record<string, unknown> = { kr: served.kr, ...served.fields };
  for (const given of served.rights ?? []) {
    const name = land(space, given.right);
    if (typeof name === 'string') answer['kr'] = name;
    else put(answer, given, name);
  }
  return answer as unknown as Answer;
};

/** Puts the name of a right into the field that it is for. */
export const put = (answer: Record<string, unknown>, given: Pick<GivenRight, 'field' | 'list'>, name: number): void => {
  if (!given.list) answer[given.field] = name;
  else answer[given.field] = [...((answer[given.field] as number[] | undefined) ?? []), name];
};

/**
 * Answers a request message: `retcode` and the fields in the body, the rights as descriptors, `rights` naming their
 * fields. The request is used up. Without a reply right the rights of the answer are destroyed.
 */
export const deliverReply = (kernel: Kernel, request: Message, served: Served): void => {
  const { reply, localType } = request;
  request.reply = null;
  destroyItems(kernel.ipc, request);
  if (reply === null) {
    for (const { right } of served.rights ?? []) destroyRight(kernel.ipc, right.port, right.type);
    return;
  }
  const fields = (served.rights ?? []).map(({ field, list }) => (list ? `${field}[]` : field));
  const body = { retcode: served.kr, ...served.fields, ...(fields.length > 0 ? { rights: fields } : {}) } as Body;
  const message = new Message(request.id + 100, body, reply, localType === 0 ? PORT_SEND_ONCE : localType, null);
  message.cause = request.cause;
  if (served.rights !== undefined) message.items = served.rights.map(({ right }) => item(right));
  deliver(kernel.ipc, message);
};

const item = (right: Carried): Item => ({ kind: 'port', type: right.type, name: MACH_PORT_NULL, port: right.port });
