/** The census of a kernel, for whoever holds its host port: taken when asked for, with call sites while that is on. */
import type { CensusRequest } from '../interface/inspect.ts';
import type { Kernel } from '../kernel.ts';
import { takeCensus } from '../lab/census.ts';
import { Labels } from '../lab/labels.ts';
import { SiteBook } from '../lab/sites.ts';
import { Watch } from '../lab/watch.ts';
import { only, type Served, success } from './request.ts';

/** Serves `host_census` for one kernel. Off, it holds nothing. */
export class CensusDesk {
  readonly #kernel: Kernel;
  #following: { readonly watch: Watch; readonly book: SiteBook } | null = null;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** KERN_INVALID_ARGUMENT unless `sites` is one of the three; KERN_FAILURE if somebody else watches the kernel. */
  serve({ sites }: CensusRequest): Served {
    if (sites !== 'on' && sites !== 'off' && sites !== 'keep') return only('KERN_INVALID_ARGUMENT');
    if (sites === 'on' && this.#following === null) {
      if (Watch.isOn(this.#kernel)) return only('KERN_FAILURE');
      const watch = new Watch(this.#kernel);
      this.#following = { watch, book: new SiteBook(watch) };
    }
    if (sites === 'off') this.#stop();
    const take = (): Served =>
      success({ census: takeCensus(this.#kernel, new Labels(), this.#following?.book ?? null) });
    return this.#following === null ? take() : this.#following.watch.quietly(take);
  }

  #stop(): void {
    this.#following?.book.end();
    this.#following?.watch.end();
    this.#following = null;
  }
}
