/**
 * A value in few characters, for people. It looks and never runs anything: no accessor, no `toString`, no iterator of
 * the value itself. What is heavy is abbreviated, with its size.
 */
import { Bytes } from '../ports/bytes.ts';
import { LOCAL_TEXT_MAX } from './interface/inspect.ts';

/** Parts of a list or an object that are shown, and how deep. */
const PARTS_MAX = 6;
const DEPTH_MAX = 2;
/** Characters of a string within something else. */
const TEXT_MAX = 40;

/** Says what a number is besides: the kind of right that has it as its name. */
export type KindOf = (value: number) => string | null;

/** Shows a value in at most `LOCAL_TEXT_MAX` characters. */
export const render = (value: unknown, kindOf: KindOf): string => cut(shown(value, kindOf, 0), LOCAL_TEXT_MAX);

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

const shown = (value: unknown, kindOf: KindOf, depth: number): string => {
  switch (typeof value) {
    case 'string':
      return textShown(value, depth === 0 ? LOCAL_TEXT_MAX : TEXT_MAX);
    case 'number': {
      const kind = kindOf(value);
      const text = Object.is(value, -0) ? '-0' : String(value);
      return kind === null ? text : `${text} (name: ${kind})`;
    }
    case 'bigint':
      return `${cut(String(value), TEXT_MAX)}n`;
    case 'symbol':
      return 'symbol';
    case 'function':
      return `function ${textOf(value, 'name')}`.trim();
    case 'object':
      return value === null ? 'null' : objectShown(value, kindOf, depth);
    default:
      return String(value);
  }
};

const textShown = (text: string, length: number): string =>
  text.length <= length - 2
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, Math.max(8, length - 30)))}… (${text.length} characters)`;

const objectShown = (value: object, kindOf: KindOf, depth: number): string => {
  if (value instanceof Bytes) return `Bytes(${value.length})`;
  if (ArrayBuffer.isView(value)) return `${classOf(value)}(${value.byteLength} bytes)`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer(${value.byteLength} bytes)`;
  if (value instanceof Map || value instanceof Set) return `${classOf(value)}(${value.size})`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Error) return `${classOf(value)}: ${cut(textOf(value, 'message'), TEXT_MAX)}`;
  if (Array.isArray(value)) return listShown(value, kindOf, depth);
  const name = classOf(value);
  const label = name === 'Object' || name === '' ? '' : `${name} `;
  const keys = Object.keys(value);
  if (depth >= DEPTH_MAX) return `${label}{${keys.length === 0 ? '' : `… ${keys.length}`}}`;
  const parts = keys.slice(0, PARTS_MAX).map((key) => {
    const held = Object.getOwnPropertyDescriptor(value, key);
    return `${key}: ${held !== undefined && 'value' in held ? shown(held.value, kindOf, depth + 1) : 'accessor'}`;
  });
  const rest = keys.length > PARTS_MAX ? [`… ${keys.length - PARTS_MAX} more`] : [];
  return `${label}{ ${[...parts, ...rest].join(', ')} }`.replace('{  }', '{}');
};

const listShown = (list: readonly unknown[], kindOf: KindOf, depth: number): string => {
  const { length } = list;
  if (depth >= DEPTH_MAX) return `Array(${length})`;
  const parts: string[] = [];
  for (let at = 0; at < Math.min(length, PARTS_MAX); at += 1) {
    const held = Object.getOwnPropertyDescriptor(list, at);
    parts.push(held !== undefined && 'value' in held ? shown(held.value, kindOf, depth + 1) : '');
  }
  return length > PARTS_MAX ? `Array(${length}) [${parts.join(', ')}, …]` : `[${parts.join(', ')}]`;
};

/** The name of a value's class, without running anything of it. */
const classOf = (value: object): string => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (typeof prototype !== 'object' || prototype === null) return '';
  const made = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  return typeof made === 'function' ? textOf(made, 'name') : '';
};

const textOf = (value: object, key: string): string => {
  const held = Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
  return typeof held === 'string' ? held : '';
};
