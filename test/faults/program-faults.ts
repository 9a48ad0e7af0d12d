/** Faults of the compiler of resumable programs, of their runtime and of their images. */
import type { Fault } from './fault.ts';

type ProgramFault = Omit<Fault, 'harm' | 'caughtIn' | 'caughtBy'> & { readonly shape: string };

const faults: readonly ProgramFault[] = [
  {
    name: 'what an exception handler reads is not live where the exception may come',
    file: 'servers/compile/liveness.ts',
    text: 'block.handler === null ? [] : this.at(block.handler)',
    planted: 'block.handler === null ? [] : []',
    shape: 'tries finallyInsideFinally',
  },
  {
    name: 'what a statement reads is not live before it',
    file: 'servers/compile/liveness.ts',
    text: 'for (const each of effect.uses) live.add(each);',
    planted: 'for (const each of effect.uses) live.delete(each);',
    shape: 'loops nestedLoops',
  },
  {
    name: 'an operand before a suspension is read after it',
    file: 'servers/compile/normalize/operands.ts',
    text: 'if (index === last) put(value);',
    planted: 'if (index <= last) put(value);',
    shape: 'order leftOperandIsReadFirst',
  },
  {
    name: 'a compound assignment reads its target after the wait',
    file: 'servers/compile/normalize/assignments.ts',
    text: 't.binaryExpression(operator, copy(old), lowering.expression(node.right))',
    planted: 't.binaryExpression(operator, copy(target), lowering.expression(node.right))',
    shape: 'order compoundAssignment',
  },
  {
    name: 'a return is forgotten by the finally block that it passes',
    file: 'servers/compile/flow.ts',
    text: 'if (final.returns) when(returns',
    planted: 'if (final.returns && final.jumps.length > 0) when(returns',
    shape: 'tries pendingReturn',
  },
  {
    name: 'an exception is forgotten by the finally block that it passes',
    file: 'servers/compile/flow.ts',
    text: 'this.add(assign(name(final.completion), number(throws)));',
    planted: 'this.add(assign(name(final.completion), number(0)));',
    shape: 'tries pendingException',
  },
  {
    name: 'continue leaves the update out',
    file: 'servers/compile/flow.ts',
    text: 'onBreak: after, onContinue: again, isLoop: true',
    planted: 'onBreak: after, onContinue: head, isLoop: true',
    shape: 'loops breaksAndContinues',
  },
  {
    name: 'a case does not fall through to the next',
    file: 'servers/compile/normalize/switches.ts',
    text: "t.binaryExpression('<=', copy(chosen), t.numericLiteral(index))",
    planted: "t.binaryExpression('===', copy(chosen), t.numericLiteral(index))",
    shape: 'switches fallsThrough',
  },
  {
    name: 'a call that is stored does not begin',
    file: 'kernel/resumable/future.ts',
    text: 'if (!isUnstarted(value)) return value;\n  const future',
    planted: 'if (isUnstarted(value) || !isUnstarted(value)) return value;\n  const future',
    shape: 'joins storedCall',
  },
  {
    name: 'a join keeps its outcomes in the order in which they come',
    file: 'kernel/resumable/fiber.ts',
    text: "join.outcomes[index] = join.kind === 'allSettled' ? settlement(isThrown, value) : value;",
    planted: 'join.outcomes[join.outcomes.length - join.left] = value;',
    shape: 'joins allOfFunctions',
  },
  {
    name: 'a generator is not closed by the loop that is left',
    file: 'kernel/resumable/iterators.ts',
    text: 'this.isOver = true;\n    this.iterator.return?.();',
    planted: 'this.isOver = true;',
    shape: 'labels breakOutOfForOfClosesIt',
  },
  {
    name: 'an array is gone through as long as it was at the start',
    file: 'kernel/resumable/iterators.ts',
    text: 'if (index < 0 || index >= list.length) {',
    planted: 'if (index < 0 || index >= list.length || index > 2) {',
    shape: 'loops forOfGrowingArray',
  },
  {
    name: 'an iterator loses its place in a set when it moves',
    file: 'kernel/resumable/iterators.ts',
    text: 'this.index = this.collection.size - ahead;',
    planted: 'this.index = ahead;',
    shape: 'collections mapGrowsWhileIterated',
  },
];

/** Each is caught by the shape that it harms. */
export const PROGRAM_FAULTS: readonly Fault[] = faults.map(({ shape, ...fault }) => ({
  ...fault,
  harm: 'programs',
  caughtIn: 'test/programs/shapes.test.ts',
  caughtBy: `shapes of programs ${shape}`,
}));
