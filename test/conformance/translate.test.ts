import { describe, expect, it } from 'vitest';
import { fromAnswer, toRequest } from './translate.ts';

describe('a translation', () => {
  it('puts special names and dispositions into numbers, and leaves the rest', () => {
    expect(toRequest('port_allocate', { right: 'RECEIVE' })).toEqual({ op: 'port_allocate', right: 'RECEIVE' });
    expect(toRequest('port_rename', { old: 12, new: 'DEAD' })).toEqual({ op: 'port_rename', old: 12, new: 0xffffffff });
    expect(toRequest('port_insert_right', { name: 'NULL', right: { name: 12, disposition: 'MAKE_SEND' } })).toEqual({
      op: 'port_insert_right',
      name: 0,
      right: { name: 12, disposition: 20 },
    });
    expect(toRequest('port_request_notification', { name: 12, kind: 'DEAD_NAME', sync: 0, notify: null })).toEqual({
      op: 'port_request_notification',
      name: 12,
      kind: 'DEAD_NAME',
      sync: 0,
      notify: null,
    });
    expect(toRequest('port_extract_right', { name: 12, disposition: 99 })).toEqual({
      op: 'port_extract_right',
      name: 12,
      disposition: 99,
    });
    expect(toRequest('netname_look_up', { name: 'svc' })).toEqual({ op: 'netname_look_up', name: 'svc' });
  });

  it("gives rights, protections and memory the kernel's form", () => {
    expect(toRequest('set_special_port', { which: 'TASK_EXCEPTION', name: 12, disposition: 'COPY_SEND' })).toEqual({
      op: 'set_special_port',
      which: 'TASK_EXCEPTION',
      right: { name: 12, disposition: 19 },
    });
    expect(toRequest('vm_map', { size: 1, object: 12, protection: ['READ', 'WRITE'], maxProtection: 64 })).toEqual({
      op: 'vm_map',
      size: 1,
      object: { name: 12, disposition: 19 },
      protection: 3,
      maxProtection: 64,
    });
    expect(toRequest('vm_map', { size: 1, object: null })).toEqual({ op: 'vm_map', size: 1, object: null });
    expect(toRequest('vm_write', { address: 8, fill: [7, 2] })).toEqual({
      op: 'vm_write',
      address: 8,
      bytes: Uint8Array.of(7, 7),
    });
    expect(fromAnswer({ protection: 3, max: 0, shared: false })).toEqual({
      protection: ['READ', 'WRITE'],
      max: [],
      shared: false,
    });
    expect(fromAnswer({ current: 1, max: 3 })).toEqual({ current: 1, max: 3 });
  });

  it("gives a message the kernel's shape", () => {
    const body = { name: 'NULL' };
    const descriptors = [
      { port: 'DEAD', disposition: 'COPY_SEND' },
      { ool: { address: 4096, size: 10, deallocate: true } },
      { oolPorts: [12, 'NULL'], disposition: 17 },
    ];
    const send = { remote: 12, remoteDisposition: 'MOVE_SEND', id: 7, body, descriptors };
    const receive = { name: 'NULL', limit: 'size-1', notify: 'NULL' };
    expect(toRequest('msg', { send, receive, sendTimeout: 0, sendNotify: 'DEAD' })).toEqual({
      op: 'msg',
      send: {
        remote: 12,
        remoteDisposition: 17,
        local: 0,
        localDisposition: 0,
        id: 7,
        body,
        descriptors: [
          { kind: 'port', name: 0xffffffff, disposition: 19 },
          { kind: 'ool', address: 4096, size: 10, deallocate: true, copy: 'virtual' },
          { kind: 'ool_ports', names: [12, 0], disposition: 17, deallocate: false },
        ],
      },
      receive: { name: 0, limit: 'size-1', notify: 0 },
      sendTimeout: 0,
      sendNotify: 0xffffffff,
    });
  });

  it('refuses what only another profile can say', () => {
    expect(() => toRequest('msg', { send: { descriptors: [{ guarded: 12 }] } })).toThrow('msg descriptor guarded');
    const items = [{ kind: 'REAL', value: [1] }];
    expect(() => toRequest('msg', { send: { remote: 12, items } })).toThrow('unsupported: msg item REAL');
  });

  it('hands on what a buffer says beside the message, and typed items', () => {
    const items = [{ kind: 'PORT', disposition: 'MAKE_SEND', value: ['DEAD'] }];
    expect(toRequest('msg', { send: { remote: 12, size: 0, seqno: 5, items }, sendSize: 'header-4' })).toMatchObject({
      sendSize: 'header-4',
      send: {
        words: { size: 0, seqno: 5 },
        items: [{ name: 20, bits: 32, count: 1, inline: true, deallocate: false, unused: 0, values: [0xffffffff] }],
      },
    });
  });

  it('puts a received message into the words of the format', () => {
    expect(
      fromAnswer({
        kr: 'MACH_MSG_SUCCESS',
        message: {
          remote: 0,
          remoteType: 0,
          local: 12,
          localType: 18,
          id: 7,
          body: { name: 0 },
          seqno: 0,
          descriptors: [
            { kind: 'port', name: 0xffffffff, type: 17 },
            { kind: 'ool_ports', names: [0, 16], type: 16 },
            { kind: 'ool', address: 0, size: 0, deallocate: false },
          ],
        },
      }),
    ).toEqual({
      kr: 'MACH_MSG_SUCCESS',
      message: {
        remote: 'NULL',
        remoteType: null,
        local: 12,
        localType: 'PORT_SEND_ONCE',
        id: 7,
        body: { name: 0 },
        seqno: 0,
        complex: true,
        bits: [],
        descriptors: [
          { port: 'DEAD', type: 'PORT_SEND' },
          { oolPorts: ['NULL', 16], type: 'PORT_RECEIVE' },
          { ool: { address: 0, size: 0, deallocate: false } },
        ],
      },
    });
  });

  it('names names in other answers, and nothing that is no name', () => {
    expect(fromAnswer({ kr: 'KERN_SUCCESS', pset: 0, seqno: 0, msgcount: 0, srights: false })).toEqual({
      kr: 'KERN_SUCCESS',
      pset: 'NULL',
      seqno: 0,
      msgcount: 0,
      srights: false,
    });
    expect(fromAnswer({ ports: [12, 0], previous: null, address: 0, members: [16] })).toEqual({
      ports: [12, 'NULL'],
      previous: null,
      address: 0,
      members: [16],
    });
    expect(fromAnswer({ names: [{ name: 12, type: ['SEND'] }], previous: { name: 0xffffffff } })).toEqual({
      names: [{ name: 12, type: ['SEND'] }],
      previous: { name: 'DEAD' },
    });
  });
});
