/**
 * The loop budget. The turns of loops are counted in a local of their function, and every 4,096th asks the runtime,
 * which ends a program that computes for ever. The question stands outside of any `try` in the loop, so that no `catch`
 * there can keep it alive. An innermost loop that cannot suspend runs in chunks and asks between them, and counts in a
 * variable of its own: with a call in it, or a count that lives on after it, V8 boxes the loop's numbers at every turn.
 */
import { types as t } from '@babel/core';
import { declareLet, forEachChild, type Place, putAt, suspends } from './tree.ts';

/** Turns of loops between two questions to the runtime. */
const turnsPerSpend = 4096;

const counter = (): t.Identifier => t.identifier('$b');
const chunkCounter = (): t.Identifier => t.identifier('$b1');
const limit = (): t.NumericLiteral => t.numericLiteral(turnsPerSpend);

const asInteger = (value: t.Expression): t.Expression => t.binaryExpression('|', value, t.numericLiteral(0));

/** `name = name + 1 | 0` */
const count = (name: () => t.Identifier): t.Expression =>
  t.assignmentExpression('=', name(), asInteger(t.binaryExpression('+', name(), t.numericLiteral(1))));

/** `$b = $rt.spend()`: once it throws, the count stays where it is, and every loop asks again. */
const spend = (): t.Expression => {
  const asked = t.callExpression(t.memberExpression(t.identifier('$rt'), t.identifier('spend')), []);
  return t.assignmentExpression('=', counter(), asked);
};

/** `if (($b = $b + 1 | 0) >= 4096) $b = $rt.spend();` */
const countTurn = (): t.Statement =>
  t.ifStatement(t.binaryExpression('>=', count(counter), limit()), t.expressionStatement(spend()));

type Chunkable = t.ForStatement | t.WhileStatement;

const holdsFunction = (node: t.Node): boolean => {
  let found = t.isFunction(node) || t.isClass(node);
  forEachChild(node, (child) => {
    found = found || holdsFunction(child);
  });
  return found;
};

/**
 * Such a loop has no loop inside. A variable of the head that a function inside captures is a new one at each turn:
 * such a loop keeps its head.
 */
const isChunkable = (node: t.Node): node is Chunkable =>
  (node.type === 'ForStatement' || node.type === 'WhileStatement') && !suspends(node) && !holdsFunction(node);

/**
 * `do for (let $b1 = $b | 0; $b1 < 4096 && test; update, $b = $b1 = $b1 + 1 | 0) body
 * while ($b >= 4096 && ($b = $rt.spend()) === 0);` However the loop is left, `$b` has its turns.
 */
const inChunks = (loop: Chunkable, labels: readonly t.Identifier[]): t.Statement => {
  const { init, update } = loop.type === 'ForStatement' ? loop : { init: null, update: null };
  const within = t.binaryExpression('<', chunkCounter(), limit());
  const test = loop.test ? t.logicalExpression('&&', within, loop.test) : within;
  const counted = t.assignmentExpression('=', counter(), count(chunkCounter));
  const next = update ? t.sequenceExpression([update, counted]) : counted;
  const begin = t.variableDeclaration('let', [t.variableDeclarator(chunkCounter(), asInteger(counter()))]);
  const inner = t.forStatement(begin, test, next, loop.body);
  inner.loc = loop.loc ?? null;
  const labelled = labels.reduceRight<t.Statement>((body, label) => t.labeledStatement(label, body), inner);
  const isFull = t.binaryExpression('>=', counter(), limit());
  const mayGoOn = t.binaryExpression('===', spend(), t.numericLiteral(0));
  const chunks = t.doWhileStatement(t.logicalExpression('&&', isFull, mayGoOn), labelled);
  if (!init) return chunks;
  return t.blockStatement([init.type === 'VariableDeclaration' ? init : t.expressionStatement(init), chunks]);
};

/** A statement under its labels; `continue` needs them at the loop itself, wherever that goes. */
const unlabelled = (node: t.Node): { readonly inner: t.Node; readonly labels: readonly t.Identifier[] } => {
  const labels: t.Identifier[] = [];
  let inner = node;
  for (; inner.type === 'LabeledStatement'; inner = inner.body) labels.push(inner.label);
  return { inner, labels };
};

const countAt = (node: t.Node, place: Place): number => {
  if (t.isFunction(node) || t.isClass(node)) return 0;
  const { inner, labels } = unlabelled(node);
  const loops = countTurns(inner);
  if (!t.isLoop(inner)) return loops;
  if (loops === 0 && isChunkable(inner)) putAt(place, inChunks(inner, labels));
  else if (inner.body.type === 'BlockStatement') inner.body.body.unshift(countTurn());
  else inner.body = t.blockStatement([countTurn(), inner.body]);
  return loops + 1;
};

/** Makes every loop inside `node` count its turns, functions inside excepted; tells how many loops there are. */
export const countTurns = (node: t.Node): number => {
  let loops = 0;
  forEachChild(node, (child, place) => {
    loops += countAt(child, place);
  });
  return loops;
};

/** Makes the loops of each plain function in `program` count; resumable ones are seen to where they become steps. */
export const countPlainLoops = (node: t.Node): void => {
  forEachChild(node, (child) => countPlainLoops(child));
  if (!t.isFunction(node) || node.async === true || node.generator === true) return;
  if (node.body.type !== 'BlockStatement') return;
  if (countTurns(node.body) > 0) node.body.body.unshift(declareLet(['$b', t.numericLiteral(0)]));
};
