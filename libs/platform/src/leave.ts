/** A promise that is awaited later; until then its failure is nobody's, and must not end the process as unhandled. */
export const leave = (promise: Promise<unknown>): void => void promise.catch(() => undefined);
