import type { ProgramMemory } from '../../kernel/program.ts';
import type { TaskMemory } from './memory.ts';

/** The part of a task's memory that holds the index. */
export class Arena implements TaskMemory {
  readonly #memory: ProgramMemory;
  readonly #base: number;

  constructor(memory: ProgramMemory, base: number) {
    this.#memory = memory;
    this.#base = base;
  }

  getU8(address: number): number {
    return this.#memory.getU8(this.#base + address);
  }

  getU32(address: number): number {
    return this.#memory.getU32(this.#base + address);
  }

  setU8(address: number, value: number): void {
    this.#memory.setU8(this.#base + address, value);
  }

  setU32(address: number, value: number): void {
    this.#memory.setU32(this.#base + address, value);
  }

  copyIn(address: number, bytes: Uint8Array): void {
    this.#memory.write(this.#base + address, bytes);
  }

  copyOut(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#memory.read(this.#base + address, bytes);
    return bytes;
  }
}
