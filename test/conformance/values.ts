/**
 * Arguments: from what a scenario writes to plain values. A variable becomes what it is bound to, an amount such as
 * `{"pages": 2}` a number; "NULL", "DEAD" and all other strings stay for the driver. In a `body` only variables
 * count: the rest is the case's own data.
 */

import type { Bindings, Variable } from './bindings.ts';
import { variableIn } from './bindings.ts';
import type { Json, JsonObject } from './scenario.ts';
import { isList, isObject, ScenarioError } from './scenario.ts';

/** The address space of the system under test. */
export interface Geometry {
  readonly pageSize: number;
  /** The last page of the address space: the address "END". */
  readonly lastPage: number;
}

export interface Scope {
  readonly bindings: Bindings;
  readonly geometry: Geometry;
}

export type Args = { readonly [key: string]: unknown };

export const resolveArgs = (args: JsonObject, scope: Scope): Args => resolve(args, scope) as Args;

export const resolve = (value: Json, scope: Scope): unknown => {
  if (typeof value === 'string') return resolveText(value, scope);
  if (isList(value)) return value.map((each) => resolve(each, scope));
  if (!isObject(value)) return value;
  if (isAmount(value)) return amountOf(value, scope);
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, each]) => {
      if (key === 'body') return [key, resolveBody(each, scope)];
      if (key === 'address' && each === 'END') return [key, scope.geometry.lastPage];
      return [key, resolve(each, scope)];
    }),
  );
};

const resolveBody = (value: Json, scope: Scope): unknown => {
  if (typeof value === 'string') return resolveText(value, scope);
  if (isList(value)) return value.map((each) => resolveBody(each, scope));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolveBody(each, scope)]));
};

const resolveText = (text: string, { bindings }: Scope): unknown => {
  const variable = variableIn(text);
  return variable === undefined ? text : valueOf(variable, bindings);
};

export const valueOf = (variable: Variable, bindings: Bindings): unknown => {
  const value = bindings.get(variable);
  if (value === undefined) throw new ScenarioError(`$${variable.task}.${variable.name} is not bound`);
  return value;
};

/** True for `{"pages"}`, `{"at"}`, `{"mul"}` and `{"add"}`: forms that stand for a number. */
export const isAmount = (value: JsonObject): boolean => {
  const keys = Object.keys(value);
  if (keys.length === 1 && (keys[0] === 'mul' || keys[0] === 'add')) return isList(value[keys[0]]);
  const isPlace = keys.every((key) => key === 'at' || key === 'pages' || key === 'bytes');
  return isPlace && ('at' in value || 'pages' in value);
};

/** The number that an amount, a numeric variable or a number stands for. */
export const amountOf = (value: Json, scope: Scope): number => {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return numberIn(value, scope);
  if (!isObject(value) || !isAmount(value)) throw new ScenarioError(`${JSON.stringify(value)} is no number`);
  const { mul, add, at = 0, pages = 0, bytes = 0 } = value;
  if (isList(mul)) return mul.reduce<number>((product, factor) => product * amountOf(factor, scope), 1);
  if (isList(add)) return add.reduce<number>((sum, part) => sum + amountOf(part, scope), 0);
  return amountOf(at, scope) + amountOf(pages, scope) * scope.geometry.pageSize + amountOf(bytes, scope);
};

const numberIn = (text: string, scope: Scope): number => {
  if (text === 'END') return scope.geometry.lastPage;
  const value = resolveText(text, scope);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'number') throw new ScenarioError(`${text} is no number`);
  return value;
};
