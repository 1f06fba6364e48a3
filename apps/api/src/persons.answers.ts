import type { z } from 'zod';
import {
  CONCLUSION_TEXTS,
  type ListedCertificate,
  type Person,
  type PersonStatus,
  type ToldStatus,
} from '#lib/persons';
import { toPublicId } from '#lib/platform';
import type { VerificationPerson } from '#lib/verification';
import type { person, personCertificates, personStatus, verificationPerson } from './persons.schemas.js';

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));
const personId = (id: string | undefined): string | null => (id === undefined ? null : toPublicId('per', id));

type StatusAnswer = z.output<typeof personStatus>;

const toldAnswer = (told: ToldStatus | undefined): StatusAnswer['sign'] =>
  told
    ? {
        certificate_id: toPublicId('crt', told.certificateId),
        provenance: told.provenance,
        status: told.state === undefined || told.state === 'absent' ? null : told.state,
        reason: told.reason ?? null,
        this_update: isoOrNull(told.state === 'good' ? told.thisUpdate : undefined),
      }
    : null;

export function personStatusAnswer(status: PersonStatus): StatusAnswer {
  const { message, user, nextStep } = CONCLUSION_TEXTS[status.code];
  return {
    checked_at: iso(status.checkedAt),
    conclusion: status.code,
    alive: {
      state: status.aliveAsOf === undefined ? 'not_confirmed' : 'confirmed_as_of',
      this_update: isoOrNull(status.aliveAsOf),
    },
    message,
    user_message: user,
    next_step: nextStep,
    sign: toldAnswer(status.sign),
    auth: toldAnswer(status.auth),
    usage: status.usage.map(({ id, meter, method }) => ({ id: toPublicId('use', id), meter, method })),
  };
}

export const verificationPersonAnswer = (found: VerificationPerson): z.output<typeof verificationPerson> => ({
  state: found.state,
  id: personId(found.id),
  new: found.isNew,
  merged_into: personId(found.mergedInto),
  status: found.status ? personStatusAnswer(found.status) : null,
});

export const personAnswer = ({ id, createdAt, mergedInto }: Person): z.output<typeof person> => ({
  id: toPublicId('per', id),
  created_at: iso(createdAt),
  merged_into: personId(mergedInto),
});

export const personCertificatesAnswer = (
  id: string,
  listed: readonly ListedCertificate[],
): z.output<typeof personCertificates> => ({
  person_id: toPublicId('per', id),
  data: listed.map(({ certificate, disclosure, status }) => {
    const state = status?.state;
    return {
      id: toPublicId('crt', certificate.id),
      kind: certificate.kind,
      provenance: certificate.provenance,
      first_seen_at: iso(certificate.firstSeenAt),
      not_after: disclosure === 'status' ? isoOrNull(certificate.notAfter) : null,
      disclosure,
      status: state === undefined || state.state === 'absent' ? null : state.state,
      reason: state?.state === 'revoked' ? state.reason : null,
      this_update: isoOrNull(state?.state === 'good' ? state.thisUpdate : undefined),
    };
  }),
});
