import type { Sys } from 'portolan/resumable';
export class KernelProbe { constructor(sys: Sys, service: number) {} }
