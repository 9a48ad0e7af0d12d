/** The one codec of resumable threads: all that are in a task become one graph, because they share objects. */
import type { Bytes } from '../../../ports/bytes.ts';
import type { FrozenStates, Program, StateCodec, StateRefusal } from '../../program.ts';
import { Fiber } from '../fiber.ts';
import { Module } from '../module.ts';
import { builtin } from '../sys/builtin.ts';
import { ImageError, ImageRefusal } from './error.ts';
import { freeze, thaw } from './heap.ts';
import { Names } from './names.ts';

/** A program whose code is in modules. */
interface ModularProgram extends Program {
  readonly module: Module;
}

const isModular = (program: Program): program is ModularProgram =>
  'module' in program && program.module instanceof Module;

/** The names that programs have between them, and those of the runtime. */
export const namesOf = (programs: Iterable<Program>): Names => {
  const modules = new Map<string, Module>([[builtin.hash, builtin]]);
  for (const program of programs) {
    if (!isModular(program)) continue;
    for (const [hash, module] of program.module.reachable()) modules.set(hash, module);
  }
  return new Names(modules);
};

/** Freezes and thaws the fibers of resumable programs. */
export const fiberCodec: StateCodec = Object.freeze({
  encode(programs: readonly Program[], states: readonly object[]): FrozenStates | StateRefusal {
    const frozen = freeze(states, namesOf(programs), 'state');
    if (frozen instanceof ImageRefusal) {
      const { code, root, path, why } = frozen;
      return { kind: 'refused', index: root, why: `${path} ${why} (${code})` };
    }
    const { bytes, heaviest } = frozen;
    return {
      kind: 'frozen',
      heap: bytes,
      bytes: bytes.length,
      heaviest: heaviest === null ? null : { index: heaviest.root, path: heaviest.path, bytes: heaviest.bytes },
    };
  },

  decode(programs: readonly Program[], heap: unknown): readonly object[] | string {
    try {
      const states = thaw(heap, namesOf(programs));
      if (states.length !== programs.length) return 'an image of other threads';
      const fibers = states.filter((state) => state instanceof Fiber);
      return fibers.length === states.length ? fibers : 'a thread that is none';
    } catch (thrown) {
      if (thrown instanceof ImageError) return thrown.message;
      throw thrown;
    }
  },
});

/** Data as bytes, by the names of a program; the text of the refusal if it cannot be. */
export const packData = (program: Program, graph: unknown): Bytes | string => {
  const frozen = freeze([graph], namesOf([program]), 'data');
  return frozen instanceof ImageRefusal ? frozen.toString() : frozen.bytes;
};

/** The data that `packData` made bytes of. Throws an ImageError if it did not. */
export const unpackData = (program: Program, bytes: Bytes): unknown => thaw(bytes, namesOf([program]))[0];
