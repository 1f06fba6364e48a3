import { randomBytes } from 'node:crypto';
import { usageEventOf } from '#lib/billing';
import type { Outcome } from '#lib/pki';
import { newId } from '#lib/platform';
import { REVOCATION_METHODS } from '#lib/tenancy';
import type { Decision } from '#lib/verification';
import { WIDE_LIMITS } from './limits.js';
import type { TestTenant } from './tenants.js';

/** A decided check of a tenant, as the API hands it to the durable write. */
export function decision(tenant: TestTenant, change: Partial<Decision> = {}, outcome: Outcome = 'valid'): Decision {
  const id = newId(Date.now());
  return {
    principal: {
      ...tenant,
      lookupKeyId: tenant.tenantKeyId,
      scopes: [],
      referenceFormat: null,
      revocationMethods: REVOCATION_METHODS,
      limits: WIDE_LIMITS,
    },
    id,
    kind: change.challengeId === undefined ? 'signature' : 'authentication',
    decidedAt: Date.now(),
    facts: {
      outcome,
      reasons: outcome === 'valid' ? [] : [{ code: outcome === 'invalid' ? 'revoked' : 'revocation_stale' }],
      checks: [],
      revocation: [],
      signature: { format: 'raw' },
      certificate: { kind: 'sign', notBefore: 0, notAfter: 0 },
    },
    certificateHash: randomBytes(32),
    sealedEvidence: Buffer.from(`evidence of ${id}`),
    usage: [
      usageEventOf({
        id: newId(Date.now()),
        certificateKind: 'sign',
        method: 'crl',
        purpose: 'signature_verification',
        outcome,
      }),
    ],
    auditId: newId(Date.now()),
    requestId: 'req_test',
    ...change,
  };
}
