import { isTextKey, type TextKey } from '../../texts';

/** One cause of a failure: its code, with the text that says it where this console knows it. */
export interface Cause {
  code: string;
  text?: TextKey;
}

/** What a stored failure says, `crl_refused:one,other` or `jlis_timeout`: each of its causes. */
export function causesOf(failure: string): Cause[] {
  const [kind = '', facts = ''] = failure.split(/:(.*)/s);
  if (kind === 'crl_refused')
    return facts
      .split(',')
      .filter((code) => code !== '')
      .map((code) => causeOf(code, `failures.refused_${code}`));
  return [causeOf(failure, `failures.why_${kind}`)];
}

const causeOf = (code: string, key: string): Cause => (isTextKey(key) ? { code, text: key } : { code });
