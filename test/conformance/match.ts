/**
 * Matching: does an answer fit what a step expects? Matching binds the variables that are not bound yet; if it fails,
 * nothing is bound.
 */

import type { Variable } from './bindings.ts';
import { equal, variableIn } from './bindings.ts';
import type { Contents } from './contents.ts';
import { byteAt, contentsOf, sameContents, sizeOf } from './contents.ts';
import type { Json, JsonObject } from './scenario.ts';
import { isList, isObject, ScenarioError } from './scenario.ts';
import type { Scope } from './values.ts';
import { amountOf, isAmount, valueOf } from './values.ts';

/** Where an answer first differs. */
export interface Mismatch {
  readonly path: string;
  readonly expected: Json;
  readonly got: unknown;
}

/** Undefined if the value fits. */
export const match = (pattern: Json, value: unknown, scope: Scope): Mismatch | undefined => {
  const mark = scope.bindings.mark();
  const mismatch = at(pattern, value, { scope, path: '' });
  if (mismatch !== undefined) scope.bindings.rollBack(mark);
  return mismatch;
};

interface Place {
  readonly scope: Scope;
  readonly path: string;
}

const at = (pattern: Json, value: unknown, place: Place): Mismatch | undefined => {
  if (typeof pattern === 'string') return verdict(fitsText(pattern, value, place.scope), pattern, value, place);
  if (pattern === null) return verdict(value === null || value === undefined, pattern, value, place);
  if (isList(pattern)) return atList(pattern, value, place);
  if (!isObject(pattern)) return verdict(equal(pattern, value), pattern, value, place);
  const form = formOf(pattern);
  return form === undefined
    ? atObject(pattern, value, place)
    : verdict(form(pattern, value, place), pattern, value, place);
};

const verdict = (fits: boolean, expected: Json, got: unknown, { path }: Place): Mismatch | undefined =>
  fits ? undefined : { path, expected, got };

const fits = (pattern: Json, value: unknown, place: Place): boolean => {
  const mark = place.scope.bindings.mark();
  if (at(pattern, value, place) === undefined) return true;
  place.scope.bindings.rollBack(mark);
  return false;
};

const fitsText = (pattern: string, value: unknown, { bindings }: Scope): boolean => {
  if (pattern === '$_') return true;
  const variable = variableIn(pattern);
  if (variable === undefined) return pattern === value || fitsContents(pattern, value);
  const bound = bindings.get(variable);
  if (bound !== undefined) return equal(bound, value);
  if (value === undefined) return false;
  bindings.bind(variable, value);
  return true;
};

const atList = (pattern: readonly Json[], value: unknown, place: Place): Mismatch | undefined => {
  if (!Array.isArray(value) || value.length !== pattern.length) return verdict(false, pattern, value, place);
  for (const [index, each] of pattern.entries()) {
    const mismatch = at(each, value[index], { ...place, path: `${place.path}[${index}]` });
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
};

const atObject = (pattern: JsonObject, value: unknown, place: Place): Mismatch | undefined => {
  if (!isObject(value)) return verdict(false, pattern, value, place);
  for (const [key, each] of Object.entries(pattern)) {
    const own = Object.hasOwn(value, key) ? value[key] : undefined;
    const mismatch = at(each, own, { ...place, path: place.path === '' ? key : `${place.path}.${key}` });
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
};

type Form = (pattern: JsonObject, value: unknown, place: Place) => boolean;

/** The special form that a pattern has; undefined for an ordinary object. */
const formOf = (pattern: JsonObject): Form | undefined => {
  if (isAmount(pattern)) return fitsAmount;
  if ('bytesAt' in pattern) return fitsBytesAt;
  const [key, ...others] = Object.keys(pattern);
  if (others.length > 0) return undefined;
  switch (key) {
    case 'fresh':
      return fitsFresh;
    case 'not':
      return ({ not }, value, place) => !fits(bound(not ?? null, place.scope), value, place);
    case 'oneOf':
      return ({ oneOf }, value, place) => listIn(oneOf, 'oneOf').some((each) => fits(each, value, place));
    case 'atLeast':
      return ({ atLeast }, value, { scope }) => isNumber(value) && value >= amount(atLeast, scope);
    case 'atMost':
      return ({ atMost }, value, { scope }) => isNumber(value) && value <= amount(atMost, scope);
    case 'between':
      return fitsBetween;
    case 'contains':
    case 'includes':
      return (form, value, place) => fitsSome(listIn(form[key], key), value, place);
    case 'unordered':
      return ({ unordered }, value, place) => {
        const wanted = listIn(unordered, 'unordered');
        return Array.isArray(value) && value.length === wanted.length && fitsSome(wanted, value, place);
      };
    case 'fill':
      return (form, value, { scope }) => {
        const wanted = fillIn(form, scope);
        const got = contentsOf(value);
        return got !== undefined && sameContents(wanted, got);
      };
    default:
      return undefined;
  }
};

const fitsAmount: Form = (pattern, value, { scope }) => equal(amountOf(pattern, scope), value);

const fitsBetween: Form = ({ between }, value, { scope }) => {
  const [low, high] = listIn(between, 'between');
  return isNumber(value) && value >= amount(low, scope) && value <= amount(high, scope);
};

const fitsFresh: Form = ({ fresh }, value, { scope: { bindings } }) => {
  const variable: Variable | undefined = typeof fresh === 'string' ? variableIn(fresh) : undefined;
  if (variable === undefined) throw new ScenarioError(`fresh: ${JSON.stringify(fresh)} is no variable`);
  const isOrdinary = typeof value === 'number' && value !== 0 && value !== 0xffffffff;
  if (!isOrdinary || bindings.isHeldByAnother(variable, value)) return false;
  bindings.bind(variable, value);
  return true;
};

const fitsBytesAt: Form = ({ size, bytesAt, ...others }, value, place) => {
  const got = contentsOf(value);
  if (got === undefined || !isObject(bytesAt) || Object.keys(others).length > 0) return false;
  if (size !== undefined && !fits(size, sizeOf(got), place)) return false;
  return Object.entries(bytesAt).every(([index, byte]) => fits(byte, byteAt(got, Number(index)), place));
};

/** A hex string of the scenario also fits memory that the driver shows as bytes or as a fill. */
const fitsContents = (pattern: string, value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  const got = contentsOf(value);
  const wanted = contentsOf(pattern);
  return got !== undefined && wanted !== undefined && sameContents(wanted, got);
};

/** Whether each pattern has an element of its own in the list, in any order. */
const fitsSome = (patterns: readonly Json[], value: unknown, place: Place): boolean => {
  if (!Array.isArray(value)) return false;
  const taken = new Set<number>();
  const assign = (next: number): boolean => {
    const pattern = patterns[next];
    if (pattern === undefined) return true;
    for (const [index, each] of value.entries()) {
      if (taken.has(index)) continue;
      const mark = place.scope.bindings.mark();
      taken.add(index);
      if (fits(pattern, each, place) && assign(next + 1)) return true;
      taken.delete(index);
      place.scope.bindings.rollBack(mark);
    }
    return false;
  };
  return assign(0);
};

/** The pattern itself, if none of its variables would be bound by it. */
const bound = (pattern: Json, scope: Scope): Json => {
  if (typeof pattern === 'string') {
    const variable = variableIn(pattern);
    if (variable !== undefined) valueOf(variable, scope.bindings);
  } else if (isList(pattern)) {
    for (const each of pattern) bound(each, scope);
  } else if (isObject(pattern)) {
    for (const each of Object.values(pattern)) bound(each, scope);
  }
  return pattern;
};

const fillIn = ({ fill }: JsonObject, scope: Scope): Contents => {
  const [byte, size] = listIn(fill, 'fill');
  return { kind: 'fill', byte: amount(byte, scope), size: amount(size, scope) };
};

const listIn = (value: Json | undefined, form: string): readonly Json[] => {
  if (isList(value)) return value;
  throw new ScenarioError(`${form}: not a list`);
};

const amount = (value: Json | undefined, scope: Scope): number => amountOf(value ?? null, scope);

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
