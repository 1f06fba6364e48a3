/** What an address may say after the question mark; what makes no sense is left out. */
type Raw = Record<string, unknown>;

const word = (raw: Raw, name: string): string | undefined => {
  const value = raw[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Takes these parameters as text. */
export const words =
  <Name extends string>(...names: Name[]) =>
  (raw: Raw): { [N in Name]?: string } =>
    Object.fromEntries(names.flatMap((name) => (word(raw, name) === undefined ? [] : [[name, word(raw, name)]]))) as {
      [N in Name]?: string;
    };

/** The one of these values that a parameter names. */
export const oneOf = <Value extends string>(values: readonly Value[], given: string | undefined): Value | undefined =>
  values.find((value) => value === given);
