/** An id that nobody has: all others come after it. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** As PostgreSQL or ISO 8601 has it. */
export const TIME = /^[0-9TZ :.+-]+$/;

/** A value within a statement: COPY takes no parameters. @throws Error of what is not of that form */
export function literal(text: string, form: RegExp): string {
  if (!form.test(text)) throw new Error('not fit for a statement');
  return `'${text}'`;
}
