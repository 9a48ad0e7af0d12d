/** `switch` with a suspension: first which case it is, then the cases from that one on. */
import { types as t } from '@babel/core';
import { assign, at, boundIdentifiers, forEachChild } from '../tree.ts';
import { copy, type Lowering } from './lowering.ts';

/** Turns each plain `break` of the switch into `break label`. */
const redirectBreaks = (node: t.Node, label: t.Identifier): void =>
  forEachChild(node, (child) => {
    if (t.isFunction(child) || t.isExpression(child) || t.isLoop(child) || child.type === 'SwitchStatement') return;
    if (child.type === 'BreakStatement') child.label ??= copy(label);
    else redirectBreaks(child, label);
  });

const setTo = (chosen: t.Identifier, index: number): t.ExpressionStatement =>
  assign(copy(chosen), t.numericLiteral(index));

/** No test suspends: the engine's own switch finds the case. */
const choosePlainly = (
  lowering: Lowering,
  node: t.SwitchStatement,
  value: t.Expression,
  chosen: t.Identifier,
): void => {
  const cases = node.cases.map(({ test, loc }, index) => {
    const made = t.switchCase(test ?? null, [setTo(chosen, index), t.breakStatement()]);
    made.loc = loc ?? null;
    return made;
  });
  lowering.emit(at(t.switchStatement(value, cases), node));
};

/** Tests one after the other, until one fits. */
const chooseByTests = (
  lowering: Lowering,
  node: t.SwitchStatement,
  value: t.Expression,
  chosen: t.Identifier,
): void => {
  const kept = lowering.keep(value);
  const tests = node.cases.flatMap(({ test }, index) => (test ? [{ test, index }] : []));
  const from = (place: number): void => {
    const next = tests[place];
    if (next === undefined) return;
    const fits = at(t.binaryExpression('===', copy(kept), lowering.expression(next.test)), next.test);
    const otherwise = lowering.block(next.test, () => from(place + 1));
    const yes = t.blockStatement([setTo(chosen, next.index)]);
    lowering.emit(at(t.ifStatement(fits, yes, otherwise.body.length > 0 ? otherwise : null), next.test));
  };
  from(0);
};

/** A declaration that other cases can see becomes an assignment; its names are declared for all cases together. */
const undeclared = (node: t.Statement, names: Set<string>): t.Statement[] => {
  if (node.type !== 'VariableDeclaration' || node.kind === 'var') return [node];
  return node.declarations.map(({ id, init }) => {
    for (const { name } of boundIdentifiers(id)) names.add(name);
    const value = init ?? t.unaryExpression('void', t.numericLiteral(0));
    return at(assign(id as t.Identifier, value), node);
  });
};

/** `switch`. */
export const lowerSwitch = (lowering: Lowering, node: t.SwitchStatement): void => {
  const label = lowering.label();
  const value = lowering.expression(node.discriminant);
  const chosen = lowering.temporary(node);
  const fallback = node.cases.findIndex(({ test }) => !test);
  lowering.set(chosen, t.numericLiteral(fallback < 0 ? node.cases.length : fallback), node);
  const inside = lowering.block(node, () => {
    const isPlain = node.cases.every(({ test }) => !lowering.suspends(test));
    if (isPlain) choosePlainly(lowering, node, value, chosen);
    else chooseByTests(lowering, node, value, chosen);
    lowerCases(lowering, node, label, chosen);
  });
  lowering.emit(at(t.labeledStatement(label, inside), node));
};

const lowerCases = (lowering: Lowering, node: t.SwitchStatement, label: t.Identifier, chosen: t.Identifier): void => {
  const names = new Set<string>();
  const functions: t.Statement[] = [];
  const ifs: t.Statement[] = [];
  for (const [index, each] of node.cases.entries()) {
    redirectBreaks(each, label);
    const body = lowering.block(each, () => {
      for (const statement of each.consequent) {
        if (statement.type === 'FunctionDeclaration') functions.push(statement);
        else if (!lowering.suspends(statement)) lowering.emit(...undeclared(statement, names));
        else if (statement.type !== 'VariableDeclaration' || statement.kind === 'var') lowering.statement(statement);
        else lowerDeclared(lowering, statement, names);
      }
    });
    const isReached = t.binaryExpression('<=', copy(chosen), t.numericLiteral(index));
    if (body.body.length > 0) ifs.push(at(t.ifStatement(isReached, body), each));
  }
  if (names.size > 0) {
    const declarators = [...names].map((each) => t.variableDeclarator(t.identifier(each)));
    lowering.out.unshift(at(t.variableDeclaration('let', declarators), node));
  }
  lowering.out.unshift(...functions);
  lowering.emit(...ifs);
};

const lowerDeclared = (lowering: Lowering, node: t.VariableDeclaration, names: Set<string>): void => {
  for (const { id, init } of node.declarations) {
    for (const { name } of boundIdentifiers(id)) names.add(name);
    const value = init ? lowering.expression(init) : t.unaryExpression('void', t.numericLiteral(0));
    lowering.pattern(id as t.LVal, value, null);
  }
};
