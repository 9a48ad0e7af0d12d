/** The table of contents: builds a kernel by naming each part once. Only composition roots import this. */
import type { Environment } from './environment.ts';
import { Kernel, type Serve, type TaskMemory, type Thread } from './kernel.ts';
import { terminateTask, terminateThread } from './lives.ts';
import { servePort } from './serve/port.ts';
import { serveTask } from './serve/task.ts';
import { serveThread } from './serve/thread.ts';
import type { KernelRequest, PortRequest, TaskRequest, ThreadRequest } from './interface/calls.ts';
import type { FreezeRequest } from './interface/move.ts';
import { serveFreeze } from './serve/move.ts';
import { only } from './serve/request.ts';

const serve: Serve = (task, thread, request, carried) => {
  if (isPortRequest(request)) return servePort(task.space, request, carried);
  if (isThreadRequest(request)) {
    return thread === null ? only('KERN_INVALID_ARGUMENT') : serveThread(thread, null, request);
  }
  if (isFreezeRequest(request)) return serveFreeze(task, request);
  if (isMemoryRequest(request)) return only('KERN_FAILURE');
  return serveTask(task, thread, request as TaskRequest, carried);
};

const isPortRequest = (request: KernelRequest): request is PortRequest =>
  request.op === 'reply_port' || /^port_/.test(request.op);

const isThreadRequest = (request: KernelRequest): request is ThreadRequest =>
  /^thread_/.test(request.op) && request.op !== 'thread_create' && request.op !== 'thread_self';

const isFreezeRequest = (request: KernelRequest): request is FreezeRequest =>
  /^task_(freeze|thaw|describe|supply|detach)$/.test(request.op);

const isMemoryRequest = (request: KernelRequest): boolean => /^vm_/.test(request.op);

/** A new kernel. It runs when its pump calls `runKernel`. */
export const bootKernel = (environment: Environment): Kernel =>
  new Kernel(environment, {
    memoryOf: (): TaskMemory => {
      throw new Error('memory');
    },
    serve,
    fault: () => false,
    programFailed: (thread: Thread) => {
      if (thread.task.threads.size > 1) terminateThread(thread);
      else terminateTask(thread.task);
    },
  });
