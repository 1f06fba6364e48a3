/** Ten years after `at` on the calendar, both in milliseconds; from 29 February to 1 March. */
export function tenYearsAfter(at: number): number {
  const date = new Date(at);
  date.setUTCFullYear(date.getUTCFullYear() + 10);
  return date.getTime();
}
