/**
 * Boxes: graphs of data in pages of the task's memory. A thread's image holds the handle alone, so what is in a box
 * moves as memory does, when it is touched. Written by the codec of images; what comes out is a copy each time, so that
 * a program cannot tell whether it has been moved in between.
 */
import { Bytes, viewOfBytes } from '../../../ports/bytes.ts';
import { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import { runningThread } from '../register.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { type Promised, promised } from './promised.ts';
import { fieldOf, onSelf } from './rpc.ts';

/** The box is free, and holds nothing. */
export const E_BOX_FREE = 'E_BOX_FREE';
/** Something in a graph cannot be stored; `why` has the path to it. */
export const E_BOX_REFUSED = 'E_BOX_REFUSED';

/** A program that can make bytes of data, and data of bytes (`ResumableProgram`). */
interface Packing {
  /** A refusal is its text. */
  pack(graph: unknown): Bytes | string;
  /** Throws an `ImageError` if the bytes are none of `pack`. */
  unpack(bytes: Bytes): unknown;
}

const packer = (what: string): Packing => runningThread(what).program as unknown as Packing;

const packed = (what: string, graph: unknown): Bytes => {
  const bytes = packer(what).pack(graph);
  if (typeof bytes === 'string') throw new SysError(E_BOX_REFUSED, what, bytes);
  return bytes;
};

const PAGE = 4096;
/** Bytes of memory that so many bytes take. */
const extent = (size: number): number => Math.ceil(size / PAGE) * PAGE;

/** A graph in memory. Made by `sys.vm.box`. */
export class Box<T = unknown> {
  address: number;
  /** Bytes of the graph; 0 once it is free. */
  size: number;
  /** What it holds, for the types alone. */
  declare readonly holds?: T;

  constructor(address: number, size: number) {
    this.address = address;
    this.size = size;
  }

  /** A copy of what is in it; its pages come now, if they are elsewhere. Throws E_BOX_FREE. */
  open(): Promised<T> {
    const frame = new Opening();
    frame.box = this;
    return promised(frame);
  }

  /** Puts something else in. What was there goes when that is written. Throws E_BOX_REFUSED, E_BOX_FREE. */
  replace(graph: T): Promised<void> {
    const frame = new Boxing();
    frame.box = this;
    frame.graph = graph;
    return promised(frame);
  }

  /** Gives the memory back. A second time nothing happens. */
  free(): Promised<void> {
    const frame = new Freeing();
    frame.box = this;
    return promised(frame);
  }
}

/** Puts a graph into memory of its own. Throws E_BOX_REFUSED, or the code of the allocation. */
export const box = <T>(graph: T): Promised<Box<T>> => {
  const frame = new Boxing();
  frame.graph = graph;
  return promised(frame);
};

const release = (address: number, size: number): KCall => onSelf({ op: 'vm_deallocate', address, size: extent(size) });

const freed = (what: string): SysError => new SysError(E_BOX_FREE, what, 'it was given back');

/** `sys.vm.box` and `Box.replace`. Memory is taken first and given up last, so a failure in between loses nothing. */
export class Boxing extends Frame {
  box: Box | null = null;
  graph: unknown = undefined;
  bytes: Bytes | null = null;
  address = 0;
  thrown: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case 0:
        if (this.box?.size === 0) throw freed('replace');
        this.bytes = packed('box', this.graph);
        this.graph = undefined;
        this.$n = 1;
        return fieldOf({ op: 'vm_allocate', size: extent(this.bytes.length), anywhere: true }, 'address');
      case 1:
        if (mode !== MODE_NEXT) throw value;
        this.address = value as number;
        this.$n = 2;
        return new KCall('write', this.address, viewOfBytes(this.#bytes), undefined);
      case 2:
        if (mode === MODE_NEXT) return this.#written();
        this.thrown = value;
        this.$n = 3;
        return release(this.address, this.#bytes.length);
      case 3:
        throw this.thrown;
      default:
        this.$n = ENDED;
        if (mode !== MODE_NEXT) throw value;
        return undefined;
    }
  }

  get #bytes(): Bytes {
    return this.bytes ?? Bytes.from([]);
  }

  #written(): unknown {
    const { address, box: old } = this;
    const size = this.#bytes.length;
    this.bytes = null;
    if (old === null) {
      this.$n = ENDED;
      return new Box(address, size);
    }
    const before = release(old.address, old.size);
    old.address = address;
    old.size = size;
    this.$n = 4;
    return before;
  }
}

/** `Box.open`. */
export class Opening extends Frame {
  box: Box | null = null;

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 0 && mode === MODE_NEXT) {
      const { address, size } = this.box ?? new Box(0, 0);
      if (size === 0) throw freed('open');
      this.$n = 1;
      return new KCall('read', address, size, undefined);
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    return packer('open').unpack(Bytes.adopt(value as Uint8Array));
  }
}

/** `Box.free`. */
export class Freeing extends Frame {
  box: Box | null = null;

  override $step(mode: Mode, value: unknown): unknown {
    const { box: old } = this;
    if (this.$n === 0 && mode === MODE_NEXT && old !== null && old.size > 0) {
      const call = release(old.address, old.size);
      old.address = 0;
      old.size = 0;
      this.$n = 1;
      return call;
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    return undefined;
  }
}

handWritten(16, Boxing, { name: 'box', slots: ['box', 'graph', 'bytes', 'address', 'thrown'], states: 5 });
handWritten(17, Opening, { name: 'open', slots: ['box'], states: 2 });
handWritten(18, Freeing, { name: 'free', slots: ['box'], states: 2 });
