import { readFile } from 'node:fs/promises';
import { type Certificate, type Hierarchy, nameToString, parseCertificate } from '#lib/pki';
import { type Mode, toPublicId } from '#lib/platform';
import { type AnchorImportCode, judgeAnchorImport } from '#lib/revocation';
import { isTrusted, type JudgedAnchor, liveAnchorProposal, storeAnchor } from './anchor-store.js';
import { type OperatorContext, OperatorError } from './context.js';
import { proposeAsOperator } from './operator-commands.js';

/** How an anchor stands to a time; an expired one still proves signatures made in its time. */
export type AnchorValidity = 'valid' | 'expired' | 'not_yet_valid';

const anchorValidity = ({ notBefore, notAfter }: Certificate, at: number): AnchorValidity =>
  at > notAfter ? 'expired' : at < notBefore ? 'not_yet_valid' : 'valid';

const REFUSALS: Record<AnchorImportCode, string> = {
  anchor_malformed: 'The file is not a DER or PEM certificate.',
  anchor_unfit: 'The certificate cannot be a trust anchor.',
  test_anchor_in_live: 'This is a root of a test hierarchy. Live must never trust it.',
  real_anchor_in_test: 'This is a root of the real hierarchy. It is imported for live only.',
  anchor_hierarchy_wrong: 'This root belongs to the other hierarchy.',
  anchor_name_wrong: 'The name of this root is not that of a JPKI authority of this mode.',
};

const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

/** The DER in a file that holds one certificate as DER or PEM. */
export function certificateOfFile(content: Buffer): Buffer {
  const armoured = PEM.exec(content.toString('latin1'));
  return armoured === null ? content : Buffer.from(armoured[1]!, 'base64');
}

/** A fingerprint as people write it, with colons, spaces or capitals, in lower-case hex. */
export const readFingerprint = (text: string): string => text.replace(/[\s:]/g, '').toLowerCase();

const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export interface OfferedAnchor {
  mode: Mode;
  hierarchy: Hierarchy;
  /** Where the root lies, or the root itself in base64 DER. */
  file?: string;
  certificate?: string;
  /** SHA-256 from a source other than the file; absent: the operator is asked for it. */
  fingerprint?: string;
  /** For the second person; live only. */
  reason?: string;
}

/**
 * Imports a root as trust anchor of test once its SHA-256 fingerprint is confirmed; for live it is proposed by the
 * operator who signs in, and a second one decides. Importing it again changes nothing.
 * @throws OperatorError with a code of `AnchorImportCode`, `file_unreadable` or `fingerprint_mismatch`.
 */
export async function importAnchor(context: OperatorContext, offered: OfferedAnchor): Promise<void> {
  const judged = judge(offered, await readOffered(offered));
  const { certificate, fingerprint } = judged.anchor;
  context.out(`subject      ${nameToString(certificate.subject)}`);
  context.out(
    `valid        ${date(certificate.notBefore)} to ${date(certificate.notAfter)} (${anchorValidity(certificate, Date.now())})`,
  );
  context.out(`generation   ${judged.generation}, ${offered.hierarchy}, mode ${offered.mode}`);
  context.out(`sha-256      ${fingerprint}`);
  const confirmed = offered.fingerprint ?? (await context.ask('SHA-256 fingerprint from the official source: '));
  if (readFingerprint(confirmed) !== fingerprint)
    throw new OperatorError('fingerprint_mismatch', 'The fingerprint given is not that of this certificate.');
  if (offered.mode === 'live') return propose(context, judged, offered.reason);
  const { dataSource, actor } = context;
  const imported = await dataSource.transaction((manager) => storeAnchor(manager, judged, { mode: 'test', actor }));
  context.out(imported ? 'imported' : 'already imported');
}

async function readOffered({ file, certificate }: OfferedAnchor): Promise<Buffer> {
  if (certificate !== undefined) return Buffer.from(certificate, 'base64');
  if (file === undefined) throw new OperatorError('file_unreadable', 'no file is named');
  try {
    return certificateOfFile(await readFile(file));
  } catch (error) {
    throw new OperatorError('file_unreadable', `${file}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
  }
}

async function propose(context: OperatorContext, judged: JudgedAnchor, reason: string | undefined): Promise<void> {
  if (await isTrusted(context.dataSource, 'live', judged.anchor.fingerprint)) {
    context.out('already imported');
    return;
  }
  if (reason === undefined) throw new OperatorError('reason_missing', 'Say why live should trust this root: --reason');
  const approval = await proposeAsOperator(context, 'anchors:propose', { ...liveAnchorProposal(judged), reason });
  context.out(`proposed     ${toPublicId('apr', approval.id)}, until ${approval.expiresAt.toISOString()}`);
  context.out('Another operator approves it in the console; live trusts the root from then on.');
}

function judge({ mode, hierarchy }: OfferedAnchor, der: Buffer): JudgedAnchor {
  const judged = judgeAnchorImport(der, mode, hierarchy);
  if ('anchor' in judged) return judged;
  const { code, rule } = judged.refusal;
  throw new OperatorError(code, `${REFUSALS[code]}${rule === undefined ? '' : ` (${rule})`}`);
}

/** Shows the anchors of one mode, or of both. */
export async function listAnchors(context: OperatorContext, { mode }: { mode?: Mode }): Promise<void> {
  const rows: { mode: Mode; hierarchy: Hierarchy; generation: string; certificate: Buffer; fingerprint: string }[] =
    await context.dataSource.query(
      `select mode, hierarchy, generation, certificate, encode(fingerprint, 'hex') as fingerprint
       from trust_anchor where $1::tenant_mode is null or mode = $1::tenant_mode order by mode, hierarchy, generation`,
      [mode ?? null],
    );
  if (rows.length === 0) context.out('no trust anchors');
  for (const row of rows) {
    const certificate = parseCertificate(row.certificate);
    const validity = anchorValidity(certificate, Date.now());
    const until = date(certificate.notAfter);
    context.out(`${row.mode} ${row.hierarchy} ${row.generation} ${validity} until ${until} ${row.fingerprint}`);
  }
}
