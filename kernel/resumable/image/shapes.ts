/**
 * Shapes: which own properties an object has, in order, with their attributes. Objects of one shape share its node, so
 * a thousand rows say their keys once. Found by walking a tree, one step for each property.
 */
import { PLAIN } from './tags.ts';

/** What an object is before it has a property: its prototype (0 is the usual one), and whether it can have more. */
export interface Root {
  readonly prototype: object | 0 | null;
  readonly canGrow: boolean;
}

/** The trees of one table. */
export class Shapes {
  readonly #growing: Map<unknown, Shape> = new Map();
  readonly #fixed: Map<unknown, Shape> = new Map();

  /** Where the shapes of such objects begin. */
  from(root: Root): Shape {
    const trees = root.canGrow ? this.#growing : this.#fixed;
    let shape = trees.get(root.prototype);
    if (shape === undefined) {
      shape = new Shape(root, null, '', 0);
      trees.set(root.prototype, shape);
    }
    return shape;
  }
}

/** A place in the tree: all properties so far. */
export class Shape {
  readonly root: Root;
  readonly parent: Shape | null;
  readonly key: string | symbol;
  readonly attributes: number;
  /** The number of its node; -1 until an object ends here. */
  node = -1;
  #plain: Map<string | symbol, Shape> | null = null;
  #other: Map<number, Map<string | symbol, Shape>> | null = null;

  constructor(root: Root, parent: Shape | null, key: string | symbol, attributes: number) {
    this.root = root;
    this.parent = parent;
    this.key = key;
    this.attributes = attributes;
  }

  /** The place after one more property. */
  next(key: string | symbol, attributes: number): Shape {
    const steps = attributes === PLAIN ? (this.#plain ??= new Map()) : this.#otherSteps(attributes);
    let next = steps.get(key);
    if (next === undefined) {
      next = new Shape(this.root, this, key, attributes);
      steps.set(key, next);
    }
    return next;
  }

  /** The properties up to here, in order. */
  properties(): Shape[] {
    const found: Shape[] = [];
    for (let shape: Shape = this; shape.parent !== null; shape = shape.parent) found.push(shape);
    return found.reverse();
  }

  #otherSteps(attributes: number): Map<string | symbol, Shape> {
    this.#other ??= new Map();
    let steps = this.#other.get(attributes);
    if (steps === undefined) {
      steps = new Map();
      this.#other.set(attributes, steps);
    }
    return steps;
  }
}
