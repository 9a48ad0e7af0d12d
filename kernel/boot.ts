/** The table of contents: builds a kernel by naming each part once. Only composition roots import this. */

import type { Environment } from './environment.ts';
import { programFailed, settleFault } from './fault.ts';
import type { KernelRequest, MemoryRequest, PortRequest, ThreadRequest } from './interface/calls.ts';
import type { FreezeRequest } from './interface/move.ts';
import { Kernel, type Serve } from './kernel.ts';
import { serveMemory } from './serve/memory.ts';
import { serveFreeze } from './serve/move.ts';
import { servePort } from './serve/port.ts';
import { foreign, only } from './serve/request.ts';
import { isTaskRequest, serveTask } from './serve/task.ts';
import { serveThread } from './serve/thread.ts';

const serve: Serve = (task, thread, request, carried) => {
  if (isPortRequest(request)) return servePort(task.space, request, carried);
  if (isThreadRequest(request)) {
    if (thread === null) return only('KERN_INVALID_ARGUMENT');
    // Only the thread that makes this very call is running now.
    return serveThread(thread, thread.run === 'running' ? thread : null, request);
  }
  if (isFreezeRequest(request)) return serveFreeze(task, request);
  if (isMemoryRequest(request)) return serveMemory(task, request, carried);
  if (isTaskRequest(request)) return serveTask(task, thread, request, carried);
  return foreign(task.kernel.ipc, carried); // of another kind of kernel port: a husk's, the host's
};

const isPortRequest = (request: KernelRequest): request is PortRequest =>
  request.op === 'reply_port' || /^port_/.test(request.op);

const isThreadRequest = (request: KernelRequest): request is ThreadRequest =>
  /^thread_/.test(request.op) && request.op !== 'thread_create' && request.op !== 'thread_self';

const isFreezeRequest = (request: KernelRequest): request is FreezeRequest =>
  /^task_(freeze|thaw|describe|supply|detach)$/.test(request.op);

const isMemoryRequest = (request: KernelRequest): request is MemoryRequest =>
  /^vm_(?!set_default_)/.test(request.op) || request.op === 'memory_object_create_proxy';

/** A new kernel. It runs when its pump calls `runKernel`. */
export const bootKernel = (environment: Environment): Kernel =>
  new Kernel(environment, { serve, fault: settleFault, programFailed });
