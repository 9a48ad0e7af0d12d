/** What a handler does to an arena happens once and whole, whichever of its touches faults. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, Arena, ArenaError, type ArenaHandle, arenaHandle } from '../../../kernel/arena/arena.ts';
import { record } from '../../../kernel/arena/record.ts';
import { deleteText, forEachText, getText, makeTextMap, setText, textMapSize } from '../../../kernel/arena/text-map.ts';
import {
  freeVector,
  makeVector,
  pushVector,
  setVectorAt,
  vectorAt,
  vectorLength,
} from '../../../kernel/arena/vector.ts';
import { isFault } from '../../../kernel/vm/access.ts';
import { everything } from './everything.ts';
import { UnkindMemory } from './unkind-memory.ts';

/** Runs a handler as the kernel does, and commits. */
const run = <T>(memory: UnkindMemory, handle: ArenaHandle, handler: (arena: Arena) => T): T => {
  for (;;) {
    try {
      const arena = new Arena(memory, handle);
      const result = handler(arena);
      arena.commit();
      return result;
    } catch (thrown) {
      if (!isFault(thrown)) throw thrown;
    }
  }
};

const fresh = (growth = 8192) => {
  const memory = new UnkindMemory();
  const handle = arenaHandle({ growth });
  return { memory, handle, run: <T>(handler: (arena: Arena) => T): T => run(memory, handle, handler) };
};

describe('a handler over an arena', () => {
  it('does the same whichever of its touches faults', () => {
    const kind = fresh();
    const unkind = fresh();
    let attempts = 0;
    for (let round = 0; round < 12; round += 1) {
      unkind.memory.evictAll();
      const expected = kind.run(everything(round));
      const before = JSON.stringify(unkind.handle);
      let touches = 0;
      // The handler runs as often as it has touches, and each time a later one faults; only the last run gets through.
      for (let isDone = false; !isDone; touches += 1) {
        const changes = unkind.memory.changes;
        const first = unkind.memory.touches;
        unkind.memory.unkind = (touch) => touch - first === touches + 1;
        try {
          const arena = new Arena(unkind.memory, unkind.handle);
          expect(everything(round)(arena)).toBe(expected);
          arena.commit();
          isDone = true;
        } catch (thrown) {
          if (!isFault(thrown)) throw thrown;
          expect(unkind.memory.changes).toBe(changes); // nothing has happened
        }
      }
      attempts += touches;
      expect(unkind.memory.image()).toBe(kind.memory.image());
      expect(JSON.parse(before).extents.length).toBeLessThanOrEqual(unkind.handle.extents.length);
    }
    expect(attempts).toBeGreaterThan(300);
    expect(unkind.handle).toEqual(kind.handle);
  });

  it('does the same when its task was moved before every step, and its handle with it', () => {
    const still = fresh();
    const moved = fresh();
    let handle = moved.handle;
    for (let round = 0; round < 40; round += 1) {
      moved.memory.evictAll();
      handle = JSON.parse(JSON.stringify(handle)) as ArenaHandle;
      expect(run(moved.memory, handle, everything(round))).toBe(still.run(everything(round)));
    }
    expect(moved.memory.image()).toBe(still.memory.image());
    expect(moved.memory.faults).toBeGreaterThan(40);
  });

  it('has done nothing if it does not commit', () => {
    const { memory, handle, run: act } = fresh();
    act(everything(0));
    const before = memory.image();
    everything(1)(new Arena(new Proxied(memory), handle));
    expect(memory.image()).toBe(before);
  });

  it('is over when it has committed', () => {
    const { memory, handle } = fresh();
    run(memory, handle, () => undefined);
    const arena = new Arena(new Proxied(memory), handle);
    arena.commit();
    for (const late of [() => arena.root, () => arena.alloc(8), () => arena.commit()]) {
      expect(late).toThrow('the arena has been committed');
    }
  });
});

/** The same memory, all of whose pages are there. */
class Proxied extends UnkindMemory {
  readonly #memory: UnkindMemory;

  constructor(memory: UnkindMemory) {
    super();
    this.#memory = memory;
  }

  override get vm(): this {
    return new Proxy(this, {
      get: (_, name) => {
        const act = Reflect.get(this.#memory, name) as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          for (;;) {
            try {
              return act.apply(this.#memory, args);
            } catch (thrown) {
              if (!isFault(thrown)) throw thrown;
            }
          }
        };
      },
    });
  }
}

describe('an arena', () => {
  it.each([
    0, 4096,
  ])('hands out blocks that do not overlap, and uses again what comes back; gaps of %d bytes', (gap) => {
    const operation = fc.oneof(
      fc.record({ alloc: fc.oneof(fc.nat(100), fc.nat(20000)), byte: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ free: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const { memory, run: act } = fresh(4096);
        memory.gap = gap;
        const blocks: { at: Address; length: number; byte: number }[] = [];
        for (const each of operations) {
          if ('alloc' in each) {
            const at = act((arena) => {
              const block = arena.alloc(each.alloc);
              expect(arena.read(block, each.alloc).every((byte) => byte === 0)).toBe(true);
              expect([block % 8, arena.sizeOf(block) >= each.alloc]).toEqual([0, true]);
              arena.write(block, new Uint8Array(each.alloc).fill(each.byte));
              return block;
            });
            blocks.push({ at, length: each.alloc, byte: each.byte });
          } else if (blocks.length > 0) {
            const [gone] = blocks.splice(each.free % blocks.length, 1);
            if (gone !== undefined) act((arena) => arena.free(gone.at));
          }
        }
        for (const { at, length, byte } of blocks) {
          expect(act((arena) => arena.read(at, length)).every((each) => each === byte)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('needs no more memory to do the same again', () => {
    const { handle, run: act } = fresh(4096);
    for (let round = 0; round < 50; round += 1) act((arena) => arena.free(arena.alloc(1000)));
    expect(handle.extents.length).toBe(1);
  });

  it('refuses what is no block, no size, or too much', () => {
    const { memory, handle, run: act } = fresh();
    const block = act((arena) => arena.alloc(8));
    act((arena) => arena.free(block));
    for (const wrong of [block, block + 1, block + 8, 0, -8, 1e15]) {
      expect(() => act((arena) => arena.free(wrong))).toThrow(ArenaError);
    }
    for (const size of [-1, 0.5, Number.NaN, 2 ** 45])
      expect(() => act((arena) => arena.alloc(size))).toThrow(ArenaError);
    memory.call = () => ({ kr: 'KERN_NO_SPACE' });
    expect(() => run(memory, handle, (arena) => arena.alloc(1 << 20))).toThrow(
      'no memory for the arena: KERN_NO_SPACE',
    );
  });
});

describe('a record', () => {
  const shape = record({ flag: 'u8', count: 'u32', ratio: 'f64', next: 'address', last: 'u8' });

  it('keeps each field apart from the others', () => {
    const values = { flag: 255, count: 0xffffffff, ratio: Math.PI, next: 2 ** 40 - 8, last: 7 };
    const { run: act } = fresh();
    const at = act((arena) => shape.make(arena, values));
    const seen = act((arena) =>
      Object.fromEntries(Object.keys(values).map((name) => [name, shape.get(arena, at, name as keyof typeof values)])),
    );
    expect(seen).toEqual(values);
    expect(shape.size).toBe(25);
  });

  it('is 0 where nothing was given, and has no other fields', () => {
    const { run: act } = fresh();
    expect(act((arena) => shape.get(arena, shape.make(arena), 'ratio'))).toBe(0);
    expect(() => act((arena) => shape.get(arena, shape.make(arena), 'other' as 'flag'))).toThrow('no field "other"');
  });
});

describe('a vector', () => {
  it('is an array that grows at its end', () => {
    const { run: act } = fresh();
    const vector = act(makeVector);
    for (let index = 0; index < 100; index += 1) {
      expect(act((arena) => pushVector(arena, vector, index * 0.5))).toBe(index);
    }
    act((arena) => setVectorAt(arena, vector, 3, -1));
    const seen = act((arena) =>
      Array.from({ length: vectorLength(arena, vector) }, (_, index) => vectorAt(arena, vector, index)),
    );
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => (index === 3 ? -1 : index * 0.5)));
    expect(() => act((arena) => vectorAt(arena, vector, 100))).toThrow('a vector has no item 100');
    act((arena) => freeVector(arena, vector));
    expect(act(makeVector)).toBe(vector);
  });
});

describe('a map of texts', () => {
  it('is what a Map is', () => {
    const key = fc.oneof(fc.constantFrom('a', 'b', 'ß', ''), fc.string({ maxLength: 3 }));
    const operation = fc.oneof(
      fc.record({ set: key, value: fc.double({ noNaN: true }) }),
      fc.record({ set: fc.nat(60).map((n) => `k${n}`), value: fc.nat() }),
      fc.record({ remove: key }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
        const { run: act } = fresh();
        const model = new Map<string, number>();
        const map = act(makeTextMap);
        const wellFormed = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text));
        act((arena) => {
          model.clear();
          for (const each of operations) {
            if ('set' in each) {
              setText(arena, map, each.set, each.value);
              model.set(wellFormed(each.set), each.value);
            } else {
              expect(deleteText(arena, map, each.remove)).toBe(model.delete(wellFormed(each.remove)));
            }
          }
        });
        const seen = new Map<string, number>();
        act((arena) => forEachText(arena, map, (text, value) => seen.set(text, value)));
        expect(seen).toEqual(model);
        expect(act((arena) => textMapSize(arena, map))).toBe(model.size);
        expect(act((arena) => getText(arena, map, 'not there'))).toBe(null);
      }),
      { numRuns: 50 },
    );
  });
});
