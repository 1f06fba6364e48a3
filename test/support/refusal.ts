import { QueryFailedError } from 'typeorm';
import { Problem } from '#lib/platform';

/** SQLSTATE of a right that is missing. */
export const DENIED = '42501';
/** SQLSTATE, or the rule that was broken, or `done`. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (error instanceof Problem) return error.code;
    const { code, constraint } = (error instanceof QueryFailedError ? error.driverError : error) as {
      code?: string;
      constraint?: string;
    };
    return constraint ?? code ?? String(error);
  }
}
