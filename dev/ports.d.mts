/** A TCP port on 127.0.0.1 that nobody listens on at this moment, outside the range of outgoing connections. */
export function freePort(): Promise<number>;
