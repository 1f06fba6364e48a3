import { QueryFailedError } from 'typeorm';

/** Name of the constraint, or of the rule of a trigger, that refused a statement (SQLSTATE class 23). */
export function brokenRule(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code, constraint } = error.driverError as { code?: string; constraint?: string };
  return code?.startsWith('23') === true ? constraint : undefined;
}
