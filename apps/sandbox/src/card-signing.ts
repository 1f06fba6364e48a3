import type { CardRecord } from './card-record.js';
import type { CardRegistry } from './card-registry.js';
import type { SignRequest } from './card-request.js';
import { cardSignature } from './card-signature.js';
import { keyIdentifier } from './certificate-profile.js';
import { cmsSignedData } from './cms-builder.js';
import { hash } from './emsa.js';
import { publicKeyOf } from './key-pair.js';
import { SandboxError } from './sandbox-error.js';

/** Base64 DER of the certificate, and base64 of the signature or of the CMS ContentInfo. */
export type Signed = { certificate: string; signature: string } | { certificate: string; cms: string };

/** What a card reader program does: enter the PIN, have the card sign, wrap the signature when CMS is asked for. */
export async function signWithCard(
  cards: CardRegistry,
  card: CardRecord,
  request: SignRequest,
  now: number,
): Promise<Signed> {
  const { certificate: hierarchy, digest_algorithm: digest, padding, cms } = request;
  const record = cards.getRecord(card, hierarchy, request.serial, request.earlier);
  cards.enterPin(card, hierarchy, request.pin);
  const issued = await cards.material(card, hierarchy, record);
  const content = request.content === undefined ? undefined : Buffer.from(request.content, 'base64');
  const contentDigest = content ? hash(digest, content) : Buffer.from(request.digest ?? '', 'base64');
  const certificate = issued.certificate.toString('base64');
  if (request.format === 'raw')
    return {
      certificate,
      signature: cardSignature(issued.privateKey, padding, digest, contentDigest).toString('base64'),
    };
  if (padding === 'pkcs1_v15_bare') throw new SandboxError('bad_request', 'CMS has no name for a bare hash');
  const built = cmsSignedData(
    {
      digest,
      padding,
      contentDigest,
      attached: cms.detached ? undefined : content,
      signerId: cms.signer_id,
      signedAttributes: cms.signed_attributes,
      signingTime: cms.signing_time ?? now,
    },
    { ...issued, hierarchy, serial: BigInt(record.serial), keyId: keyIdentifier(publicKeyOf(issued.privateKey)) },
  );
  return { certificate, cms: built.toString('base64') };
}
