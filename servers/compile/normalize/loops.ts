/** Loops that suspend. A test or an update that suspends moves into the body; iterators become explicit. */
import { types as t } from '@babel/core';
import { at, boundIdentifiers, forEachChild } from '../tree.ts';
import { lowerEffect } from './expressions.ts';
import { closing, iterate, runtimeCall } from './iterations.ts';
import { copy, type Lowering } from './lowering.ts';

const labelled = (labels: readonly string[], loop: t.Statement): t.Statement =>
  labels.reduceRight((body, each) => at(t.labeledStatement(t.identifier(each), body), loop), loop);

const forever = (body: t.BlockStatement, origin: t.Node): t.WhileStatement =>
  at(t.whileStatement(at(t.booleanLiteral(true), origin), body), origin);

/** `if (!test) break;`, the test lowered in place. */
const leaveUnless = (lowering: Lowering, test: t.Expression): void => {
  const holds = lowering.expression(test);
  lowering.emit(at(t.ifStatement(at(t.unaryExpression('!', holds), test), at(t.breakStatement(), test)), test));
};

/** Turns each `continue` of this loop into `break label`; answers whether there was one. */
const redirectContinues = (body: t.Node, labels: readonly string[], label: t.Identifier): boolean => {
  let found = false;
  const walk = (node: t.Node, isInner: boolean): void =>
    forEachChild(node, (child, { parent, key, index }) => {
      if (t.isFunction(child) || t.isExpression(child)) return;
      if (child.type !== 'ContinueStatement') return walk(child, isInner || t.isLoop(child));
      if (child.label ? !labels.includes(child.label.name) : isInner) return;
      found = true;
      const out = at(t.breakStatement(copy(label)), child);
      const fields = parent as unknown as Record<string, unknown>;
      if (index === null) fields[key] = out;
      else (fields[key] as t.Node[])[index] = out;
    });
  walk(t.blockStatement([body as t.Statement]), false);
  return found;
};

/** The body, in a block of its own that `continue` leaves, since the loop has something to do after it. */
const emitBody = (lowering: Lowering, body: t.Statement, labels: readonly string[]): void => {
  const label = lowering.label();
  // A body that is itself a `continue` has no parent to be replaced in.
  const holder = body.type === 'BlockStatement' ? body : at(t.blockStatement([body]), body);
  const isLeft = redirectContinues(holder, labels, label);
  const block = lowering.block(body, () => {
    for (const each of holder.body) lowering.statement(each);
  });
  lowering.emit(isLeft ? at(t.labeledStatement(label, block), body) : block);
};

/** `while` */
export const lowerWhile = (lowering: Lowering, node: t.WhileStatement, labels: readonly string[]): void => {
  if (!lowering.suspends(node.test)) {
    node.body = lowering.body(node.body);
    return lowering.emit(labelled(labels, node));
  }
  const body = lowering.block(node.body, () => {
    leaveUnless(lowering, node.test);
    lowering.emit(lowering.body(node.body));
  });
  lowering.emit(labelled(labels, forever(body, node)));
};

/** `do … while` */
export const lowerDoWhile = (lowering: Lowering, node: t.DoWhileStatement, labels: readonly string[]): void => {
  if (!lowering.suspends(node.test)) {
    node.body = lowering.body(node.body);
    return lowering.emit(labelled(labels, node));
  }
  const body = lowering.block(node.body, () => {
    emitBody(lowering, node.body, labels);
    leaveUnless(lowering, node.test);
  });
  lowering.emit(labelled(labels, forever(body, node)));
};

const mentionsInFunction = (node: t.Node, names: ReadonlySet<string>): boolean => {
  let found = false;
  const inFunction = (inner: t.Node): void =>
    forEachChild(inner, (child) => {
      if (child.type === 'Identifier' && names.has(child.name)) found = true;
      inFunction(child);
    });
  const look = (inner: t.Node): void =>
    forEachChild(inner, (child) => {
      if (t.isFunction(child)) inFunction(child);
      else look(child);
    });
  look(node);
  return found;
};

/** The variables that each round has of its own, if some closure could tell. */
const perRound = (node: t.ForStatement): readonly t.Identifier[] => {
  const { init } = node;
  if (init?.type !== 'VariableDeclaration' || init.kind !== 'let') return [];
  const variables = init.declarations.flatMap(({ id }) => boundIdentifiers(id));
  return mentionsInFunction(node, new Set(variables.map(({ name }) => name))) ? variables : [];
};

/** `for (let …;;)` whose closures keep the variables of their round: between the rounds they are in temporaries. */
const lowerRounds = (
  lowering: Lowering,
  node: t.ForStatement,
  variables: readonly t.Identifier[],
  labels: readonly string[],
): void => {
  const between = variables.map((each) => lowering.temporary(each));
  const isLater = lowering.temporary(node);
  const pass = (): void => {
    for (const [index, each] of variables.entries()) lowering.set(between[index] as t.Identifier, copy(each), node);
  };
  const first = lowering.block(node.init, () => {
    lowering.statement(node.init as t.VariableDeclaration);
    pass();
    lowering.set(isLater, t.booleanLiteral(false), node);
  });
  lowering.emit(first);
  const body = lowering.block(node.body, () => {
    const own = variables.map((each, index) => t.variableDeclarator(copy(each), copy(between[index] as t.Identifier)));
    lowering.emit(at(t.variableDeclaration('let', own), node));
    const update = lowering.block(node.update, () => {
      if (node.update) lowerEffect(lowering, node.update);
    });
    const start = t.blockStatement([
      t.expressionStatement(t.assignmentExpression('=', copy(isLater), t.booleanLiteral(true))),
    ]);
    lowering.emit(at(t.ifStatement(copy(isLater), update, start), node));
    if (node.test) leaveUnless(lowering, node.test);
    emitBody(lowering, node.body, labels);
    pass();
  });
  lowering.emit(labelled(labels, forever(body, node)));
};

const lowerForHead = (lowering: Lowering, node: t.ForStatement, labels: readonly string[]): void => {
  if (node.init && lowering.suspends(node.init)) {
    const { init } = node;
    node.init = null;
    if (init.type === 'VariableDeclaration') lowering.statement(init);
    else lowerEffect(lowering, init);
  }
  if (!lowering.suspends(node.test) && !lowering.suspends(node.update)) {
    node.body = lowering.body(node.body);
    return lowering.emit(labelled(labels, node));
  }
  if (node.init) {
    if (node.init.type === 'VariableDeclaration') lowering.statement(node.init);
    else lowerEffect(lowering, node.init);
  }
  const body = lowering.block(node.body, () => {
    if (node.test) leaveUnless(lowering, node.test);
    emitBody(lowering, node.body, labels);
    if (node.update) lowerEffect(lowering, node.update);
  });
  lowering.emit(labelled(labels, forever(body, node)));
};

/** `for (;;)` */
export const lowerFor = (lowering: Lowering, node: t.ForStatement, labels: readonly string[]): void => {
  const variables = perRound(node);
  if (variables.length > 0) return lowerRounds(lowering, node, variables, labels);
  const hasScope = node.init?.type === 'VariableDeclaration' && node.init.kind !== 'var';
  if (!hasScope) return lowerForHead(lowering, node, labels);
  lowering.emit(lowering.block(node, () => lowerForHead(lowering, node, labels)));
};

/** What the head of a `for … of` does with each value. */
const bindHead = (lowering: Lowering, left: t.ForOfStatement['left'], value: t.Expression): void => {
  if (left.type !== 'VariableDeclaration') return lowering.pattern(left as t.LVal, value, null);
  const [declared] = left.declarations as [t.VariableDeclarator];
  lowering.pattern(declared.id as t.LVal, value, left.kind as 'let' | 'const' | 'var');
};

/** The head and the body of one round. The body is a block of its own: it may declare what the head declares. */
const round = (lowering: Lowering, node: t.ForOfStatement | t.ForInStatement, value: t.Expression): void => {
  bindHead(lowering, node.left, value);
  const declares = node.body.type === 'BlockStatement' && node.body.body.some((each) => t.isDeclaration(each));
  const body = lowering.body(node.body);
  if (declares) lowering.emit(body);
  else lowering.emit(...body.body);
};

const steps = (
  lowering: Lowering,
  node: t.ForOfStatement | t.ForInStatement,
  iterator: t.Identifier,
  labels: readonly string[],
): void => {
  const step = t.callExpression(t.memberExpression(copy(iterator), t.identifier('step')), []);
  const body = lowering.block(node.body, () =>
    round(lowering, node, at(t.memberExpression(copy(iterator), t.identifier('value')), node.left)),
  );
  lowering.emit(labelled(labels, at(t.whileStatement(at(step, node.right), body), node)));
};

/** `for … in`: the keys are those at the start, less those that are gone when their turn comes. */
export const lowerForIn = (lowering: Lowering, node: t.ForInStatement, labels: readonly string[]): void => {
  const iterator = lowering.temporary(node);
  lowering.set(iterator, runtimeCall('keysIn', [lowering.expression(node.right)], node.right));
  steps(lowering, node, iterator, labels);
};

/** `for await` */
const lowerForAwait = (lowering: Lowering, node: t.ForOfStatement, labels: readonly string[]): void => {
  const source = lowering.expression(node.right);
  const iterator = lowering.temporary(node);
  const result = lowering.temporary(node);
  lowering.set(iterator, runtimeCall('iterateAsync', [source], node.right));
  const call = (name: string) =>
    at(t.awaitExpression(t.callExpression(t.memberExpression(copy(iterator), t.identifier(name)), [])), node);
  const field = (name: string) => t.memberExpression(copy(result), t.identifier(name));
  const block = lowering.block(node, () => {
    const body = lowering.block(node.body, () => {
      lowering.set(result, call('next'));
      lowering.emit(t.ifStatement(field('done'), t.breakStatement()));
      round(lowering, node, at(field('value'), node.left));
    });
    lowering.emit(labelled(labels, forever(body, node)));
  });
  const close = t.blockStatement([at(t.expressionStatement(call('return')), node)]);
  lowering.emit(at(t.tryStatement(block, null, close), node));
};

/** `for … of` */
export const lowerForOf = (lowering: Lowering, node: t.ForOfStatement, labels: readonly string[]): void => {
  if (node.await) return lowerForAwait(lowering, node, labels);
  if (!lowering.suspends(node.body) && !lowering.suspends(node.left)) {
    node.right = lowering.expression(node.right);
    return lowering.emit(labelled(labels, node));
  }
  const iterator = iterate(lowering, node.right, node);
  closing(lowering, iterator, node, () => steps(lowering, node, iterator, labels));
};
