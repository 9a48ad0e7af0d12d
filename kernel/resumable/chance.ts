/** Time and chance as one program sees them: data that moves with it, over what the kernel was given. */
import type { Thread } from '../kernel.ts';
import type { Group } from './fiber.ts';

/**
 * Milliseconds, never going back: not on another kernel either, whose clock began at another time. Without an
 * adjustment for the time that a move takes.
 */
export const timeOf = (group: Group, thread: Thread): number => {
  let time = thread.task.kernel.now + group.offset;
  if (time < group.lastTime) {
    group.offset += group.lastTime - time;
    time = group.lastTime;
  }
  group.lastTime = time;
  return time;
};

/** A number from 0 up to but not 1, of the program's own sequence (sfc32). Not for secrets. */
export const randomOf = (group: Group, thread: Thread): number => {
  group.random ??= seed(thread);
  const words = group.random;
  const sum = (words[0] + words[1] + words[3]) | 0;
  words[3] = (words[3] + 1) | 0;
  words[0] = words[1] ^ (words[1] >>> 9);
  words[1] = (words[2] + (words[2] << 3)) | 0;
  words[2] = (((words[2] << 21) | (words[2] >>> 11)) + sum) | 0;
  return (sum >>> 0) / 2 ** 32;
};

const seed = (thread: Thread): [number, number, number, number] => {
  const { environment } = thread.task.kernel;
  const { random } = environment;
  if (random !== undefined) {
    const word = (): number => Math.floor(random() * 2 ** 32) | 0;
    return [word(), word(), word(), word()];
  }
  const text = `${thread.task.space.identity.token} ${thread.serial}`;
  return [hash(text, 1), hash(text, 2), hash(text, 3), hash(text, 4)];
};

/** FNV-1a, with a last stir: texts that differ in their last letter begin far apart. */
const hash = (text: string, salt: number): number => {
  let word = 0x811c9dc5 ^ salt;
  for (let i = 0; i < text.length; i += 1) word = Math.imul(word ^ text.charCodeAt(i), 0x01000193);
  word = Math.imul(word ^ (word >>> 15), 0x2c1b3c6d);
  return word ^ (word >>> 13);
};
