import { NEEDED_COVERS, type CounterpartLookup } from '#lib/persons';
import { toPublicId } from '#lib/platform';
import type { CounterpartLookupAnswer } from './counterpart-lookups.schemas.js';
import { iso, publicIdOrNull } from './serial-linkages.answers.js';

export const counterpartLookupAnswer = (lookup: CounterpartLookup): CounterpartLookupAnswer => ({
  id: toPublicId('cpl', lookup.id),
  state: lookup.state,
  detail: lookup.detail ?? null,
  needs: lookup.state === 'consent_required' ? [...NEEDED_COVERS.counterpart] : null,
  person_id: publicIdOrNull('per', lookup.personId),
  certificate_id: publicIdOrNull('crt', lookup.certificateId),
  counterpart_certificate_id: publicIdOrNull('crt', lookup.counterpartCertificateId),
  source: lookup.source ?? null,
  retry_at: lookup.retryAt === undefined ? null : iso(lookup.retryAt),
  verification_id: toPublicId('ver', lookup.verificationId),
  consent_id: publicIdOrNull('cns', lookup.consentId),
  usage: lookup.usage.map(({ id, meter, method }) => ({ id: toPublicId('use', id), meter, method })),
  created_at: iso(lookup.createdAt),
});
