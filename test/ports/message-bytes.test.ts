/** Messages as bytes, and typed data: what is written is read, and what is wrong has the code that Mach gives it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { introduce } from '../../examples/support/local.ts';
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Draft } from '../../ports/draft.ts';
import { BUFFER_MAX, HEADER_SIZE } from '../../ports/limits.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import {
  COMPLEX,
  draftSize,
  type NameArrays,
  NO_ARRAYS,
  readDraft,
  receivedSize,
  writeDraft,
  writeReceived,
} from '../../ports/wire/message.ts';
import {
  readTyped,
  TYPE_BYTE,
  TYPE_INTEGER_32,
  type TypedItem,
  typedDraft,
  typedReceived,
  writeTyped,
} from '../../ports/wire/typed.ts';

/** Arrays in a memory of their own. */
const arrays = (): NameArrays => {
  const kept: (readonly PortName[])[] = [];
  return {
    load: (address, count) => kept[address / 4096 - 1]?.slice(0, count) ?? null,
    store: (names) => kept.push(names) * 4096,
  };
};

const written = (draft: Draft, memory: NameArrays = NO_ARRAYS): Uint8Array => {
  const octets = writeDraft(draft, memory);
  if (typeof octets === 'string') throw new Error(octets);
  return octets;
};
const view = (octets: Uint8Array): DataView => new DataView(octets.buffer, octets.byteOffset);

const SIMPLE: Draft = { remote: portName(4), remoteDisposition: COPY_SEND, id: -5, body: 'x' };

describe('a message in a buffer', () => {
  const name = fc.integer({ min: 0, max: 0xffffffff }).map(portName);
  const disposition = fc.integer({ min: 16, max: 21 });
  const item = fc.oneof(
    fc.record({ kind: fc.constant('port' as const), name, disposition }),
    fc.record({
      kind: fc.constant('ool' as const),
      address: fc.integer({ min: 0, max: 2 ** 47 }),
      size: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      deallocate: fc.boolean(),
      copy: fc.constantFrom('virtual' as const, 'physical' as const),
    }),
    fc.record({
      kind: fc.constant('ool_ports' as const),
      names: fc.array(name, { minLength: 1 }),
      disposition,
      deallocate: fc.boolean(),
    }),
  );
  const draft = fc.record(
    {
      remote: name,
      remoteDisposition: disposition,
      local: name,
      localDisposition: disposition,
      id: fc.integer(),
      body: fc.jsonValue() as fc.Arbitrary<never>,
      descriptors: fc.array(item, { minLength: 1, maxLength: 5 }),
    },
    { requiredKeys: ['remote', 'remoteDisposition', 'local', 'localDisposition', 'id'] },
  );

  it('is read as it was written, has the size that it is charged, and says so', () => {
    fc.assert(
      fc.property(draft, (given) => {
        const memory = arrays();
        const octets = written(given, memory);
        expect(octets.length).toBe(draftSize(given));
        expect(view(octets).getUint32(4, true)).toBe(octets.length);
        expect(octets.length % 4).toBe(0);
        expect(readDraft(octets, octets.length, memory)).toMatchObject(given as object);
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  it('never makes reading it throw, whatever is in it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 120 }), fc.boolean(), (octets, isComplex) => {
        if (isComplex && octets.length > 3) octets[3] = 0x80;
        const read = readDraft(octets, octets.length, arrays());
        expect(typeof read === 'string' ? read : typeof read.id).toMatch(/^number$|^MACH_SEND_/);
      }),
      { seed: 12, numRuns: 500 },
    );
  });

  const rights: Draft = { ...SIMPLE, descriptors: [{ kind: 'port', name: portName(8), disposition: MAKE_SEND }] };
  const changed = (draft: Draft, at: number, value: number): Uint8Array => {
    const octets = written(draft, arrays());
    octets[at] = value;
    return octets;
  };
  const region: Draft = { ...SIMPLE, descriptors: [{ kind: 'ool', address: 4096, size: 8 }] };
  const array: Draft = {
    ...SIMPLE,
    descriptors: [{ kind: 'ool_ports', names: [portName(8)], disposition: MAKE_SEND }],
  };

  it.each<[string, Uint8Array, number | undefined, string]>([
    ['shorter than a header', written(SIMPLE), HEADER_SIZE - 4, 'MACH_SEND_MSG_TOO_SMALL'],
    ['of no whole number of words', written(SIMPLE), HEADER_SIZE + 2, 'MACH_SEND_MSG_TOO_SMALL'],
    ['of no size at all', written(SIMPLE), Number.NaN, 'MACH_SEND_MSG_TOO_SMALL'],
    ['beyond the maximum', new Uint8Array(BUFFER_MAX + 4), undefined, 'MACH_SEND_NO_BUFFER'],
    ['larger than its buffer', written(SIMPLE), 64, 'MACH_SEND_INVALID_DATA'],
    ['whose body is none', changed(SIMPLE, HEADER_SIZE, 0x3f), undefined, 'MACH_SEND_INVALID_DATA'],
    ['with something behind its body', changed(SIMPLE, 31, 1), undefined, 'MACH_SEND_INVALID_DATA'],
    ['without the count of its descriptors', written(rights), HEADER_SIZE, 'MACH_SEND_MSG_TOO_SMALL'],
    ['that ends in a descriptor', written(rights), HEADER_SIZE + 8, 'MACH_SEND_MSG_TOO_SMALL'],
    ['that ends in one with an address', written(region), HEADER_SIZE + 4 + 12, 'MACH_SEND_MSG_TOO_SMALL'],
    [
      'with a descriptor of unknown type',
      changed(rights, HEADER_SIZE + 4 + 11, 77),
      undefined,
      'MACH_SEND_INVALID_TYPE',
    ],
    ['with an unknown way to copy', changed(region, HEADER_SIZE + 4 + 9, 2), undefined, 'MACH_SEND_INVALID_TYPE'],
    [
      'with an address beyond every space',
      changed(region, HEADER_SIZE + 4 + 6, 1),
      undefined,
      'MACH_SEND_INVALID_MEMORY',
    ],
    ['with too many names in an array', changed(array, HEADER_SIZE + 4 + 14, 2), undefined, 'MACH_SEND_NO_BUFFER'],
    ['whose array cannot be read', written(array, arrays()), undefined, 'MACH_SEND_INVALID_DATA'],
  ])('%s is refused', (_, buffer, size, code) => {
    expect(readDraft(buffer, size)).toBe(code);
  });

  it('says neither its size nor its number: they are not looked at', () => {
    const octets = written(SIMPLE);
    view(octets).setUint32(4, 0, true);
    view(octets).setUint32(16, 12345, true);
    expect(readDraft(octets)).toEqual({ ...SIMPLE, local: MACH_PORT_NULL, localDisposition: 0 });
  });

  it('cannot be written if its arrays have no room', () => {
    expect(writeDraft(array)).toBe('MACH_SEND_INVALID_MEMORY');
  });
});

const scene = () => {
  const pump = { wanted: () => undefined, deadline: () => undefined };
  const kernel = bootKernel({ node: 'here', clock: { now: () => 0 }, pump });
  const sender = new HostTask(kernel, 'sender');
  const receiver = new HostTask(kernel, 'receiver');
  const port = receiver.allocate();
  const right = introduce(receiver.task, port, sender.task);
  const take = (): Received => receiver.sys.poll(port) as Received;
  return { sender, receiver, port, right, take };
};

describe('a received message', () => {
  it('has its size, its rights in their MOVE form, and a trailer behind it', () => {
    const { sender, receiver, port, right, take } = scene();
    const reply = sender.allocate();
    const draft: Draft = {
      remote: right,
      remoteDisposition: COPY_SEND,
      local: reply,
      localDisposition: MAKE_SEND_ONCE,
      id: 7,
      body: { a: 1 },
      descriptors: [{ kind: 'port', name: reply, disposition: MAKE_SEND }],
    };
    sender.sys.send(readDraft(written(draft)) as Draft);
    const size = receiver.sys.call({ op: 'port_peek', name: port })['size'];
    const message = take();
    const octets = writeReceived(message, { trailer: 'SENDER' });
    const words = view(octets);
    expect([size, receivedSize(message), words.getUint32(4, true)]).toEqual(Array(3).fill(draftSize(draft)));
    expect(words.getUint32(0, true)).toBe(COMPLEX + 18 + 17 * 256);
    expect([words.getUint32(8, true), words.getUint32(12, true), words.getUint32(20, true)]).toEqual([
      message.remote,
      port,
      7,
    ]);
    const trailer = draftSize(draft);
    expect([words.getUint32(trailer, true), words.getUint32(trailer + 4, true)]).toEqual([0, octets.length - trailer]);
    expect(words.getUint32(trailer + 8, true)).toBe(0);
    expect(new TextDecoder().decode(octets.subarray(trailer))).toContain(message.sender?.token);
    // What was received can be sent on as it is.
    expect(readDraft(octets, draftSize(draft))).toMatchObject({ remoteDisposition: 18, body: { a: 1 } });
    expect(writeReceived(message).length).toBe(trailer + 8);
    expect(writeReceived(message, { returned: true }).length).toBe(trailer);
  });

  it('fits a buffer of its size, and none of four bytes less', async () => {
    const { sender, receiver, port, right } = scene();
    sender.sys.send({ remote: right, remoteDisposition: COPY_SEND, id: 1, body: 'odd' });
    const size = receiver.sys.call({ op: 'port_peek', name: port })['size'] as number;
    expect(size).toBe(draftSize({ ...SIMPLE, body: 'odd' }));
    expect(size % 4).toBe(0);
  });
});

const typed = (item: Partial<TypedItem>): TypedItem => ({
  name: TYPE_INTEGER_32,
  bits: 32,
  count: 1,
  inline: true,
  deallocate: false,
  unused: 0,
  values: [1],
  address: 0,
  ...item,
});

describe('typed data', () => {
  const element = (bits: number): fc.Arbitrary<number[]> =>
    fc.array(fc.integer({ min: 0, max: 2 ** Math.min(bits, 32) - 1 }), { maxLength: 6 });
  const item = fc.oneof(
    ...[8, 16, 32].map((bits) => element(bits).map((values) => typed({ bits, values, count: values.length }))),
    element(8).map((values) => typed({ name: TYPE_BYTE, bits: 8, count: values.length, values })),
    fc
      .integer({ min: 1, max: 2 ** 40 })
      .map((address) => typed({ inline: false, values: [], address, deallocate: true })),
  );

  it('is read as it was written, long forms too', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (items) => {
        expect(readTyped(writeTyped(items))).toEqual(items);
      }),
      { seed: 13, numRuns: 200 },
    );
    const long = typed({ bits: 8, count: 5000, values: Array(5000).fill(7) });
    expect(readTyped(writeTyped([long]))).toEqual([long]);
  });

  it('carries rights and memory, and arrives with the receiver’s names', () => {
    const { sender, receiver, right, take } = scene();
    const [a, b] = [sender.allocate(), sender.allocate()];
    const address = sender.call({ op: 'vm_allocate', size: 4096, anywhere: true })['address'] as number;
    const memory = arrays();
    const items = [
      typed({ values: [42] }),
      typed({ name: MAKE_SEND, count: 2, values: [a, MACH_PORT_DEAD] }),
      typed({ name: TYPE_BYTE, bits: 8, count: 4096, inline: false, values: [], address }),
      typed({ name: MAKE_SEND, inline: false, values: [], address: memory.store([b]) as number }),
      typed({ name: TYPE_BYTE, bits: 8, count: 3, values: [1, 2, 3] }),
    ];
    sender.sys.send(typedDraft({ remote: right, remoteDisposition: COPY_SEND, id: 1 }, writeTyped(items), memory));
    const message = take();
    const [integer, rights, region, array, bytes] = typedReceived(message, memory);
    expect([integer, bytes]).toEqual([items[0], items[4]]);
    expect(rights).toMatchObject({ name: 17, count: 2, values: [expect.any(Number), MACH_PORT_DEAD] });
    const type = (name: number): unknown => receiver.sys.call({ op: 'port_type', name: portName(name) })['type'];
    expect(type(rights?.values[0] as number)).toEqual(['SEND']);
    expect(region).toMatchObject({ inline: false, deallocate: true, count: 4096 });
    expect(receiver.sys.call({ op: 'vm_region', address: region?.address as number }).kr).toBe('KERN_SUCCESS');
    expect(array).toMatchObject({ name: 17, count: 1 });
    expect(type(memory.load(array?.address as number, 1)?.[0] as number)).toEqual(['SEND']);
  });

  const header = (remote: PortName) => ({ remote, remoteDisposition: COPY_SEND, id: 1 });

  it.each<[string, Uint8Array, string]>([
    ['inline and deallocated', writeTyped([typed({ deallocate: true })]), 'MACH_SEND_INVALID_TYPE'],
    ['with the unused bit', writeTyped([typed({ unused: 1 })]), 'MACH_SEND_INVALID_TYPE'],
    ['a right of eight bits', writeTyped([typed({ name: MAKE_SEND, bits: 8 })]), 'MACH_SEND_INVALID_TYPE'],
    [
      'cut off in its data',
      writeTyped([typed({ count: 2, values: [1, 2] })]).subarray(0, 8),
      'MACH_SEND_MSG_TOO_SMALL',
    ],
    ['cut off in its type', new Uint8Array(3), 'MACH_SEND_MSG_TOO_SMALL'],
    [
      'an array that cannot be read',
      writeTyped([typed({ name: MAKE_SEND, inline: false, values: [], address: 4096 })]),
      'MACH_SEND_INVALID_TYPE',
    ],
  ])('%s is found when the items before it have been taken', (_, octets, code) => {
    const { sender, right, take } = scene();
    const own = sender.allocate();
    const before = writeTyped([typed({ name: MAKE_SEND, values: [own] })]);
    const all = new Uint8Array([...before, ...octets]);
    expect(sender.sys.send(typedDraft(header(right), all, arrays()))).toBe(code);
    expect(take()).toBeNull();
    const status = sender.sys.call({ op: 'port_get_status', name: own });
    expect(status).toMatchObject({ mscount: 1, srights: false }); // made, and destroyed
  });

  it('of a stranger never makes reading it throw, and allocates no more than there is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        const { descriptors = [] } = typedDraft(header(portName(4)), octets, arrays());
        expect(descriptors.length).toBeLessThanOrEqual(octets.length / 4 + 1);
      }),
      { seed: 14, numRuns: 500 },
    );
  });
});
