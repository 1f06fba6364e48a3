import { readFile } from 'node:fs/promises';
import { type Certificate, Malformed, parseCertificate, type TrustAnchor, validatePath } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { anchorOfRow, type HistoricFinding, RevocationHistory, type TrustAnchorRow } from '#lib/revocation';
import { certificateOfFile } from './anchor-commands.js';
import { type OperatorContext, OperatorError } from './context.js';

export interface StatusAtRequest {
  mode: Mode;
  /** A certificate in DER or PEM. */
  file: string;
  /** ISO 8601 with its offset from UTC, by the clock of the mode. */
  at: string;
}

/**
 * Shows the status of a certificate as of any time, and the list on which that rests.
 * @throws OperatorError `time_malformed`, `file_unreadable`, `certificate_malformed` or `issuer_unknown`
 */
export async function statusAt(context: OperatorContext, { mode, file, at }: StatusAtRequest): Promise<void> {
  if (!/(Z|[+-]\d\d:\d\d)$/.test(at) || Number.isNaN(Date.parse(at)))
    throw new OperatorError('time_malformed', '--at is a time such as 2026-04-01T12:00:00+09:00.');
  const certificate = await readCertificate(file);
  const anchor = await findAnchor(context, mode, certificate);
  const history = new RevocationHistory(context.dataSource);
  const { finding, list } = await history.statusAt({ mode, certificate, anchor, at: Date.parse(at) });
  const { status, detail, reason, revokedAt } = finding;
  context.out(`status        ${status}${detail === undefined ? '' : ` (${detail})`}`);
  if (status === 'revoked') context.out(`revoked       ${time(revokedAt)} ${reason ?? 'unspecified'}`);
  context.out(`as of         ${time(Date.parse(at))}`);
  context.out(`serial        ${certificate.serialNumber}`);
  context.out(`valid until   ${time(certificate.notAfter)}`);
  for (const line of listLines(list)) context.out(line);
}

const time = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString());

function listLines(list: HistoricFinding['list']): string[] {
  if (list === undefined) return ['list          none was in force'];
  return [
    `list          number ${list.crlNumber ?? '-'}, ${list.entries} entries`,
    `this update   ${time(list.thisUpdate)}`,
    `next update   ${time(list.nextUpdate)}`,
    `in force from ${time(list.inForceAt)} (accepted ${time(list.acceptedAt)} real time)`,
    `sha256        ${list.sha256}`,
    `source        ${list.source}`,
  ];
}

async function readCertificate(file: string): Promise<Certificate> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    throw new OperatorError('file_unreadable', `${file}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`);
  }
  try {
    return parseCertificate(certificateOfFile(content));
  } catch (error) {
    if (error instanceof Malformed) throw new OperatorError('certificate_malformed', error.rule);
    throw error;
  }
}

/** The anchor that issued the certificate, proved at a time when it was valid: whether it is now is not the question. */
async function findAnchor(context: OperatorContext, mode: Mode, certificate: Certificate): Promise<TrustAnchor> {
  const rows: Pick<TrustAnchorRow, 'mode' | 'hierarchy' | 'certificate'>[] = await context.dataSource.query(
    'select mode, hierarchy, certificate from trust_anchor where mode = $1',
    [mode],
  );
  const anchors = rows.map(anchorOfRow);
  for (const hierarchy of ['sign', 'auth'] as const) {
    const { anchor } = validatePath({ certificate, anchors, hierarchy, at: certificate.notBefore });
    if (anchor !== undefined) return anchor;
  }
  throw new OperatorError('issuer_unknown', `No trust anchor of mode ${mode} issued this certificate.`);
}
