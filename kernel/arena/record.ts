/** Records in an arena: fields by name, at places that follow from their types alone. */
import type { Address, Arena } from './arena.ts';

/** What a field holds. An address is a number like any other, 0 for none. */
export type FieldType = 'u8' | 'u32' | 'f64' | 'address';

/** The fields of a record, in order. */
export type Fields = Readonly<Record<string, FieldType>>;

/** A kind of record: made once, at module level; it holds nothing. */
export interface RecordType<F extends Fields> {
  /** Bytes of one record. */
  readonly size: number;
  /** A new record; fields that are not given are 0. */
  make(arena: Arena, values?: Partial<Readonly<Record<keyof F, number>>>): Address;
  get(arena: Arena, record: Address, field: keyof F): number;
  set(arena: Arena, record: Address, field: keyof F, value: number): void;
}

const SIZES: Readonly<Record<FieldType, number>> = { u8: 1, u32: 4, f64: 8, address: 8 };

/** Makes a kind of record. */
export const record = <const F extends Fields>(fields: F): RecordType<F> => {
  const places = new Map<keyof F, { readonly at: number; readonly type: FieldType }>();
  let size = 0;
  for (const [name, type] of Object.entries(fields)) {
    const at = Math.ceil(size / SIZES[type]) * SIZES[type];
    places.set(name, { at, type });
    size = at + SIZES[type];
  }
  const place = (field: keyof F): { readonly at: number; readonly type: FieldType } => {
    const found = places.get(field);
    if (found === undefined) throw new TypeError(`a record has no field "${String(field)}"`);
    return found;
  };
  const set = (arena: Arena, at: Address, field: keyof F, value: number): void => {
    const { at: offset, type } = place(field);
    if (type === 'u8') arena.setU8(at + offset, value);
    else if (type === 'u32') arena.setU32(at + offset, value);
    else arena.setF64(at + offset, value);
  };
  return {
    size,
    make: (arena, values = {}) => {
      const at = arena.alloc(size);
      for (const [field, value] of Object.entries(values)) if (typeof value === 'number') set(arena, at, field, value);
      return at;
    },
    get: (arena, at, field) => {
      const { at: offset, type } = place(field);
      if (type === 'u8') return arena.getU8(at + offset);
      return type === 'u32' ? arena.getU32(at + offset) : arena.getF64(at + offset);
    },
    set,
  };
};
