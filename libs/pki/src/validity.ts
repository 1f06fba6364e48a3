import type { Certificate } from './certificate.js';
import type { Reason } from './verdict.js';

/** Certificate times have whole seconds and notAfter is inclusive (RFC 5280 §4.1.2.5): 14:59:59.999 is still in time. */
export const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000;

/** Whether the certificate is within its validity period at `at` (milliseconds). */
export function checkValidity(certificate: Certificate, at: number): Reason[] {
  const { notBefore, notAfter } = certificate;
  const second = wholeSecond(at);
  if (second < notBefore)
    return [{ code: 'certificate_not_yet_valid', operands: { not_before: new Date(notBefore).toISOString() } }];
  if (second > notAfter)
    return [{ code: 'certificate_expired', operands: { not_after: new Date(notAfter).toISOString() } }];
  return [];
}
