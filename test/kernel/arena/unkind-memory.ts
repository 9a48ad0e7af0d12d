/** A task's memory that faults at the first touch of each page, for reading and for writing, and when it is told to. */
import type { Answer, KernelRequest } from '../../../kernel/interface/calls.ts';
import { PageFault } from '../../../kernel/vm/access.ts';
import { PageWait } from '../../../kernel/vm/wait.ts';

const PAGE = 4096;

/** When a touch faults although it need not. */
export type Unkind = (touch: number) => boolean;

/** Memory by address, and the one call that an arena makes. */
export class UnkindMemory {
  /** Touches of pages so far. */
  touches = 0;
  faults = 0;
  /** Bytes that were changed by `write` or `setU8`. */
  changes = 0;
  unkind: Unkind = () => false;
  /** Extents that the kernel gives are apart, or each behind the last. */
  gap = 0;
  readonly #pages: Map<number, Uint8Array> = new Map();
  /** What each page may be used for at once: a page that is evicted leaves it. */
  readonly #usable: Map<number, 'read' | 'write'> = new Map();
  #next = 0x10000;

  get vm(): this {
    return this;
  }

  call(request: KernelRequest): Answer {
    if (request.op !== 'vm_allocate') throw new Error(`no call but vm_allocate: ${request.op}`);
    const address = this.#next;
    const size = Math.ceil(request.size / PAGE) * PAGE;
    for (let page = address / PAGE; page < (address + size) / PAGE; page += 1)
      this.#pages.set(page, new Uint8Array(PAGE));
    this.#next = address + size + this.gap;
    return { kr: 'KERN_SUCCESS', address };
  }

  /** Every page is elsewhere: each will fault once when it is read, and once more when it is written. */
  evictAll(): void {
    this.#usable.clear();
  }

  /** Everything there is, to compare. */
  image(): string {
    return [...this.#pages].map(([page, bytes]) => `${page}:${Buffer.from(bytes).toString('base64')}`).join('\n');
  }

  #touch(address: number, access: 'read' | 'write'): { readonly bytes: Uint8Array; readonly at: number } {
    const page = Math.floor(address / PAGE);
    const bytes = this.#pages.get(page);
    if (bytes === undefined) throw new RangeError(`nothing is mapped at ${address}`);
    this.touches += 1;
    const usable = this.#usable.get(page);
    // What has been claimed for writing stays until the handler ends: the law that `commit` relies on.
    const isUnkind = usable !== 'write' && this.unkind(this.touches);
    if (isUnkind || (usable !== 'write' && usable !== access)) {
      this.#usable.set(page, access);
      this.faults += 1;
      throw new PageFault(address, access, { wait: new PageWait(page, 1) });
    }
    return { bytes, at: address % PAGE };
  }

  #view(address: number, size: number): DataView {
    if (Math.floor(address / PAGE) !== Math.floor((address + size - 1) / PAGE))
      throw new Error('a number crosses pages');
    const { bytes, at } = this.#touch(address, 'read');
    return new DataView(bytes.buffer, at, size);
  }

  getU8(address: number): number {
    return this.#view(address, 1).getUint8(0);
  }

  getU32(address: number): number {
    return this.#view(address, 4).getUint32(0, true);
  }

  getF64(address: number): number {
    return this.#view(address, 8).getFloat64(0, true);
  }

  setU8(address: number, value: number): void {
    const { bytes, at } = this.#touch(address, 'write');
    if (bytes[at] !== value) this.changes += 1;
    bytes[at] = value;
  }

  read(address: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const { bytes, at } = this.#touch(address + done, 'read');
      const part = bytes.subarray(at, at + target.length - done);
      target.set(part, done);
      done += part.length;
    }
  }

  write(address: number, source: Uint8Array): void {
    for (let done = 0; done < source.length; ) {
      const { bytes, at } = this.#touch(address + done, 'write');
      const count = Math.min(PAGE - at, source.length - done);
      bytes.set(source.subarray(done, done + count), at);
      this.changes += 1;
      done += count;
    }
  }
}
