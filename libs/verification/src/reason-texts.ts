import type { ReasonCode } from '#lib/pki';

/** What a reason means for the developer, and what may be shown to the person. */
export interface ReasonText {
  message: string;
  remedy: string;
  user: { ja: string; en: string };
}

const USER = {
  wrongCard: {
    ja: 'この証明書はこのお手続きにはご利用いただけません。',
    en: 'This certificate cannot be used for this procedure.',
  },
  expired: {
    ja: '証明書の有効期間外です。証明書の有効期限をご確認ください。',
    en: 'The certificate is not within its validity period. Please check its expiry date.',
  },
  notVerified: {
    ja: '署名を確認できませんでした。もう一度お試しください。',
    en: 'The signature could not be confirmed. Please try again.',
  },
  notUsable: {
    ja: 'この証明書は現在ご利用いただけません。お手続きについては窓口にお問い合わせください。',
    en: 'This certificate cannot be used at present. Please contact the service desk.',
  },
  confirmFirst: {
    ja: 'はじめに暗証番号によるご本人確認が必要です。',
    en: 'Please confirm your identity with your PIN first.',
  },
  later: {
    ja: 'ただいま証明書の状態を確認できません。しばらくしてからもう一度お試しください。',
    en: 'The status of the certificate cannot be confirmed right now. Please try again later.',
  },
} as const;

const text = (message: string, remedy: string, user: ReasonText['user']): ReasonText => ({ message, remedy, user });

export const REASON_TEXTS: Record<ReasonCode, ReasonText> = {
  wrong_mode: text(
    'The certificate was issued by a root of the other mode: a test card against live, or a real card against test.',
    'Use a key of the mode the card belongs to.',
    USER.wrongCard,
  ),
  wrong_hierarchy: text(
    'The certificate belongs to the other JPKI hierarchy: sign certificates sign documents, auth certificates answer challenges.',
    'Have the card use the other certificate, or call the other endpoint.',
    USER.wrongCard,
  ),
  issuer_unknown: text(
    'No trusted JPKI root has the key that the certificate names as its issuer.',
    'The certificate is not a JPKI certificate, or a new root is not imported yet.',
    USER.wrongCard,
  ),
  issuer_signature_invalid: text(
    'The certificate names a trusted root, and that root did not sign it.',
    'Treat the certificate as forged or damaged.',
    USER.wrongCard,
  ),
  issuer_not_ca: text(
    'The issuing certificate may not issue certificates.',
    'Report it to the operator.',
    USER.wrongCard,
  ),
  issuer_expired: text(
    'The root that issued the certificate has expired, and the certificate with it.',
    'The person needs a new certificate from the municipality.',
    USER.expired,
  ),
  issuer_not_yet_valid: text('The issuing root is not valid yet.', 'Check the clock of the mode.', USER.expired),
  algorithm_refused: text(
    'The certificate is signed with an algorithm that is not accepted.',
    'Treat the certificate as forged.',
    USER.wrongCard,
  ),
  algorithm_mismatch: text(
    'The certificate states two different signature algorithms.',
    'Treat the certificate as forged.',
    USER.wrongCard,
  ),
  key_refused: text(
    "The certificate's key is of a kind or size that is not accepted.",
    'Treat the certificate as forged.',
    USER.wrongCard,
  ),
  path_length_exceeded: text(
    'A CA on the path may not have that many CAs below it; `depth` says where the path is too long.',
    'Report it to the operator.',
    USER.wrongCard,
  ),
  extension_malformed: text(
    'A certificate of the path has an extension that does not follow its encoding rules.',
    'Report it to the operator.',
    USER.wrongCard,
  ),
  critical_extension_unknown: text(
    'The certificate carries a critical extension that is not understood.',
    'Report the OID to the operator.',
    USER.wrongCard,
  ),
  policy_not_allowed: text(
    'The certificate was issued under another policy than this check accepts.',
    'Check that the right certificate of the card was used.',
    USER.wrongCard,
  ),
  key_usage_not_allowed: text(
    'The key usage of the certificate is not that of its kind.',
    'Check that the right certificate of the card was used.',
    USER.wrongCard,
  ),
  extended_key_usage_not_allowed: text(
    'The extended key usage of the certificate is not that of its kind.',
    'Check that the right certificate of the card was used.',
    USER.wrongCard,
  ),
  end_entity_is_ca: text(
    'The certificate is a CA certificate, not one of a person.',
    "Send the person's certificate.",
    USER.wrongCard,
  ),
  profile_mismatch: text(
    'The certificate does not have the form JPKI gives to its kind; `field` says where.',
    'Report it to the operator with the verification id.',
    USER.wrongCard,
  ),
  certificate_not_yet_valid: text('The certificate is not valid yet.', 'Check the clock of the mode.', USER.expired),
  certificate_expired: text(
    'The certificate has expired.',
    'The person needs a new certificate from the municipality.',
    USER.expired,
  ),
  signer_not_found: text(
    'The CMS does not contain the certificate of its signer.',
    'Embed the signing certificate in the SignedData.',
    USER.notVerified,
  ),
  content_type_mismatch: text(
    'The signed content-type attribute differs from the content type.',
    'Build the CMS again; see RFC 5652 §11.1.',
    USER.notVerified,
  ),
  digest_algorithm_refused: text(
    'The signature uses a digest algorithm that is not accepted.',
    'Sign with SHA-256, SHA-384 or SHA-512.',
    USER.notVerified,
  ),
  padding_mismatch: text(
    'The signature is good for the content, with another padding than stated.',
    'State the padding in `found`, if that is what your card reader software does.',
    USER.notVerified,
  ),
  message_digest_mismatch: text(
    'The content is not the one that was signed: its digest differs from the signed one.',
    'Send exactly the bytes that were signed.',
    USER.notVerified,
  ),
  signature_mismatch: text(
    "The signature was not made by the certificate's key over this content.",
    'Check content, digest and certificate belong together; a forged request looks the same.',
    USER.notVerified,
  ),
  signing_time_out_of_range: text(
    'The signing time the signer claims lies in the future.',
    "Check the clock of the signer's device.",
    USER.notVerified,
  ),
  revoked: text(
    'The certificate is revoked. `reason` is the CRL reason.',
    'Do not accept the signature. Never tell the person the cause.',
    USER.notUsable,
  ),
  unsupported_name_constraints: text(
    'A CA on the path restricts the names it may certify, and such restrictions are not evaluated.',
    'Not decided and not billed. JPKI has no such CA; report it to the operator.',
    USER.later,
  ),
  budget_exceeded: text(
    'The certificates given allow more paths than are tried, and none of those tried is valid.',
    'Send only the certificates that belong to the path.',
    USER.later,
  ),
  unsupported_signature: text(
    'The signature has a form that is not supported, so it is not judged.',
    'Use one signer and the algorithms of the guide.',
    USER.notVerified,
  ),
  unsupported_revocation_data: text(
    'The revocation data has a form that is not supported, so the status is not known.',
    'Not decided and not billed. Report it to the operator.',
    USER.later,
  ),
  status_unknown: text(
    'The responder does not know the certificate.',
    'Not decided and not billed. A certificate issued minutes ago may be known later.',
    USER.later,
  ),
  revocation_stale: text(
    'The newest revocation data held is past its nextUpdate.',
    'Not decided and not billed. Try again later; if it lasts, tell the operator.',
    USER.later,
  ),
  revocation_unavailable: text(
    'No revocation data could be had for the certificate.',
    'Not decided and not billed. Try again later, or with another `revocation` method.',
    USER.later,
  ),
  confirmed_use_missing: text(
    'The certificate was presented without a signature, and you have not identified its holder by one before.',
    'Have the holder log in with the PIN once, with `identify`. Nothing was asked about the certificate.',
    USER.confirmFirst,
  ),
};
