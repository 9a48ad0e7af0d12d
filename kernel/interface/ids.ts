/**
 * The message form of the kernel calls: the number of each request (its reply has that number + 100), what its fields
 * must be, and which of them are rights, carried as descriptors in this order. Numbers that Mach has are Mach's.
 */
import { admitBody, BodyRefusal } from '../../ports/body.ts';
import { Bytes } from '../../ports/bytes.ts';
import { OOL_PORTS_MAX } from '../../ports/limits.ts';
import type { KernelRequest, RightArgument } from './calls.ts';

/** What a field may hold. `?` fields may be absent. */
export type FieldKind = 'number' | 'kind' | 'boolean' | 'string' | 'bytes' | 'any';

/** One call in message form. */
export interface CallForm {
  readonly id: number;
  readonly fields: Readonly<Record<string, FieldKind | `${FieldKind}?`>>;
  /** Fields that are rights; one ending in `[]` takes all that are left. */
  readonly rights: readonly string[];
}

type Op = KernelRequest['op'];

const form = (id: number, fields: CallForm['fields'] = {}, rights: readonly string[] = []): CallForm => ({
  id,
  fields,
  rights,
});

const NAME = { name: 'number' } as const;
const RANGE = { address: 'number', size: 'number' } as const;
const EXTENT = { offset: 'number', size: 'number' } as const;
const ATTRIBUTES = { may_cache: 'boolean', copy_strategy: 'string' } as const;
const DATA = { offset: 'number', data: 'bytes?', lock: 'number' } as const;

/** Every call. Adding one to `KernelRequest` does not compile until it has a form. */
export const CALL_FORMS: Readonly<Record<Op, CallForm>> = {
  port_names: form(3200),
  port_type: form(3201, NAME),
  port_rename: form(3202, { old: 'number', new: 'number' }),
  port_allocate_name: form(3203, { right: 'kind', name: 'number' }),
  port_allocate: form(3204, { right: 'kind' }),
  port_destroy: form(3205, NAME),
  port_deallocate: form(3206, NAME),
  port_get_refs: form(3207, { name: 'number', right: 'kind' }),
  port_mod_refs: form(3208, { name: 'number', right: 'kind', delta: 'number' }),
  port_set_qlimit: form(3210, { name: 'number', qlimit: 'number' }),
  port_set_mscount: form(3211, { name: 'number', mscount: 'number' }),
  port_get_set_status: form(3212, NAME),
  port_move_member: form(3213, { member: 'number', after: 'number' }),
  port_request_notification: form(3214, { name: 'number', kind: 'kind', sync: 'number' }, ['notify']),
  port_insert_right: form(3215, NAME, ['right']),
  port_extract_right: form(3216, { name: 'number', disposition: 'number' }),
  port_get_status: form(3217, NAME),
  port_set_seqno: form(3218, { name: 'number', seqno: 'number' }),
  port_set_payload: form(3221, { name: 'number', payload: 'number' }),
  port_clear_payload: form(3222, NAME),
  port_insert_member: form(3223, { member: 'number', set: 'number' }),
  port_extract_member: form(3224, { member: 'number', set: 'number' }),
  port_peek: form(3225, NAME),
  reply_port: form(3226),
  port_construct: form(3227, { flags: 'any', qlimit: 'number?', context: 'number?' }),
  port_destruct: form(3228, { name: 'number', srdelta: 'number', guard: 'number' }),
  port_guard: form(3229, { name: 'number', guard: 'number', strict: 'boolean?' }),
  port_unguard: form(3230, { name: 'number', guard: 'number' }),
  port_swap_guard: form(3231, { name: 'number', old: 'number', new: 'number' }),
  port_set_context: form(3232, { name: 'number', context: 'number' }),
  port_get_context: form(3233, NAME),
  port_get_attributes: form(3234, { name: 'number', flavor: 'kind', count: 'number?' }),
  port_set_attributes: form(3235, { name: 'number', flavor: 'kind', info: 'any' }),
  task_create: form(2000, { inherit: 'boolean', name: 'string?' }),
  task_terminate: form(2001),
  task_threads: form(2003),
  thread_terminate: form(2005),
  ports_register: form(2010, {}, ['ports[]']),
  ports_lookup: form(2011),
  task_suspend: form(2012),
  task_resume: form(2013),
  get_special_port: form(2014, { which: 'kind' }),
  set_special_port: form(2015, { which: 'kind' }, ['right']),
  thread_create: form(2016, { program: 'string?', args: 'any?' }),
  thread_suspend: form(2017),
  thread_resume: form(2018),
  thread_abort: form(2019),
  vm_allocate: form(2021, { size: 'number', address: 'number?', anywhere: 'boolean' }),
  vm_deallocate: form(2023, RANGE),
  vm_protect: form(2024, { ...RANGE, protection: 'number', setMaximum: 'boolean' }),
  vm_inherit: form(2025, { ...RANGE, inheritance: 'kind' }),
  vm_read: form(2026, RANGE),
  vm_write: form(2027, { address: 'number', bytes: 'bytes' }),
  vm_copy: form(2028, { from: 'number', size: 'number', to: 'number' }),
  vm_region: form(2029, { address: 'number' }),
  vm_map: form(
    2030,
    {
      size: 'number',
      address: 'number?',
      anywhere: 'boolean',
      offset: 'number',
      copy: 'boolean',
      protection: 'number',
      maxProtection: 'number',
      inheritance: 'kind',
    },
    ['object'],
  ),
  vm_set_size_limit: form(2031, { current: 'number', max: 'number' }, ['host']),
  vm_get_size_limit: form(2032),
  task_info: form(2033),
  task_self: form(2034),
  task_token: form(2035),
  thread_self: form(2036),
  thread_info: form(2037),
  thread_get_state: form(2038, { flavor: 'string' }),
  thread_set_state: form(2039, { flavor: 'string', value: 'any' }),
  thread_get_stack: form(2047),
  thread_get_locals: form(2048, { frame: 'number' }),
  task_freeze: form(2040),
  task_thaw: form(2041),
  task_describe: form(2042),
  task_detach: form(2043),
  task_supply: form(2044, { object: 'number', pages: 'any' }),
  husk_restore: form(2050, { image: 'any' }, ['rights[]']),
  husk_read: form(2051, { object: 'number', page: 'number', count: 'number', wait: 'boolean' }),
  husk_release: form(2052),
  husk_pages: form(2053, { object: 'number' }),
  memory_object_create_proxy: form(
    2046,
    { protection: 'number', offset: 'number', start: 'number', length: 'number' },
    ['object'],
  ),
  memory_object_ready: form(2250, { ...ATTRIBUTES, cluster: 'number?' }),
  memory_object_data_supply: form(2251, { ...DATA, precious: 'boolean' }, ['reply']),
  memory_object_data_unavailable: form(2252, EXTENT),
  memory_object_data_error: form(2253, { ...EXTENT, reason: 'any?' }),
  memory_object_lock_request: form(2254, { ...EXTENT, should_return: 'string', flush: 'boolean', lock: 'number' }, [
    'reply',
  ]),
  memory_object_change_attributes: form(2255, ATTRIBUTES, ['reply']),
  memory_object_destroy: form(2256, { reason: 'any?' }),
  memory_object_complete: form(2257),
  memory_object_set_attributes: form(2258, { ...ATTRIBUTES, object_ready: 'boolean' }),
  memory_object_get_attributes: form(2259),
  memory_object_data_provided: form(2260, DATA),
  host_info: form(2600),
  host_tasks: form(2601),
  host_programs: form(2602, { programs: 'any' }),
  host_events: form(2603, { ring: 'string', since: 'number' }),
  host_run: form(2604, { program: 'string', hash: 'string?', args: 'any', name: 'string' }, ['rights[]']),
  host_check: form(2607, { image: 'any' }),
  host_frozen: form(2608),
  host_stacks: form(2609, { task: 'string' }),
  host_census: form(2611, { sites: 'string' }),
  host_locals: form(2610, { task: 'string', thread: 'number', frame: 'number' }),
  task_attach: form(2605, { image: 'any' }, ['rights[]']),
  vm_set_default_memory_manager: form(2606, {}, ['pager']),
};

const BY_ID: ReadonlyMap<number, Op> = new Map(Object.entries(CALL_FORMS).map(([op, { id }]) => [id, op as Op]));

/** Reads a request out of a message: its number and body. `null` for an unknown number, false for bad arguments. */
export const decodeRequest = (id: number, body: unknown): KernelRequest | null | false => {
  const op = BY_ID.get(id);
  if (op === undefined) return null;
  const given = (body ?? {}) as Record<string, unknown>;
  if (typeof given !== 'object') return false;
  const request: Record<string, unknown> = { op };
  for (const [field, kind] of Object.entries(CALL_FORMS[op].fields)) {
    const value = Object.hasOwn(given, field) ? given[field] : undefined;
    if (value === undefined && kind.endsWith('?')) continue;
    if (!holds(value, kind.replace('?', '') as FieldKind)) return false;
    request[field] = value;
  }
  return request as unknown as KernelRequest;
};

/**
 * A request of a program as data: the fields of its form and the rights, each read once. `null` for an unknown call,
 * false for bad arguments or a request that cannot be read.
 */
export const readRequest = (given: unknown): KernelRequest | null | false => {
  try {
    const fields = given as Record<string, unknown>;
    const op = fields['op'];
    if (typeof op !== 'string' || !Object.hasOwn(CALL_FORMS, op)) return null;
    const form = CALL_FORMS[op as Op];
    const request: Record<string, unknown> = { op };
    for (const field of Object.keys(form.fields)) {
      const kind = form.fields[field] as string;
      const value = fields[field];
      if (value === undefined && kind.endsWith('?')) continue;
      if (!holds(value, kind.replace('?', '') as FieldKind)) return false;
      const isFree = typeof value === 'object' && value !== null && kind.startsWith('any');
      const data = isFree ? admitBody(value) : value;
      if (data instanceof BodyRefusal || typeof data === 'function' || typeof data === 'symbol') return false;
      request[field] = data;
    }
    for (const field of form.rights) {
      const isList = field.endsWith('[]');
      const name = isList ? field.slice(0, -2) : field;
      const value = fields[name];
      if (value === undefined || value === null) continue;
      const right = isList ? readRights(value) : readRight(value);
      if (right === null) return false;
      request[name] = right;
    }
    return request as unknown as KernelRequest;
  } catch {
    return false;
  }
};

const readRight = (given: unknown): RightArgument | null => {
  if (typeof given !== 'object' || given === null) return null;
  const { name, disposition } = given as Record<string, unknown>;
  if (typeof name !== 'number' || typeof disposition !== 'number') return null;
  return { name: name as RightArgument['name'], disposition };
};

const readRights = (given: unknown): RightArgument[] | null => {
  if (!Array.isArray(given) || given.length > OOL_PORTS_MAX) return null;
  const rights: RightArgument[] = [];
  for (let i = 0; i < given.length; i += 1) {
    const right = readRight(given[i]);
    if (right === null) return null;
    rights.push(right);
  }
  return rights;
};

const holds = (value: unknown, kind: FieldKind): boolean => {
  switch (kind) {
    case 'number':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'kind':
      return typeof value === 'number' || typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'bytes':
      return value instanceof Uint8Array || (typeof value === 'object' && value !== null && Bytes.is(value));
    case 'any':
      return true;
  }
};
