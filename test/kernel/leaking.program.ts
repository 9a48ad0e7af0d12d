/** A server that forgets: it gives back what even requests bring, keeps what odd ones bring, and a port for each. */
import type { Msg, ReceiveRight, SendRight, Sys } from 'portolan/resumable';

type Request = Msg<{ body: number; rights: [SendRight<never>] }>;

export async function main(sys: Sys, { inbox }: { readonly inbox: ReceiveRight<Request> }): Promise<void> {
  for (;;) {
    const { body, rights } = await sys.receive(inbox);
    const [gift] = rights;
    if (body % 2 === 0) await sys.release(gift);
    else await remember(sys);
  }
}

async function remember(sys: Sys): Promise<void> {
  await sys.port();
}
