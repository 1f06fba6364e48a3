import { createHash, createPublicKey } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { appendAudit } from '#lib/audit';
import { toPublicId, type KeyRing, type Mode } from '#lib/platform';
import { readListFile } from '#lib/revocation';
import { BUNDLE_FORMAT, BUNDLE_LIST_OCTETS, type Bundle } from './bundle.js';
import type { SealedEvidence, VerdictFacts } from './evidence.js';
import { openForOperator, type EvidenceRequest } from './opened-evidence.js';
import { keySetOf } from './receipts.js';

/** A bundle as one JSON text, and its SHA-256 (hex), which the audit trail has too. */
export interface ExportedBundle {
  text: string;
  sha256: string;
}

/**
 * Everything that a verdict rests on, with the raw bytes, in the form of docs/evidence.md. As role shomei_admin or
 * shomei_operator. Asking is recorded by the database, what left by its hash.
 * @throws Problem as `openForOperator`
 */
export async function exportEvidence(
  dataSource: DataSource,
  keyRing: KeyRing,
  request: EvidenceRequest,
): Promise<ExportedBundle> {
  const { verificationId: id, origin } = request;
  const opened = await openForOperator(dataSource, keyRing, request, 'bundle');
  const { tenantId, mode, facts, evidence: kept } = opened;
  const bundle: Bundle = {
    format: BUNDLE_FORMAT,
    verification: {
      id: toPublicId('ver', id),
      tenant: toPublicId('ten', tenantId),
      mode,
      kind: opened.kind,
      decided_at: opened.decidedAt.toISOString(),
      recorded_at: opened.recordedAt.toISOString(),
    },
    facts,
    evidence: evidenceOf(kept),
    ...(kept.receipt === undefined ? {} : { receipt: kept.receipt }),
    jwks: await readKeySet(dataSource, mode),
    anchors: await readAnchors(dataSource, opened.recordedAt),
    crls: await readLists(dataSource, mode, facts),
    exported: {
      at: new Date().toISOString(),
      by: toPublicId('opr', request.operatorId),
      reason: request.reason.trim(),
    },
  };
  const text = `${JSON.stringify(bundle, undefined, 1)}\n`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  await appendAudit(dataSource, {
    actor: `operator:${request.operatorId}`,
    action: 'evidence.export',
    target: `verification:${id}`,
    tenancy: { tenantId, mode },
    detail: { sha256 },
    ...origin,
  });
  return { text, sha256 };
}

const base64 = (value: Uint8Array): string => Buffer.from(value).toString('base64');

const evidenceOf = ({ signedAttributes, cms, ocsp, salt, ...kept }: SealedEvidence): Bundle['evidence'] => ({
  certificate: base64(kept.certificate),
  signature: base64(kept.signature),
  digest: base64(kept.digest),
  ...(signedAttributes ? { signed_attributes: base64(signedAttributes) } : {}),
  ...(cms ? { cms } : {}),
  ...(ocsp ? { ocsp: { response: base64(ocsp.response), nonce: base64(ocsp.nonce) } } : {}),
  ...(salt ? { salt: base64(salt) } : {}),
});

async function readKeySet(dataSource: DataSource, mode: Mode): Promise<Bundle['jwks']> {
  const rows: { id: string; public_key: Buffer }[] = await dataSource.query(
    'select id, public_key from receipt_key where mode = $1 order by published_at',
    [mode],
  );
  const published = new Map(
    rows.map(({ id, public_key: key }) => [id, createPublicKey({ key, format: 'der', type: 'spki' })]),
  );
  return keySetOf({ published }) as Bundle['jwks'];
}

async function readAnchors(dataSource: DataSource, recordedAt: Date): Promise<Bundle['anchors']> {
  const rows: { mode: Mode; hierarchy: 'sign' | 'auth'; fingerprint: Buffer; certificate: Buffer }[] =
    await dataSource.query(
      'select mode, hierarchy, fingerprint, certificate from trust_anchor where imported_at <= $1 order by 1, 2, 3',
      [recordedAt],
    );
  return rows.map(({ mode, hierarchy, fingerprint, certificate }) => ({
    mode,
    hierarchy,
    fingerprint: fingerprint.toString('hex'),
    certificate: base64(certificate),
  }));
}

async function readLists(dataSource: DataSource, mode: Mode, { revocation }: VerdictFacts): Promise<Bundle['crls']> {
  const lists: Bundle['crls'] = [];
  for (const { method, sourceSha256: sha256 } of revocation) {
    if (method !== 'crl' || sha256 === undefined) continue;
    const [size]: { bytes: string }[] = await dataSource.query(
      'select bytes from crl where mode = $1 and sha256 = $2 limit 1',
      [mode, Buffer.from(sha256, 'hex')],
    );
    if (size === undefined || Number(size.bytes) > BUNDLE_LIST_OCTETS) continue;
    const content = await readListFile(dataSource, mode, sha256);
    if (content) lists.push({ sha256, content: base64(content) });
  }
  return lists;
}
