import type { DataSource } from 'typeorm';
import { OcspTransport } from '#lib/jlis';
import type { Certificate, Hierarchy, RevocationFinding, TrustAnchor } from '#lib/pki';
import type { Mode } from '#lib/platform';
import { anchorOfRow } from './anchor-store.js';
import type { TrustAnchorRow } from './entities.js';
import { askOcsp } from './revocation-service.js';
import { serialOctets } from './serial-status.js';
import type { SerialQuestion } from './serial-statuses.js';

/** The OCSP responders of one mode, for many questions in a row. Nothing is cached: each answer has a time of its own. */
export class OcspSources {
  private constructor(
    private readonly urls: ReadonlyMap<Hierarchy, string>,
    private readonly anchors: readonly TrustAnchor[],
    private readonly transport: OcspTransport,
  ) {}

  /** @throws AnchorInWrongMode */
  static async read(dataSource: DataSource, mode: Mode, options: { timeoutMs: number }): Promise<OcspSources> {
    const anchors: TrustAnchorRow[] = await dataSource.query(
      'select mode, hierarchy, certificate from trust_anchor where mode = $1',
      [mode],
    );
    const sources: { hierarchy: Hierarchy; ocsp_url: string }[] = await dataSource.query(
      'select hierarchy, ocsp_url from revocation_source where mode = $1 and enabled and ocsp_url is not null',
      [mode],
    );
    const urls = new Map(sources.map(({ hierarchy, ocsp_url: url }) => [hierarchy, url]));
    return new OcspSources(urls, anchors.map(anchorOfRow), new OcspTransport(options));
  }

  ofCertificate(certificate: Certificate, anchorFingerprint: string, at: number): Promise<RevocationFinding> {
    return this.ask(certificate, anchorFingerprint, at);
  }

  /** Of a certificate of which only the serial number is known. */
  async ofSerial({ serialNumber, anchor, notAfter, at }: Omit<SerialQuestion, 'mode'>): Promise<RevocationFinding> {
    const issuer = this.anchors.find(({ fingerprint }) => fingerprint === anchor)?.certificate.subject;
    if (issuer === undefined || anchor === undefined) return doubt('issuer_unknown');
    const certificate = { issuer, serial: serialOctets(serialNumber), notAfter: notAfter ?? Infinity };
    const finding = await this.ask(certificate, anchor, at);
    // A responder may go on calling a certificate good after its end.
    if (finding.status !== 'good' || notAfter !== undefined) return finding;
    return { ...finding, status: 'unknown', detail: 'expiry_unknown' };
  }

  private async ask(
    certificate: Parameters<typeof askOcsp>[2]['certificate'],
    fingerprint: string,
    at: number,
  ): Promise<RevocationFinding> {
    const anchor = this.anchors.find((each) => each.fingerprint === fingerprint);
    if (anchor === undefined) return doubt('issuer_unknown');
    const url = this.urls.get(anchor.hierarchy);
    if (url === undefined) return doubt('no_ocsp_source');
    const { exchange: _exchange, ...finding } = await askOcsp(this.transport, url, { certificate, anchor, at });
    return finding;
  }
}

const doubt = (detail: string): RevocationFinding => ({ method: 'ocsp', status: 'unavailable', detail });
