/** A row of numbers in an arena that grows at its end. Its address never changes; its items move when it doubles. */
import type { Address, Arena } from './arena.ts';
import { ArenaError } from './arena.ts';
import { record } from './record.ts';

const head = record({ length: 'u32', capacity: 'u32', items: 'address' });
const CAPACITY_MIN = 6;

/** A new, empty vector. */
export const makeVector = (arena: Arena): Address => head.make(arena);

/** Numbers in it. */
export const vectorLength = (arena: Arena, vector: Address): number => head.get(arena, vector, 'length');

/** The number at an index. */
export const vectorAt = (arena: Arena, vector: Address, index: number): number =>
  arena.getF64(itemAt(arena, vector, index));

/** Replaces the number at an index. */
export const setVectorAt = (arena: Arena, vector: Address, index: number, value: number): void =>
  arena.setF64(itemAt(arena, vector, index), value);

/** Adds a number at the end; answers its index. */
export const pushVector = (arena: Arena, vector: Address, value: number): number => {
  const length = vectorLength(arena, vector);
  if (length === head.get(arena, vector, 'capacity')) widen(arena, vector, length);
  head.set(arena, vector, 'length', length + 1);
  arena.setF64(itemAt(arena, vector, length), value);
  return length;
};

/** Gives the vector back. */
export const freeVector = (arena: Arena, vector: Address): void => {
  const items = head.get(arena, vector, 'items');
  if (items !== 0) arena.free(items);
  arena.free(vector);
};

const itemAt = (arena: Arena, vector: Address, index: number): Address => {
  if (!(Number.isInteger(index) && index >= 0 && index < vectorLength(arena, vector))) {
    throw new ArenaError(`a vector has no item ${index}`);
  }
  return head.get(arena, vector, 'items') + index * 8;
};

const widen = (arena: Arena, vector: Address, length: number): void => {
  const old = head.get(arena, vector, 'items');
  const items = arena.alloc(Math.max(CAPACITY_MIN, length * 2) * 8);
  if (old !== 0) {
    arena.write(items, arena.read(old, length * 8));
    arena.free(old);
  }
  head.set(arena, vector, 'items', items);
  head.set(arena, vector, 'capacity', Math.floor(arena.sizeOf(items) / 8));
};
