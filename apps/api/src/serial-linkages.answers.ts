import { NEEDED_COVERS, type LinkageState, type SerialLinkage } from '#lib/persons';
import { toPublicId, type IdPrefix } from '#lib/platform';
import type { SerialLinkageAnswer } from './serial-linkages.schemas.js';

const NEXT_STEP: Record<LinkageState, SerialLinkageAnswer['next_step']> = {
  linked: 'none',
  pending: 'wait',
  not_found: 're_enrol',
  consent_required: 'obtain_consent',
  ambiguous: 'check_manually',
  severed: 're_enrol',
};

export const iso = (ms: number): string => new Date(ms).toISOString();
export const publicIdOrNull = (prefix: IdPrefix, id: string | undefined): string | null =>
  id === undefined ? null : toPublicId(prefix, id);

export const serialLinkageAnswer = (linkage: SerialLinkage): SerialLinkageAnswer => ({
  id: toPublicId('lnk', linkage.id),
  state: linkage.state,
  detail: linkage.detail ?? null,
  needs: linkage.state === 'consent_required' ? [...NEEDED_COVERS.serial_linkage] : null,
  next_step: NEXT_STEP[linkage.state],
  person_id: publicIdOrNull('per', linkage.personId),
  certificate_id: publicIdOrNull('crt', linkage.certificateId),
  previous_certificate_id: publicIdOrNull('crt', linkage.previousCertificateId),
  source: linkage.source ?? null,
  verification_id: toPublicId('ver', linkage.verificationId),
  consent_id: publicIdOrNull('cns', linkage.consentId),
  attempts: linkage.attempts,
  next_attempt_at: linkage.nextAttemptAt === undefined ? null : iso(linkage.nextAttemptAt),
  created_at: iso(linkage.createdAt),
  updated_at: iso(linkage.updatedAt),
});
