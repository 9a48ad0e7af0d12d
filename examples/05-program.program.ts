/** A guide: an ordinary async function. Wherever it awaits, it can be moved, with its loops and all that they hold. */
import type { Msg, SendRight, Sys } from 'portolan/resumable';

/** What the guide says at each sight. The visitors answer with their applause; 0 if they have seen enough of a town. */
export type Said = Msg<{ body: string; answer: number }>;

/** Whom to guide, and where. */
export interface Tour {
  readonly visitors: SendRight<Said>;
  readonly towns: Readonly<Record<string, readonly string[]>>;
}

/** Shows the sights of one town after the other. Says at the end what was applauded. */
export async function main(sys: Sys, { visitors, towns }: Tour): Promise<void> {
  const applause = new Map<string, number>();
  const sum = (): number => [...applause.values()].reduce((all, each) => all + each, 0);
  for (const [town, sights] of Object.entries(towns)) {
    let heard = 0;
    try {
      for (const [at, sight] of sights.entries()) {
        const { body } = await sys.rpc(visitors, `${town} ${at + 1}/${sights.length}: ${sight}`);
        if (body === 0) break;
        heard += body;
      }
    } finally {
      applause.set(town, heard);
    }
  }
  await sys.rpc(visitors, `${sum()} in all: ${JSON.stringify([...applause])}`);
}
