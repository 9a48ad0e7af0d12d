/**
 * What a program gives with a trap may be anything. Here it becomes data before the kernel acts on it: each field is
 * read once, a name that is no number is the null name, a time or size that is no number is 0, so that the call
 * answers with the code for that. An accessor of the program's own may throw: to the program, before anything has
 * happened.
 */
import { MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import type { ReceiveOptions, SendOptions } from './program.ts';

/** A name to receive on or to call through. */
export const givenName = (name: PortName): PortName => (typeof name === 'number' && name >= 0 ? name : MACH_PORT_NULL);

const optionalName = (name: PortName | undefined): PortName | undefined =>
  name === undefined ? undefined : givenName(name);

const optionalAmount = (value: number | undefined): number | undefined =>
  value === undefined || (typeof value === 'number' && !Number.isNaN(value)) ? value : 0;

/** The options of a send as data; null without any. */
export const givenSendOptions = (options: SendOptions | null | undefined): SendOptions | null => {
  if (options === null || options === undefined) return null;
  const { timeoutMs, notify, cancel } = options;
  return withoutAbsent({
    timeoutMs: optionalAmount(timeoutMs),
    notify: optionalName(notify),
    cancel: optionalName(cancel),
  });
};

/** The options of a receive as data; null without any. */
export const givenReceiveOptions = (options: ReceiveOptions | null | undefined): ReceiveOptions | null => {
  if (options === null || options === undefined) return null;
  const { timeoutMs, large, limit, notify } = options;
  return withoutAbsent({
    timeoutMs: optionalAmount(timeoutMs),
    large: large === undefined ? undefined : large === true,
    limit: optionalAmount(limit),
    notify: optionalName(notify),
  });
};

/** Options that are data travel with a parked thread: what is absent is not there at all. */
const withoutAbsent = <T extends object>(options: T): { [K in keyof T]-?: NonNullable<T[K]> } => {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) if (value !== undefined) given[key] = value;
  return given as { [K in keyof T]-?: NonNullable<T[K]> };
};
