// placeholder until the real file arrives
export type Body = unknown;
export class BodyRefusal { readonly path: string = 'body'; readonly why: string = ''; }
export const admitBody = (value: unknown): Body | BodyRefusal => { if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) Object.freeze(value); return value; };
export const bodySize = (_body: unknown): number => 0;
