/** The pager server: to a test that plays the kernel, and as the default pager of a kernel's memory. */
import { describe, expect, it } from 'vitest';
import {
  MEMORY_OBJECT_DATA_ERROR,
  MEMORY_OBJECT_DATA_INITIALIZE,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_RETURN,
  MEMORY_OBJECT_DATA_SUPPLY,
  MEMORY_OBJECT_DATA_UNAVAILABLE,
  MEMORY_OBJECT_DESTROY,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_READY,
  MEMORY_OBJECT_TERMINATE,
} from '../../../kernel/interface/pager.ts';
import { terminateTask } from '../../../kernel/lives.ts';
import { setDefaultMemoryManager } from '../../../kernel/serve/default-pager.ts';
import { PageFault } from '../../../kernel/vm/access.ts';
import { AddressMap } from '../../../kernel/vm/address-map.ts';
import { isBlocked } from '../../../kernel/vm/fault.ts';
import { PagePool } from '../../../kernel/vm/pool.ts';
import { Bytes, viewOfBytes } from '../../../ports/bytes.ts';
import type { PortName } from '../../../ports/name.ts';
import { carry } from '../../../ports/name-calls.ts';
import type { Port } from '../../../ports/port.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import { pagerServer } from '../../../servers/pager/pager.ts';
import { pagerService } from '../../../servers/pager/protocol.ts';
import { MemoryPageStore, PAGE_SIZE } from '../../../servers/pager/store.ts';
import { World } from '../../support/two-kernels.ts';
import { addServer, ask, grant, sendTo } from '../server-scene.ts';

const scene = (pages = 64) => {
  const node = new World().node('a');
  const store = new MemoryPageStore(pages);
  const served = addServer(node, pagerServer, (service, task) => {
    task.pinned = 'it holds a store of pages';
    return { service, store };
  });
  const user = node.actor('user');
  const pager = grant(served, user);
  const report = () => ask(user, pager, [pagerService, 'report', null]).value;
  const create = (size: unknown) => ask(user, pager, [pagerService, 'create', { size: size as number }]);
  return { node, store, served, user, pager, report, create };
};

type Scene = ReturnType<typeof scene>;

/** Plays a kernel that maps an object. */
class Mapper {
  readonly #scene: Scene;
  readonly #object: PortName;
  readonly control: PortName;

  constructor(scene: Scene, object: PortName) {
    this.#scene = scene;
    this.#object = object;
    this.control = scene.user.port();
    this.say(MEMORY_OBJECT_INIT, { page_size: PAGE_SIZE }, [sendTo(this.control), sendTo(scene.user.port())]);
  }

  say(id: number, body: object, descriptors = [sendTo(this.control)]): void {
    this.#scene.user.send(this.#object, id, body as never, descriptors);
    this.#scene.node.world.run();
  }

  ask(first: number, count: number): void {
    this.say(MEMORY_OBJECT_DATA_REQUEST, { offset: first * PAGE_SIZE, length: count * PAGE_SIZE, access: 1 });
  }

  give(page: number, ...fill: number[]): void {
    const data = new Uint8Array(fill.length * PAGE_SIZE);
    fill.forEach((byte, index) => data.fill(byte, index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
    const body = { offset: page * PAGE_SIZE, data: Bytes.adopt(data), dirty: true, kernel_copy: false };
    this.say(MEMORY_OBJECT_DATA_RETURN, body);
  }

  /** What the pager has said: `supply 0 [1,2]`. */
  heard(): string[] {
    const words = new Map([
      [MEMORY_OBJECT_READY, 'ready'],
      [MEMORY_OBJECT_DATA_SUPPLY, 'supply'],
      [MEMORY_OBJECT_DATA_UNAVAILABLE, 'unavailable'],
      [MEMORY_OBJECT_DATA_ERROR, 'error'],
      [MEMORY_OBJECT_DESTROY, 'destroy'],
    ]);
    const lines: string[] = [];
    for (let next = this.#scene.user.take(this.control); next !== null; next = this.#scene.user.take(this.control)) {
      const { offset = 0, size = 0, data } = next.body as { offset?: number; size?: number; data?: Bytes };
      const bytes = data === undefined ? null : viewOfBytes(data);
      const pages = bytes === null ? size / PAGE_SIZE : bytes.length / PAGE_SIZE;
      const shown = bytes === null ? '' : ` [${Array.from({ length: pages }, (_, page) => bytes[page * PAGE_SIZE])}]`;
      const range = pages === 0 ? '' : ` ${offset / PAGE_SIZE}+${pages}`;
      lines.push(`${words.get(next.id)}${range}${shown}`);
    }
    return lines;
  }
}

describe('a memory object on request', () => {
  it('is ready when it is mapped, and zero at first', () => {
    const all = scene();
    const kernel = new Mapper(all, all.create(8 * PAGE_SIZE).right);
    kernel.ask(0, 4);
    expect(kernel.heard()).toEqual(['ready', 'unavailable 0+4']);
  });

  it('has what was returned, after it was unmapped and mapped again as well', () => {
    const all = scene();
    const object = all.create(8 * PAGE_SIZE).right;
    const kernel = new Mapper(all, object);
    kernel.give(2, 7, 8);
    kernel.ask(1, 4);
    expect(kernel.heard()).toEqual(['ready', 'unavailable 1+1', 'supply 2+2 [7,8]', 'unavailable 4+1']);
    kernel.say(MEMORY_OBJECT_TERMINATE, {}, []);
    const again = new Mapper(all, object);
    again.ask(3, 1);
    expect(again.heard()).toEqual(['ready', 'supply 3+1 [8]']);
  });

  it('ends at its size', () => {
    const all = scene();
    const kernel = new Mapper(all, all.create(2 * PAGE_SIZE).right);
    kernel.ask(1, 3);
    expect(kernel.heard()).toEqual(['ready', 'unavailable 1+1', 'error 2+2']);
  });

  it('is mapped by one kernel at a time', () => {
    const all = scene();
    const object = all.create(PAGE_SIZE).right;
    const [one, two] = [new Mapper(all, object), new Mapper(all, object)];
    expect([one.heard(), two.heard()]).toEqual([['ready'], ['destroy']]);
  });

  it('goes when nobody has a right to it', () => {
    const all = scene();
    const object = all.create(PAGE_SIZE).right;
    new Mapper(all, object).give(0, 1);
    expect(all.report()).toMatchObject({ named: 1, stored: 1 });
    all.user.call({ op: 'port_deallocate', name: object });
    all.node.world.run();
    expect(all.report()).toMatchObject({ named: 0, stored: 0 });
  });

  it.each([[0], [-1], [0.5], [2 ** 41], ['x'], [undefined]])('of size %j is refused', (size) => {
    expect(scene().create(size).code).toBe('KERN_INVALID_ARGUMENT');
  });

  it('survives nonsense', () => {
    const all = scene();
    const kernel = new Mapper(all, all.create(4 * PAGE_SIZE).right);
    for (const body of [
      null,
      { offset: 1, length: 2 },
      { offset: -4096, length: 4096 },
      { offset: 0 },
      { offset: 'x' },
    ]) {
      kernel.say(MEMORY_OBJECT_DATA_REQUEST, body as object);
      kernel.say(MEMORY_OBJECT_DATA_INITIALIZE, body as object);
    }
    kernel.say(4711, {});
    expect(kernel.heard()).toEqual(['ready']);
    expect(all.report()).toMatchObject({ named: 1, stored: 0 });
  });
});

/** A kernel's memory whose default pager is the server. */
const pagedScene = (frames: number, pages?: number) => {
  const all = scene(pages);
  const { kernel } = all.node;
  const pool = new PagePool(frames);
  const right = carry(all.served.task.space, all.served.service, MAKE_SEND);
  if (typeof right === 'string') throw new Error(right);
  expect(setDefaultMemoryManager(kernel, pool, right.port as Port)).toBe(null);
  const map = new AddressMap(pool);
  /** A handler: run again after each fault, when the world has gone on. */
  const handler = <T>(step: () => T): T => {
    for (;;) {
      try {
        return step();
      } catch (fault) {
        if (!(fault instanceof PageFault)) throw fault;
        if (!isBlocked(fault.outcome)) throw new Error(JSON.stringify(fault.outcome));
        const { wait } = fault.outcome;
        all.node.world.run();
        if (!wait.isOver) throw new Error('nothing has come of waiting');
      }
    }
  };
  return { ...all, pool, map, handler };
};

describe('the default pager of a kernel', () => {
  it('holds what frames do not, and gives it back', () => {
    const { map, handler, pool, report, node } = pagedScene(32, 1000);
    const at = map.allocate(500 * PAGE_SIZE) as number;
    for (let page = 0; page < 500; page += 1) handler(() => map.access.setU32(at + page * PAGE_SIZE, page * 7));
    for (let page = 499; page >= 0; page -= 1) {
      expect(handler(() => map.access.getU32(at + page * PAGE_SIZE))).toBe(page * 7);
    }
    expect(pool.resident).toBeLessThanOrEqual(32);
    node.world.run();
    expect(pool.backing.laundry).toBe(0);
    expect(report()).toMatchObject({ internal: 1, kept: 0, trouble: null });
    expect(report()?.stored).toBeGreaterThan(400);
  });

  it('forgets an object with its memory, and leaves no port behind', () => {
    const { map, handler, report, node } = pagedScene(16);
    node.world.run();
    const before = node.kernel.ipc.ports;
    const at = map.allocate(40 * PAGE_SIZE) as number;
    for (let page = 0; page < 40; page += 1) handler(() => map.access.setU8(at + page * PAGE_SIZE, 1));
    expect(node.kernel.ipc.ports).toBeGreaterThan(before);
    map.destroy();
    node.world.run();
    expect(report()).toMatchObject({ internal: 0, stored: 0 });
    expect(node.kernel.ipc.ports).toBe(before + 1); // the report's reply port
  });

  it('loses nothing when its store is full: memory is refused instead', () => {
    const { map, handler, report } = pagedScene(16, 20);
    const at = map.allocate(400 * PAGE_SIZE) as number;
    let written = 0;
    const fill = (): void => {
      for (; written < 400; written += 1) handler(() => map.access.setU32(at + written * PAGE_SIZE, written + 1));
    };
    expect(fill).toThrow('KERN_RESOURCE_SHORTAGE');
    expect(report()?.trouble).toBe('all 20 pages of the store are in use');
    expect(report()?.kept).toBeGreaterThan(0);
    // Whoever gives some memory up gets at the rest.
    map.deallocate(at + (written - 10) * PAGE_SIZE, 10 * PAGE_SIZE);
    for (let page = 0; page < 4; page += 1) {
      expect(handler(() => map.access.getU32(at + page * PAGE_SIZE))).toBe(page + 1);
    }
  });

  it('that dies takes with it what it had, and no more is given to it', () => {
    const { map, handler, served, node, pool } = pagedScene(16);
    const at = map.allocate(40 * PAGE_SIZE) as number;
    for (let page = 0; page < 40; page += 1) handler(() => map.access.setU8(at + page * PAGE_SIZE, 1));
    terminateTask(served.task);
    node.world.run();
    expect(pool.backing.pager).toBe(null);
    expect(() => handler(() => map.access.getU8(at))).toThrow('KERN_MEMORY_ERROR');
    expect(handler(() => map.access.getU8(at + 39 * PAGE_SIZE))).toBe(1);
  });

  it('is told apart from the one before', () => {
    const { node, pool } = pagedScene(16);
    const before = setDefaultMemoryManager(node.kernel, pool, null);
    expect(before?.srights).toBeGreaterThan(0);
    expect(pool.backing.pager).toBe(null);
  });
});
