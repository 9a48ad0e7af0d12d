import type { Client } from '../client.ts';
import type { Context } from '../context.ts';

/** Runs a command with a way to the nodes, and takes leave of them whatever comes of it. */
export const withClient = async (context: Context, run: (client: Client) => Promise<number>): Promise<number> => {
  const { connect } = await import('../boot.ts');
  const client = await connect(context.stateDir);
  try {
    return await run(client);
  } finally {
    await client.close();
  }
};
