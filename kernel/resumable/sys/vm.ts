/** `sys.vm`: the task's memory. Each call may wait for a page; the program does not notice. */
import type { PortName } from '../../../ports/name.ts';
import type { Inheritance } from '../../interface/calls.ts';
import type { ProgramMemory } from '../../program.ts';
import type { Range, Window, WindowMode } from '../../vm/window.ts';
import { KCall } from '../call.ts';
import { type Box, box } from './box.ts';
import { type Promised, promised } from './promised.ts';
import { fieldOf, onSelf } from './rpc.ts';

/** Where memory is allocated. */
export interface AllocateOptions {
  /** The address; the kernel chooses, if absent. */
  readonly address?: number;
}

/** How a memory object is mapped. */
export interface MapOptions extends AllocateOptions {
  readonly size: number;
  /** Send right to the object's pager. */
  readonly object: PortName;
  /** First byte of the object that is mapped. */
  readonly offset?: number;
  /** Private from the first write on. */
  readonly copy?: boolean;
  /** An or of READ 1, WRITE 2, EXECUTE 4; 3 if absent. */
  readonly protection?: number;
  readonly inheritance?: Inheritance;
}

/** One region of memory, as the kernel tells it. */
export interface RegionInfo {
  readonly address: number;
  readonly size: number;
  readonly [field: string]: unknown;
}

/** Numbers are little-endian, addresses and sizes in bytes. */
export interface SysMemory {
  getU8(address: number): Promised<number>;
  getU32(address: number): Promised<number>;
  getI32(address: number): Promised<number>;
  getF64(address: number): Promised<number>;
  setU8(address: number, value: number): Promised<void>;
  /** Also for negative numbers. */
  setU32(address: number, value: number): Promised<void>;
  setF64(address: number, value: number): Promised<void>;
  /** A copy of `size` bytes. */
  read(address: number, size: number): Promised<Uint8Array>;
  /** Writes all bytes or none. */
  write(address: number, bytes: Uint8Array): Promised<void>;
  /** A copy of a range. */
  window(range: Range, mode: 'read'): Promised<Uint8Array>;
  /**
   * Shows a range to `use`, a plain function, whose value is the call's. It may run again from its beginning after a
   * page fault elsewhere in it, and must not keep the window.
   */
  window<T>(range: Range, mode: WindowMode, use: (window: Window) => T): Promised<T>;
  /**
   * Lets `use`, a plain function, work on the memory by its accessors; its value is the call's. A page fault in it is
   * waited for, and `use` runs again from its beginning: first it touches what it needs, then it changes something
   * (see "Restartable handlers" in `kernel/README.md`).
   */
  run<T>(use: (memory: ProgramMemory) => T): Promised<T>;
  /** Zero-filled memory: its address. */
  allocate(size: number, options?: AllocateOptions): Promised<number>;
  deallocate(address: number, size: number): Promised<void>;
  /** `protection`: an or of READ 1, WRITE 2, EXECUTE 4. */
  protect(address: number, size: number, protection: number): Promised<void>;
  inherit(address: number, size: number, inheritance: Inheritance): Promised<void>;
  copy(from: number, size: number, to: number): Promised<void>;
  /** The region at `address` or the next one above it. */
  region(address: number): Promised<RegionInfo>;
  /** Maps a memory object: its address. */
  map(options: MapOptions): Promised<number>;
  /**
   * Stores a graph of data in memory of its own, and answers the handle: only that is in the thread's image, and the
   * graph moves when it is opened. Calls in progress are no data; everything else that an image may hold is.
   */
  box<T>(graph: T): Promised<Box<T>>;
}

const call = <T>(op: string, a: unknown, b?: unknown, c?: unknown): Promised<T> => promised(new KCall(op, a, b, c));

/** See `SysMemory`. */
export const vm: SysMemory = Object.freeze({
  getU8: (address: number): Promised<number> => call('getU8', address),
  getU32: (address: number): Promised<number> => call('getU32', address),
  getI32: (address: number): Promised<number> => call('getI32', address),
  getF64: (address: number): Promised<number> => call('getF64', address),
  setU8: (address: number, value: number): Promised<void> => call('setU8', address, value),
  setU32: (address: number, value: number): Promised<void> => call('setU32', address, value),
  setF64: (address: number, value: number): Promised<void> => call('setF64', address, value),
  read: (address: number, size: number): Promised<Uint8Array> => call('read', address, size),
  write: (address: number, bytes: Uint8Array): Promised<void> => call('write', address, bytes),
  window: <T>(range: Range, mode: WindowMode, use?: (window: Window) => T): Promised<T> =>
    call('window', range, mode, use),
  run: <T>(use: (memory: ProgramMemory) => T): Promised<T> => call('run', use),
  allocate: (size: number, options: AllocateOptions = {}): Promised<number> =>
    promised(fieldOf({ op: 'vm_allocate', size, anywhere: options.address === undefined, ...options }, 'address')),
  deallocate: (address: number, size: number): Promised<void> =>
    promised(onSelf({ op: 'vm_deallocate', address, size })),
  protect: (address: number, size: number, protection: number): Promised<void> =>
    promised(onSelf({ op: 'vm_protect', address, size, protection, setMaximum: false })),
  inherit: (address: number, size: number, inheritance: Inheritance): Promised<void> =>
    promised(onSelf({ op: 'vm_inherit', address, size, inheritance })),
  copy: (from: number, size: number, to: number): Promised<void> => promised(onSelf({ op: 'vm_copy', from, size, to })),
  region: (address: number): Promised<RegionInfo> => promised(onSelf({ op: 'vm_region', address })),
  map: (options: MapOptions): Promised<number> => promised(fieldOf(mapRequest(options), 'address')),
  box,
});

const mapRequest = ({ size, object, address, offset, copy, protection, inheritance }: MapOptions): object => ({
  op: 'vm_map',
  size,
  ...(address === undefined ? {} : { address }),
  anywhere: address === undefined,
  offset: offset ?? 0,
  copy: copy ?? false,
  protection: protection ?? 3,
  maxProtection: 7,
  inheritance: inheritance ?? 'COPY',
  object: { name: object, disposition: 19 },
});
