import { describe, expect, it } from 'vitest';
import type { MemoryImage, TaskImage } from '../../kernel/interface/image.ts';
import { readTaskImage } from '../../kernel/move/check.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { MOVE_RECEIVE, MOVE_SEND } from '../../ports/right.ts';
import { nameOf, PAGE, pagedScene, pageOf } from './pager-scene.ts';

type Region = MemoryImage['regions'][number];
type MemoryObject = MemoryImage['objects'][number];

const object = (id: number, more: Partial<MemoryObject> = {}): MemoryObject => ({
  id,
  pages: 4,
  own: 0,
  kind: 'anonymous',
  shadow: null,
  copy: null,
  isShared: false,
  isSnapshot: false,
  references: 1,
  ...more,
});

const region = (start: number, more: Partial<Region> = {}): Region => ({
  start: start * PAGE,
  end: (start + 2) * PAGE,
  object: 1,
  page: 0,
  protection: 3,
  max: 7,
  inheritance: 'COPY',
  needsCopy: false,
  ...more,
});

const image = (memory: Partial<MemoryImage>): unknown => ({
  version: 1,
  name: 'task',
  identity: 'k/1',
  suspendCount: 0,
  entries: [],
  freeNames: [],
  threads: [],
  kernelPort: -1,
  self: -1,
  exceptionPort: -1,
  bootstrapPort: -1,
  registered: [],
  memory: {
    objects: [object(1)],
    regions: [region(16)],
    copies: [],
    sizeLimit: { current: 2 ** 40, max: 2 ** 40 },
    ...memory,
  },
});

const copy = (size: number, more: Partial<MemoryImage['copies'][number]> = {}): MemoryImage['copies'][number] => ({
  size,
  offset: 0,
  pieces: [{ object: 1, page: 0, pages: 2 }],
  ...more,
});

const on = (id: number, page = 0) => ({ object: id, page });

describe('the memory of an image', () => {
  it('is read if everything in it fits together', () => {
    const objects = [
      object(1, { copy: 2 }),
      object(2, { shadow: on(1), isSnapshot: true }),
      object(3, { shadow: on(2) }),
    ];
    const regions = [region(16), region(18, { object: 2, needsCopy: true }), region(30, { object: 3, page: 1 })];
    const pieces = [
      { object: 3, page: 1, pages: 3 },
      { object: 1, page: 0, pages: 1 },
    ];
    const copies = [copy(3 * PAGE + 1, { offset: 8, pieces }), copy(0, { pieces: [] })];
    const memory = { objects, regions, copies };
    expect(readTaskImage(image(memory))).toMatchObject({ memory });
    expect(readTaskImage(image({}))).toMatchObject({ memory: { copies: [] } });
  });

  it.each<readonly [string, Partial<MemoryImage>]>([
    ['an object twice', { objects: [object(1), object(1)] }],
    ['a shadow of nothing', { objects: [object(1, { shadow: on(9) })] }],
    ['an object that shadows itself', { objects: [object(1, { shadow: on(1) })] }],
    ['an object that shadows a later one', { objects: [object(1, { shadow: on(2) }), object(2)] }],
    ['a copy that is not there', { objects: [object(1, { copy: 2 })] }],
    ['a copy of something else', { objects: [object(1, { copy: 2 }), object(2)] }],
    ['a region of no object', { regions: [region(16, { object: 5 })] }],
    ['regions that overlap', { regions: [region(16), region(17)] }],
    ['regions out of order', { regions: [region(20), region(16)] }],
    ['an empty region', { regions: [region(16, { end: 16 * PAGE })] }],
    ['a region between pages', { regions: [region(16, { start: 16 * PAGE + 1 })] }],
    ['a region at page 0', { regions: [region(0)] }],
    ['a region beyond the end', { regions: [region(16, { end: 2 ** 41 })] }],
    ['a strange protection', { regions: [region(16, { protection: 8 })] }],
    ['a strange inheritance', { regions: [region(16, { inheritance: 'SOME' as never })] }],
    ['a page that no object has', { regions: [region(16, { page: 2 ** 40 })] }],
    ['an object without size', { objects: [object(1, { pages: Number.NaN })] }],
    ['an object of a pager', { objects: [object(1, { kind: 'named' })] }],
    ['no list of snapshots', { copies: undefined as never }],
    ['a snapshot of no object', { copies: [copy(2 * PAGE, { pieces: [{ object: 5, page: 0, pages: 2 }] })] }],
    ['a snapshot beyond its object', { copies: [copy(2 * PAGE, { pieces: [{ object: 1, page: 3, pages: 2 }] })] }],
    ['a snapshot that lacks pages', { copies: [copy(3 * PAGE)] }],
    ['a snapshot that lacks its last byte', { copies: [copy(2 * PAGE, { offset: 1 })] }],
    ['a snapshot of more than its data', { copies: [copy(PAGE)] }],
    ['a snapshot that begins behind its first page', { copies: [copy(PAGE, { offset: PAGE })] }],
    ['a snapshot of negative size', { copies: [copy(-1, { pieces: [] })] }],
    ['no size limit', { sizeLimit: null as never }],
  ])('with %s is refused', (_, memory) => {
    expect(readTaskImage(image(memory))).toBeTypeOf('string');
  });
});

describe('a husk', () => {
  it('keeps what it has left behind, whoever shared it goes, and is whole when it is put together again', async () => {
    const { lab, host, mover } = await pagedScene();
    const at = (await mover.call({ op: 'vm_allocate', size: 3 * PAGE, anywhere: true }))['address'] as number;
    await mover.call({ op: 'vm_write', address: at, bytes: pageOf(1, 3) });
    const child = nameOf(await mover.call({ op: 'task_create', inherit: true }));
    const port = nameOf(await host.kernelCall(mover.task, { op: 'port_extract_right', name: child, disposition: 19 }));
    await host.kernelCall(port, { op: 'vm_write', address: at + PAGE, bytes: pageOf(2) });
    await host.kernelCall(port, { op: 'task_freeze' });
    const detached = await host.kernelCall(port, { op: 'task_detach' });
    const [husk = portName(0), ...rights] = detached['rights'] as PortName[];
    const { memory } = detached['image'] as TaskImage;
    const pages = async (): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const { id } of memory.objects) {
        const { pages: read } = await host.kernelCall(husk, {
          op: 'husk_read',
          wait: false,
          object: id,
          page: 0,
          count: 3,
        });
        found.push(
          ...(read as { page: number; bytes: { at(index: number): number } }[]).map(({ page, bytes }) => [
            memory.objects.findIndex((each) => each.id === id),
            page,
            bytes.at(0),
          ]),
        );
      }
      return found;
    };
    const before = await pages();
    expect(before).toHaveLength(4);
    await host.kernelCall(mover.task, { op: 'task_terminate' });
    expect(await pages()).toEqual(before);
    const { kernelPort } = detached['image'] as TaskImage;
    const dispositions = rights.map((name, index) => ({
      name,
      disposition: index === kernelPort ? MOVE_RECEIVE : MOVE_SEND,
    }));
    const restore = { op: 'husk_restore', image: detached['image'], rights: dispositions };
    const again = nameOf(await host.kernelCall(husk, restore as never));
    await host.kernelCall(again, { op: 'task_thaw' });
    const { bytes } = await host.kernelCall(again, { op: 'vm_read', address: at, size: 3 * PAGE });
    expect(Buffer.compare(bytes as Uint8Array, Buffer.concat([pageOf(1), pageOf(2), pageOf(1)]))).toBe(0);
    await host.kernelCall(again, { op: 'task_terminate' });
    expect(lab.kernel.pool.resident).toBe(0);
  });

  it('is not made of a task that shares memory, or has a pager of its own', async () => {
    const { host, mover } = await pagedScene();
    const at = (await mover.call({ op: 'vm_allocate', size: PAGE, anywhere: true }))['address'] as number;
    await mover.call({ op: 'vm_inherit', address: at, size: PAGE, inheritance: 'SHARE' });
    const child = nameOf(await mover.call({ op: 'task_create', inherit: true }));
    const refused = await host.kernelCall(mover.task, { op: 'task_freeze' });
    expect(refused).toMatchObject({ kr: 'KERN_FAILURE', blockers: [expect.stringContaining('shared')] });
    const port = nameOf(await host.kernelCall(mover.task, { op: 'port_extract_right', name: child, disposition: 19 }));
    await host.kernelCall(port, { op: 'task_terminate' });
    expect((await host.kernelCall(mover.task, { op: 'task_freeze' })).kr).toBe('KERN_SUCCESS');
  });
});
