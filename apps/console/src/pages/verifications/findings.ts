import { useReading } from '../../language';
import { isTextKey } from '../../texts';

/** Operands whose values are codes, and where the words of those are. */
const CODED: Readonly<Record<string, (code: string) => string>> = {
  reason: (code) => `findings.reason_${code}`,
  detail: (code) => `findings.detail_${code}`,
  field: (code) => `findings.field_${code}`,
  budget: (code) => `findings.budget_${code}`,
  expected: (code) => `findings.hierarchy_${code}`,
  found: (code) => `findings.hierarchy_${code}`,
};

/** Says in the reader's language what a finding is about; a code that has no words stays as it is. */
export function useFindings() {
  const { t, format } = useReading();
  const value = (name: string, said: string): string => {
    if (/^\d{4}-\d\d-\d\dT/.test(said)) return format.time(said);
    const key = CODED[name]?.(said) ?? '';
    return isTextKey(key) ? t('findings.with_code', { words: t(key), code: said }) : said;
  };
  return {
    /** Why a certificate was revoked, by its name of RFC 5280. */
    revocationReason: (code: string) => value('reason', code),
    /** Why something is not known. */
    detail: (code: string) => value('detail', code),
    operand: (name: string, given: string | number): string => {
      const key = `findings.operand_${name}`;
      return t('findings.operand', { name: isTextKey(key) ? t(key) : name, value: value(name, String(given)) });
    },
  };
}
