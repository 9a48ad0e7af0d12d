/** A handler that does a bit of everything to an arena. */
import type { Arena } from '../../../kernel/arena/arena.ts';
import { record } from '../../../kernel/arena/record.ts';
import { deleteText, makeTextMap, setText, textMapSize } from '../../../kernel/arena/text-map.ts';
import { makeVector, pushVector, setVectorAt, vectorAt, vectorLength } from '../../../kernel/arena/vector.ts';

const roots = record({ map: 'address', list: 'address' });

/** One round of it; answers what it has seen. */
export const everything =
  (round: number) =>
  (arena: Arena): string => {
    if (arena.root === 0) arena.root = roots.make(arena, { map: makeTextMap(arena), list: makeVector(arena) });
    const map = roots.get(arena, arena.root, 'map');
    const list = roots.get(arena, arena.root, 'list');
    for (let each = 0; each < 5; each += 1) setText(arena, map, `word ${(round * 5 + each) % 37}`, round);
    deleteText(arena, map, `word ${round % 11}`);
    const index = pushVector(arena, list, arena.putText(`text of round ${round}`));
    if (round % 3 === 2) {
      arena.free(vectorAt(arena, list, index - 1));
      setVectorAt(arena, list, index - 1, 0);
    }
    const large = arena.alloc(3000 * (round % 4));
    arena.setU8(large + arena.sizeOf(large) - 1, 1);
    arena.free(large);
    return `${textMapSize(arena, map)} ${vectorLength(arena, list)} ${arena.textAt(vectorAt(arena, list, index))}`;
  };
