import { Problem } from '#lib/platform';
import type { VerificationFilter } from './search-schemas.js';

const DAY_MS = 86_400_000;
/** Without a tenant all of a time are looked through. */
const LONGEST_MS = 7 * DAY_MS;

const refuse = (field: string, message: string, messageJa: string): Problem =>
  new Problem('request_invalid', { field, errors: [{ field, message, message_ja: messageJa }] });

/**
 * The time a search covers: of one tenant any, of all tenants seven days at most and one by default.
 * @param now milliseconds, real time
 * @throws Problem `request_invalid` naming the field.
 */
export function searchWindow(
  query: Pick<VerificationFilter, 'tenant_id' | 'reference' | 'created_after' | 'created_before'>,
  now: number,
): { createdAfter: Date; createdBefore: Date } {
  const everybody = query.tenant_id === undefined;
  if (everybody && query.reference !== undefined)
    throw refuse('reference', 'needs tenant_id', '事業者の管理番号で探すときは、事業者も選択してください。');
  // A little after now: clocks of other processes may be ahead.
  const before = query.created_before === undefined ? now + DAY_MS : Date.parse(query.created_before);
  const by = Math.min(before, now);
  const after = query.created_after === undefined ? (everybody ? by - DAY_MS : 0) : Date.parse(query.created_after);
  if (after >= before)
    throw refuse('created_after', 'must be before created_before', '開始日時は終了日時より前にしてください。');
  if (everybody && by - after > LONGEST_MS)
    throw refuse(
      'created_after',
      'at most 7 days without tenant_id: name a tenant, or narrow the time',
      '事業者を指定しない検索は7日以内です。事業者を選択するか、期間を7日以内にしてください。',
    );
  return { createdAfter: new Date(after), createdBefore: new Date(before) };
}
