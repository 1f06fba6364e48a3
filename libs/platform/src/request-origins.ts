/**
 * Addresses of the requests that a process is answering, by request id: whoever records an act knows the request's id,
 * and few on the way there would have another use for the address.
 *
 * An entry goes when its request has been answered. One whose caller has hung up is still worked on, and what it does
 * is recorded with its address: such entries go by age.
 */
let young = new Map<string, string>();
let old = new Map<string, string>();
let turnedAt = 0;

/** An entry that nobody removes stays for one to two of these, milliseconds; no request takes as long. */
const TURN_MS = 60_000;

export function rememberOrigin(requestId: string, ip: string, nowMs: number): void {
  if (nowMs - turnedAt > TURN_MS) {
    old = young;
    young = new Map();
    turnedAt = nowMs;
  }
  young.set(requestId, ip);
}

/** Call it when the request has been answered. */
export function forgetOrigin(requestId: string): void {
  if (!young.delete(requestId)) old.delete(requestId);
}

/** The address a request came from, while it is worked on. */
export const originOf = (requestId: string): string | undefined => young.get(requestId) ?? old.get(requestId);
