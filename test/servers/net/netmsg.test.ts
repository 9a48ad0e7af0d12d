import { describe, expect, it } from 'vitest';
import { World } from '../../support/two-kernels.ts';

describe('netmsg', () => {
  it('carries a request to another node and its answer back', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const server = b.actor('server');
    const port = server.port();
    server.checkIn(port, 'adder');
    const client = a.actor('client');
    const adder = client.lookUp(b, 'adder');
    expect(client.types(adder)).toEqual(['SEND']);
    const reply = client.port();
    expect(client.send(adder, 100, { a: 1, b: 2 }, [], reply)).toBe('MACH_MSG_SUCCESS');
    world.run();
    const request = server.take(port);
    expect(request?.body).toEqual({ a: 1, b: 2 });
    expect(request?.sender?.token).toBe(client.host.task.space.identity.token);
    expect(server.send(request!.remote, 200, { sum: 3 })).toBe('MACH_MSG_SUCCESS');
    world.run();
    const answer = client.take(reply);
    expect(answer?.id).toBe(200);
    expect(answer?.body).toEqual({ sum: 3 });
    expect(a.census().callbacks).toBe(0);
  });
});
