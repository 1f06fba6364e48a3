import {
  digestOf,
  findSigner,
  Malformed,
  parseCms,
  verifyCmsSignature,
  type Cms,
  type DigestAlgorithm,
  type SignatureAlgorithm,
  type StatedDigest,
} from '#lib/pki';
import { Problem } from '#lib/platform';
import type { CmsSignatureRequest } from './request.js';
import { digestOfSigned, type SignatureInput } from './signature-input.js';

function readCms(der: Buffer): Cms {
  try {
    return parseCms(der);
  } catch (error) {
    if (error instanceof Malformed) throw new Problem('cms_malformed', { rule: error.rule, offset: error.offset });
    throw error;
  }
}

const withoutDer = ({ der: _der, ...algorithm }: SignatureAlgorithm): Omit<SignatureAlgorithm, 'der'> => algorithm;

/** What the request says was signed; undefined when it leaves that to the message. */
function statedDigest(request: CmsSignatureRequest, algorithm: DigestAlgorithm): StatedDigest | undefined {
  if (request.content === undefined && request.digest === undefined) return undefined;
  if (request.digest && request.digestAlgorithm !== algorithm)
    throw new Problem('content_missing', { digest_algorithm: algorithm });
  return { algorithm, digest: digestOfSigned(request, algorithm) };
}

/**
 * CMS SignedData with exactly one signer and its certificate. `at` in milliseconds bounds the claimed signing time.
 * @throws Problem `cms_malformed`, `signer_not_found`, `unsupported_signature`, `content_missing`, `digest_length_wrong`.
 */
export function readCmsSignature(request: CmsSignatureRequest, at: number): SignatureInput {
  const cms = readCms(request.cms);
  const { signer, certificate, reasons } = findSigner(cms);
  if (!signer)
    throw new Problem(reasons[0].code === 'unsupported_signature' ? 'unsupported_signature' : 'signer_not_found');
  const algorithm = signer.digestAlgorithm.digest;
  const stated = algorithm && statedDigest(request, algorithm);
  if (algorithm && !stated && !cms.content) throw new Problem('content_missing', { digest_algorithm: algorithm });
  const { padding } = signer.signatureAlgorithm;
  const attached = algorithm && cms.content ? digestOf(algorithm, cms.content) : undefined;
  const { signingTime, encoded } = signer.signedAttributes ?? {};
  return {
    unverifiedCertificate: certificate,
    check: () =>
      verifyCmsSignature({ cms, signer, certificate, at, ...(stated ? { detachedContent: stated } : {}) }).reasons,
    facts: {
      format: 'cms',
      ...(padding === undefined ? {} : { padding }),
      ...(algorithm === undefined ? {} : { digestAlgorithm: algorithm }),
      ...(signingTime === undefined ? {} : { signingTime }),
    },
    evidence: {
      signature: signer.signature,
      // What is attached is what the signature is checked over, whatever the request states besides.
      digest: attached ?? stated?.digest ?? new Uint8Array(),
      ...(encoded === undefined ? {} : { signedAttributes: encoded }),
      cms: {
        contentType: cms.contentType,
        digestAlgorithm: signer.digestAlgorithm,
        signatureAlgorithm: withoutDer(signer.signatureAlgorithm),
        contradicted: attached !== undefined && stated !== undefined && !attached.equals(stated.digest),
      },
    },
  };
}
