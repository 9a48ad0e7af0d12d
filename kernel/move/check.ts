/** Reads an image that came from another kernel: every field is looked at before anything is built from it. */
import * as v from 'valibot';
import type { TaskImage } from '../interface/image.ts';
import { memoryImage } from './check-memory.ts';

const index = v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(1 << 22));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const nameLike = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));

/** Heaps of one image: one for each codec among the programs of a task. */
const HEAPS_MAX = 16;

const entry = v.object({
  name: nameLike,
  type: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31)),
  urefs: count,
  receive: index,
  seqno: count,
  mscount: count,
  payload: v.nullable(v.number()),
  guard: v.exactOptional(
    v.object({ context: v.number(), isGuarded: v.boolean(), isStrict: v.boolean(), isImmovable: v.boolean() }),
  ),
  send: index,
  pset: nameLike,
  request: index,
});

const item = v.variant('kind', [
  v.object({ kind: v.literal('port'), type: v.number(), right: index }),
  v.object({ kind: v.literal('ool_ports'), type: v.number(), rights: v.array(index) }),
  v.object({ kind: v.literal('ool'), size: count, copy: index }),
]);

const send = v.object({
  id: v.number(),
  body: v.unknown(),
  dest: index,
  destType: v.picklist([17, 18]),
  reply: index,
  replyType: v.picklist([0, 17, 18]),
  items: v.array(item),
});

const thread = v.object({
  program: v.string(),
  hash: v.string(),
  state: v.record(v.string(), v.unknown()),
  heap: v.optional(v.pipe(count, v.maxValue(HEAPS_MAX))),
  run: v.picklist(['runnable', 'waiting']),
  waitsFor: v.picklist(['none', 'send', 'receive', 'page', 'state']),
  suspendCount: count,
  register: v.unknown(),
  isInterrupted: v.boolean(),
  remainingMs: v.nullable(v.pipe(v.number(), v.minValue(0))),
  parked: v.looseObject({
    op: v.picklist(['none', 'msg', 'kernel', 'pause', 'yield', 'exit']),
    receive: v.number(),
    port: nameLike,
  }),
  result: v.looseObject({
    kr: v.union([v.string(), v.number()]),
    message: v.nullable(v.looseObject({ id: v.number() })),
    sender: v.nullable(v.string()),
    returned: v.boolean(),
  }),
  send: v.nullable(send),
  kernelPort: index,
  self: index,
  exceptionPort: index,
});

const image = v.object({
  version: v.literal(1),
  name: v.string(),
  identity: v.string(),
  suspendCount: count,
  entries: v.array(entry),
  freeNames: v.array(nameLike),
  threads: v.array(thread),
  heaps: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(HEAPS_MAX))),
  kernelPort: index,
  self: index,
  exceptionPort: index,
  bootstrapPort: index,
  registered: v.array(index),
  memory: memoryImage,
});

/** The image in a body, or why it is none. */
export const readTaskImage = (body: unknown): TaskImage | string => {
  const read = v.safeParse(image, body);
  if (read.success) return read.output as unknown as TaskImage;
  const issue = read.issues[0];
  return `${v.getDotPath(issue) ?? 'image'}: ${issue.message}`;
};
