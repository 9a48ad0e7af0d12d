/** What may happen to the maps of the model test, and the pager that some of them show. */
import fc from 'fast-check';
import type { PagerControl } from '../../../kernel/vm/control.ts';
import type { MapCopy } from '../../../kernel/vm/map-copy.ts';
import type { MemoryObject } from '../../../kernel/vm/object.ts';
import { type CopyStrategy, type Inheritance, PAGE } from '../../../kernel/vm/page.ts';
import type { Pager } from '../../../kernel/vm/pager.ts';

/** Pages that the operations are about, and tasks. */
export const SPAN = 8;
export const TASKS = 3;

/** The content of a page, wherever it is seen. */
export interface Cell {
  bytes: Uint8Array;
}

/** A pager that answers at once, and keeps what is returned. */
export class Store implements Pager {
  readonly cells: Map<number, Cell> = new Map();
  readonly strategy: CopyStrategy;
  control: PagerControl | null = null;
  readonly #stored: Map<number, Uint8Array> = new Map();

  constructor(strategy: CopyStrategy) {
    this.strategy = strategy;
  }

  cell(page: number): Cell {
    let cell = this.cells.get(page);
    if (cell === undefined) {
      cell = { bytes: page % 3 === 2 ? new Uint8Array(PAGE) : new Uint8Array(PAGE).fill(100 + page) };
      this.cells.set(page, cell);
      this.#stored.set(page, cell.bytes.slice());
    }
    return cell;
  }

  init(): void {}

  dataRequest(_: MemoryObject, offset: number, length: number): void {
    for (let at = offset; at < offset + length; at += PAGE) {
      this.cell(at / PAGE);
      const bytes = this.#stored.get(at / PAGE);
      if (bytes === undefined || (bytes.every((byte) => byte === 0) && at % 2 === 0)) {
        this.control?.unavailable(at, PAGE);
      } else this.control?.supply(at, bytes, at % (5 * PAGE) === 0 ? 2 : 0, at % (7 * PAGE) === 0);
    }
  }

  dataUnlock(_: MemoryObject, offset: number, length: number): void {
    this.control?.lockRequest(offset, length, 'NONE', false, 0);
  }

  dataReturn(_: MemoryObject, offset: number, data: MapCopy): void {
    const bytes = new Uint8Array(data.size);
    data.readInto(bytes);
    for (let at = 0; at < data.size; at += PAGE) this.#stored.set((offset + at) / PAGE, bytes.slice(at, at + PAGE));
    data.release();
  }

  terminate(): void {
    this.control = null;
  }
}

interface Range {
  readonly task: number;
  readonly page: number;
  readonly count: number;
}

/** Something that happens to a task. */
export type Operation =
  | ({ readonly op: 'allocate' } & Range)
  | ({ readonly op: 'deallocate' } & Range)
  | ({ readonly op: 'evict' } & Range)
  | ({ readonly op: 'protect'; readonly protection: number } & Range)
  | ({ readonly op: 'inherit'; readonly how: Inheritance } & Range)
  | ({ readonly op: 'copy'; readonly to: number; readonly skip: number } & Range)
  | ({ readonly op: 'send'; readonly to: number; readonly at: number; readonly fate: 'keep' | 'deallocate' } & Range)
  | ({ readonly op: 'map'; readonly store: number; readonly offset: number; readonly share: 'share' | 'copy' } & Range)
  | {
      readonly op: 'write';
      readonly task: number;
      readonly page: number;
      readonly skip: number;
      readonly length: number;
      readonly byte: number;
    }
  | { readonly op: 'poke'; readonly task: number; readonly page: number; readonly skip: number; readonly byte: number }
  | { readonly op: 'peek'; readonly page: number }
  | { readonly op: 'fork'; readonly task: number; readonly to: number }
  | { readonly op: 'exit' | 'move'; readonly task: number };

const page = fc.nat(SPAN - 1);
const task = fc.nat(TASKS - 1);
const byte = fc.nat(255);
const range = { task, page, count: fc.integer({ min: 1, max: 5 }) };
const is = <Op extends Operation['op']>(op: Op): fc.Arbitrary<Op> => fc.constant(op);

const poke = fc.record({ op: is('poke'), task, page, skip: fc.constantFrom(0, 0, 77), byte });
const peek = fc.record({ op: is('peek'), page });
const fates = fc.constantFrom<('keep' | 'deallocate')[]>('keep', 'deallocate');
const shares = fc.constantFrom<('share' | 'copy')[]>('share', 'copy');
const inheritances = fc.constantFrom<Inheritance[]>('SHARE', 'COPY', 'NONE');

/** Operations of all kinds, equally often. */
const kinds: readonly fc.Arbitrary<Operation>[] = [
  fc.record({ op: is('allocate'), ...range }),
  fc.record({ op: is('deallocate'), ...range }),
  fc.record({ op: is('protect'), ...range, protection: fc.constantFrom(0, 1, 3) }),
  fc.record({ op: is('inherit'), ...range, how: inheritances }),
  fc.record({ op: is('write'), task, page, skip: fc.nat(PAGE), length: fc.nat(9000), byte }),
  poke,
  poke,
  peek,
  peek,
  fc.record({ op: is('copy'), ...range, to: page, skip: fc.constantFrom(0, 0, 0, 17) }),
  fc.record({ op: is('send'), ...range, to: task, at: page, fate: fates }),
  fc.record({ op: is('fork'), task, to: task }),
  fc.record({ op: is('exit'), task }),
  fc.record({ op: is('map'), ...range, store: fc.nat(2), offset: fc.nat(6), share: shares }),
  fc.record({ op: is('evict'), ...range }),
  fc.record({ op: is('move'), task }),
];

/** Operations of all kinds. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(...kinds);

const isRare = (op: Operation['op']): boolean => ['deallocate', 'exit', 'protect', 'inherit', 'map'].includes(op);

/** Operations that need many frames: little is given up, much is written, copied and evicted. */
export const needy: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 1, arbitrary: operation },
  { weight: 6, arbitrary: operation.filter(({ op }) => !isRare(op)) },
  { weight: 2, arbitrary: fc.record({ op: is('evict'), ...range }) },
  { weight: 2, arbitrary: fc.record({ op: is('allocate'), ...range }) },
);
