/** What a puppet sends goes through a buffer, as the message call of a C program would have it. */
import type { Sys } from '../../kernel/program.ts';
import type { Draft } from '../../ports/draft.ts';
import type { MachMsgReturn } from '../../ports/kern-return.ts';
import { BUFFER_MAX, HEADER_SIZE } from '../../ports/limits.ts';
import { portName } from '../../ports/name.ts';
import { COMPLEX, type NameArrays, readDraft, writeDraft } from '../../ports/wire/message.ts';
import { type TypedItem, typedDraft, writeTyped } from '../../ports/wire/typed.ts';
import type { WrittenWords } from './translate.ts';

/** What the case says that the size of the message is. */
export type SendSize = 'header-4' | 'header+2' | 'size' | 'max+4';

/** The part of a message call that only bytes can say. */
export interface BufferPlan {
  readonly sendSize?: SendSize;
  readonly words?: WrittenWords;
  readonly items?: readonly TypedItem[];
}

/** What came out of the buffer, or how it was refused; and the size that it was sent with. */
export interface Buffered {
  readonly draft: Draft | MachMsgReturn;
  readonly size: number;
}

/** Writes a message into a buffer, and reads it as the kernel would. */
export const inBuffer = (sys: Sys, draft: Draft, { sendSize, words = {}, items }: BufferPlan): Buffered => {
  writeNames(sys, draft);
  const arrays = arraysOf(sys);
  if (items !== undefined) {
    const octets = writeTyped(items);
    return { draft: typedDraft(draft, octets, arrays), size: HEADER_SIZE + octets.length };
  }
  const written = writeDraft(draft, arrays);
  if (typeof written === 'string') return { draft: written, size: 0 };
  const size = sizeOf(written.length, sendSize);
  const buffer = padded(written, size);
  putWords(buffer, words);
  return { draft: readDraft(buffer, size, arrays), size };
};

const sizeOf = (size: number, wanted: SendSize = 'size'): number => {
  switch (wanted) {
    case 'header-4':
      return HEADER_SIZE - 4;
    case 'header+2':
      return HEADER_SIZE + 2;
    case 'max+4':
      return BUFFER_MAX + 4;
    case 'size':
      return size;
  }
};

const padded = (octets: Uint8Array, size: number): Uint8Array => {
  if (size <= octets.length) return octets;
  const larger = new Uint8Array(size);
  larger.set(octets);
  return larger;
};

const putWords = (buffer: Uint8Array, { size, seqno, descriptorCount }: WrittenWords): void => {
  const view = new DataView(buffer.buffer, buffer.byteOffset);
  if (size !== undefined) view.setUint32(4, size, true);
  if (seqno !== undefined) view.setUint32(16, seqno, true);
  if (descriptorCount === undefined) return;
  view.setUint32(0, view.getUint32(0, true) | COMPLEX, true);
  view.setUint32(HEADER_SIZE, descriptorCount, true);
};

/** An array of names that the case puts at an address is written there first, as a program would have it. */
const writeNames = ({ vm }: Sys, { descriptors = [] }: Draft): void => {
  for (const item of descriptors) {
    if (item.kind !== 'ool_ports' || item.address === undefined) continue;
    for (const [index, name] of item.names.entries()) vm.setU32(item.address + 4 * index, name);
  }
};

/** Arrays of names in the task's memory. One of which the case does not say where it lies gets a place of its own. */
const arraysOf = (sys: Sys): NameArrays => ({
  load: (address, count) => Array.from({ length: count }, (_, index) => portName(sys.vm.getU32(address + 4 * index))),
  store: (names) => {
    const { address } = sys.call({ op: 'vm_allocate', size: 4 * names.length, anywhere: true });
    if (typeof address !== 'number') return null;
    for (const [index, name] of names.entries()) sys.vm.setU32(address + 4 * index, name);
    return address;
  },
});
