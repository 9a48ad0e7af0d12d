/** The kernel's messages to external pagers, as FORMAT.md shows them: by name, with fields. */
import {
  MEMORY_OBJECT_CHANGE_COMPLETED,
  MEMORY_OBJECT_COPY,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_RETURN,
  MEMORY_OBJECT_DATA_UNLOCK,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_LOCK_COMPLETED,
  MEMORY_OBJECT_SUPPLY_COMPLETED,
  MEMORY_OBJECT_TERMINATE,
} from '../../kernel/interface/pager.ts';
import { Bytes } from '../../ports/bytes.ts';
import type { Answer } from './driver.ts';
import { isObject } from './scenario.ts';

/** What a message is called, and which fields its rights are, in order. */
interface Form {
  readonly name: string;
  readonly rights: readonly string[];
}

const form = (name: string, ...rights: readonly string[]): Form => ({ name: `memory_object_${name}`, rights });

const FORMS: ReadonlyMap<number | string, Form> = new Map([
  [MEMORY_OBJECT_INIT, form('init', 'control', 'name')],
  [MEMORY_OBJECT_TERMINATE, form('terminate', 'control', 'name')],
  [MEMORY_OBJECT_COPY, form('copy', 'control', 'new_object')],
  [MEMORY_OBJECT_DATA_REQUEST, form('data_request', 'control')],
  [MEMORY_OBJECT_DATA_UNLOCK, form('data_unlock', 'control')],
  [MEMORY_OBJECT_LOCK_COMPLETED, form('lock_completed', 'control')],
  [MEMORY_OBJECT_SUPPLY_COMPLETED, form('supply_completed', 'control')],
  [MEMORY_OBJECT_DATA_RETURN, form('data_return', 'control')],
  [MEMORY_OBJECT_CHANGE_COMPLETED, form('change_completed')],
]);

/** `id` and `fields` of such a message; undefined for any other. `rights`: the names of its descriptors. */
export const pagerMessage = (
  id: number | string,
  body: unknown,
  rights: readonly unknown[],
  access: (bits: unknown) => unknown,
): { readonly id: string; readonly fields: Answer } | undefined => {
  const found = FORMS.get(id);
  if (found === undefined) return undefined;
  const plain = Object.entries(isObject(body) ? body : {}).map(([key, value]) => {
    if (key === 'access') return [key, access(value)];
    return [key, value instanceof Bytes ? value.toUint8Array() : value];
  });
  const names = found.rights.map((field, index) => [field, rights[index]]);
  return { id: found.name, fields: Object.fromEntries([...plain, ...names]) };
};
