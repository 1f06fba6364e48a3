import { readFileSync } from 'node:fs';
import { inspectCertificate } from '#lib/pki';
import { PEM_BLOCK } from './armour.js';
import { inspectAnswer } from './inspect-answer.js';
import { readRequest } from './inspect-request.js';

export interface InspectFiles {
  certificate: string;
  intermediate: string[];
  anchor: string[];
  crl: string[];
  ocsp: string[];
  at: string | number;
  profile?: string;
  revocation?: string;
  policy: {
    initialPolicySet?: string[];
    requireExplicitPolicy?: boolean;
    inhibitPolicyMapping?: boolean;
    inhibitAnyPolicy?: boolean;
  };
}

/** The verdict on files: the request of a batch line, with a file's path where that has its octets. */
export function inspectFiles(files: InspectFiles): Record<string, unknown> {
  const read = (paths: string[]): string[] => paths.flatMap((path) => readItems(path));
  const [certificate, ...bundled] = read([files.certificate]);
  const crls = read(files.crl);
  const ocsp = read(files.ocsp);
  const given = crls.length > 0 ? 'crl' : 'none';
  const request = readRequest({
    certificate: certificate ?? '',
    // A file with a whole chain starts with the certificate it is about.
    intermediates: [...bundled, ...read(files.intermediate)],
    anchors: read(files.anchor),
    crls,
    ocsp,
    at: files.at,
    profile: files.profile,
    policy: files.policy,
    revocation: files.revocation ?? (ocsp.length > 0 ? 'ocsp' : given),
  });
  return inspectAnswer(inspectCertificate(request));
}

/** Every PEM block of a file in base64 or, where it has none, the whole file. */
function readItems(path: string): string[] {
  const octets = readFileSync(path);
  const blocks = [...octets.toString('latin1').matchAll(PEM_BLOCK)];
  if (blocks.length === 0) return [octets.toString('base64')];
  return blocks.map(([, , body = '']) => body.replace(/\s/gu, ''));
}
