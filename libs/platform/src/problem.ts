import { OPERATOR_PROBLEMS, type OperatorProblemCode } from './operator-problem.js';
import type { ProblemRow } from './problem-row.js';

/** Every problem code of the SP API. Codes are stable; titles and remedies may be reworded. */
export const PROBLEMS = {
  json_malformed: {
    status: 400,
    title: 'The body is not JSON.',
    remedy: 'Send one JSON object in UTF-8, with Content-Type: application/json.',
  },
  http_malformed: {
    status: 400,
    title: 'This is not a request of HTTP/1.1.',
    ja: 'HTTPリクエストの形式が正しくありません。',
    remedy: 'Send a request line, one Host header and a body of the length that Content-Length tells (RFC 9112).',
  },
  request_invalid: {
    status: 400,
    title: 'A field of the request is missing or wrong.',
    remedy: 'See `errors`: each entry names the field and the rule it breaks.',
  },
  base64_malformed: {
    status: 400,
    title: 'A binary field is not base64.',
    remedy: 'Use standard base64 (RFC 4648 §4) with padding, no line breaks, no PEM armour.',
  },
  idempotency_key_malformed: {
    status: 400,
    title: 'The Idempotency-Key header is not usable.',
    remedy: 'Send 1 to 255 printable ASCII characters, for example a UUID, once.',
  },
  cursor_malformed: {
    status: 400,
    title: 'The cursor was not made by this list.',
    remedy: 'Start again without a cursor, or use `next_cursor` of the page before, unchanged.',
  },
  api_key_missing: {
    status: 401,
    title: 'The request carries no API key.',
    remedy: 'Send `Authorization: Bearer shm_test_…` or `shm_live_…`.',
  },
  api_key_invalid: {
    status: 401,
    title: 'The API key is unknown, revoked or expired.',
    remedy: 'Check the whole key was copied. A revoked or expired key looks the same as one that never existed.',
  },
  tenant_suspended: {
    status: 403,
    title: 'The operator has suspended this tenant.',
    remedy: 'Ask the operator. The key works again when the tenant is resumed.',
  },
  scope_missing: {
    status: 403,
    title: 'The API key may not do this.',
    remedy: 'Use a key with the scope named in `scope`.',
  },
  address_not_allowed: {
    status: 403,
    title: 'The API key may not be used from this address.',
    remedy: 'Send requests from an address of `allowed_addresses` of the key, or use another key.',
  },
  not_found: {
    status: 404,
    title: 'There is no such thing, or it is not yours.',
    remedy: 'Check the id and that the key is of the mode in which the thing was made.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive.',
    ja: 'リクエストの受信に時間がかかりすぎました。',
    remedy: 'Send the whole request at once. Nothing was read of it.',
    retryable: true,
  },
  idempotency_in_flight: {
    status: 409,
    title: 'A request with this Idempotency-Key is still being worked on.',
    remedy: 'Send the same request again in a second.',
    retryable: true,
  },
  evidence_erased: {
    status: 409,
    title: 'The evidence of this verification was erased when its time was over.',
    remedy: 'The verdict stands and is shown; its checks cannot be repeated any more.',
  },
  evidence_incomplete: {
    status: 409,
    title: 'The evidence of this verification does not suffice to repeat its checks.',
    remedy: 'It was made before all of it was kept. What was decided stands; nothing was metered.',
  },
  sweep_ended: {
    status: 409,
    title: 'The sweep has ended already.',
    remedy: 'Nothing is left to cancel; its results stay.',
  },
  sweep_results_erased: {
    status: 409,
    title: 'What this sweep found about persons was erased when its time was over.',
    remedy: 'The sweep and its summary are shown; order a new one to know how things are.',
  },
  too_many_sweeps: {
    status: 409,
    title: 'Twenty sweeps of yours wait or run already.',
    remedy: 'They are worked on one after the other. Wait for one to end, or cancel one.',
    retryable: true,
  },
  too_many_streams: {
    status: 429,
    title: 'Ten streams of progress are open already.',
    remedy: 'Close one, or ask for the sweep itself now and then.',
    retryable: true,
  },
  characters_unmappable: {
    status: 422,
    title: 'CP932 lacks characters of this file.',
    remedy: 'See `characters`. Take it in UTF-8, which has them all.',
  },
  upload_busy: {
    status: 503,
    title: 'Another large file is being read.',
    remedy: 'Send the same request again in some seconds.',
    retryable: true,
  },
  challenge_used: {
    status: 409,
    title: 'The challenge has been answered before.',
    remedy: 'Get a new challenge and have the card sign it; a challenge decides once.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is larger than this endpoint takes.',
    remedy: 'Send the digest of a large document instead of its content; files are attached up to 10 MiB.',
  },
  media_type_unsupported: {
    status: 415,
    title: 'The body is not sent in the form this route takes.',
    remedy: 'Send Content-Type: application/json; a file of references as text/csv.',
  },
  expectation_unsupported: {
    status: 417,
    title: 'The Expect header asks for something we do not do.',
    ja: 'Expectヘッダーの内容に対応していません。',
    remedy: 'Leave Expect out, or send `100-continue`.',
  },
  api_key_too_wide: {
    status: 422,
    title: 'A key cannot make a key that may more than itself.',
    remedy:
      '`wider` tells what: `scopes`, `addresses` or `life`. Ask for less, use a wider key, or have the operator make it.',
  },
  api_key_limit: {
    status: 422,
    title: 'There are 100 keys in use in this mode.',
    remedy: 'Revoke keys that are no longer used; `last_used_at` tells which.',
  },
  api_key_not_rotatable: {
    status: 422,
    title: 'The key cannot be rotated.',
    remedy:
      '`state` tells why: `revoked`, `expired`, or `rotated` before, when the key that replaced it can be rotated instead.',
  },
  webhook_url_refused: {
    status: 422,
    title: 'Events are not sent to this URL.',
    remedy:
      '`rule` tells why: `not_https`, `login` or `fragment` in the URL, a `private_address` behind its name, or `unresolved`, no address at all.',
  },
  webhook_endpoint_limit: {
    status: 422,
    title: 'There are 20 webhook endpoints in this mode.',
    remedy: 'Delete one that is no longer used, or have one endpoint receive more types of events.',
  },
  webhook_endpoint_disabled: {
    status: 422,
    title: 'The webhook endpoint is disabled.',
    remedy: 'Enable it first; `disabled_reason` of the endpoint tells whether it was disabled for failing.',
  },
  event_unknown: {
    status: 422,
    title: 'There is no such event.',
    remedy: 'Use the id (`evt_…`) of an event of this tenant and mode, as GET /v1/events lists it.',
  },
  replay_too_large: {
    status: 422,
    title: 'The time to send again has more than 100,000 events.',
    remedy: 'Ask for a shorter time, and for the rest in further requests.',
  },
  export_too_large: {
    status: 422,
    title: 'The export would have more than 100,000 rows.',
    remedy: 'Ask for a shorter time, and for the rest in further requests.',
  },
  sweep_rows_refused: {
    status: 422,
    title: 'Lines of the request stand for nobody.',
    remedy:
      'See `errors`: each entry names the line and why. Correct them, or send `on_bad_rows: skip` to go on with the others.',
  },
  csv_encoding_wrong: {
    status: 422,
    title: 'The file is not in the encoding it is said to be in.',
    remedy:
      'Send UTF-8, or say `encoding=cp932` for a file in Windows-31J (Shift_JIS). `line` names the first such line.',
  },
  csv_header_wrong: {
    status: 422,
    title: 'The first line of the file is not the one expected.',
    remedy:
      'The first line is `reference`, each further line one reference. Send no other column: nothing else is needed.',
  },
  csv_too_many_rows: {
    status: 422,
    title: 'The file has more than 1,000,000 lines.',
    remedy: 'Send it in several parts.',
  },
  csv_unmappable: {
    status: 422,
    title: 'The file holds characters that CP932 lacks.',
    remedy: 'Ask for UTF-8. `lines` names the first lines of your own file that hold such characters.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This Idempotency-Key was used for another request.',
    remedy: 'Use a new key for a new request; repeat a key only with the same path and body.',
  },
  certificate_malformed: {
    status: 422,
    title: 'The certificate is not a DER-encoded X.509 certificate.',
    remedy: 'Send the bytes the card gave, base64-encoded, not PEM. `rule` says what is wrong and `offset` where.',
  },
  cms_malformed: {
    status: 422,
    title: 'The signature is not DER-encoded CMS SignedData.',
    remedy: 'Send the ContentInfo in DER, base64-encoded. `rule` says what is wrong and `offset` where.',
  },
  content_missing: {
    status: 422,
    title: 'The request does not bring the content that was signed, or its digest by the right algorithm.',
    remedy: 'Send `content`, or `digest` with the `digest_algorithm` this answer names.',
  },
  signer_not_found: {
    status: 422,
    title: 'The CMS does not contain the certificate of its signer.',
    remedy: 'Embed the signing certificate in the SignedData.',
  },
  unsupported_signature: {
    status: 422,
    title: 'The CMS has several signers.',
    remedy: 'Send one SignedData per signer: a verdict is about one person.',
  },
  digest_algorithm_refused: {
    status: 422,
    title: 'The digest algorithm is not accepted.',
    remedy: 'Use sha256, sha384 or sha512. SHA-1 and MD5 are broken for signatures.',
  },
  digest_length_wrong: {
    status: 422,
    title: 'The digest does not have the length of its algorithm.',
    remedy: 'Send the raw digest: 32, 48 or 64 bytes.',
  },
  reference_is_my_number: {
    status: 422,
    title: 'The reference has the form and check digit of an Individual Number (My Number).',
    remedy: 'Never send an Individual Number. If your references look like one, have their format registered.',
  },
  reference_format_wrong: {
    status: 422,
    title: 'The reference does not have the format registered in the contract.',
    remedy: 'Send the reference in the registered format, see /v1/me.',
  },
  challenge_unknown: {
    status: 422,
    title: 'There is no such challenge.',
    remedy: 'Use the id that POST /v1/challenges gave, with a key of the same mode.',
  },
  challenge_expired: {
    status: 422,
    title: 'The challenge is older than five minutes.',
    remedy: 'Get a new challenge and have the card sign it.',
  },
  feature_not_contracted: {
    status: 403,
    title: 'The contract does not include this.',
    remedy: 'Ask the operator to have the feature named in `feature` added; /v1/me shows what is included.',
  },
  proof_unknown: {
    status: 422,
    title: 'There is no such check to rest on.',
    remedy: 'Name a verification of this tenant and mode, made with the certificate the question is about.',
  },
  proof_unsuccessful: {
    status: 422,
    title: 'The check to rest on was not successful.',
    remedy: 'Only a check with outcome `valid` is proof that the holder is here.',
  },
  proof_expired: {
    status: 422,
    title: 'The check to rest on is older than ten minutes.',
    remedy: 'Have the card sign again and name the new check.',
  },
  proof_of_other_kind: {
    status: 422,
    title: 'The check to rest on was made with the other kind of certificate.',
    remedy: 'See `needs`: a check with that kind of certificate is required.',
  },
  certificate_unknown: {
    status: 422,
    title: 'There is no such certificate of a person of yours.',
    remedy:
      'Name a certificate by the id (`crt_…`) that an answer of ours gave. Serial numbers are refused: nobody can ask about a certificate that was never presented.',
  },
  certificate_of_other_kind: {
    status: 422,
    title: 'The certificate is of the other kind.',
    remedy: 'See `needs`: name a certificate of that kind.',
  },
  proof_of_other_person: {
    status: 422,
    title: 'The check to rest on is not of this person.',
    remedy: 'Name a check made with a certificate of the person the request is about.',
  },
  person_unknown: {
    status: 422,
    title: 'There is no such person.',
    remedy: 'Use a person id of this tenant and mode. A deleted person looks the same as one that never was.',
  },
  age_not_allowed: {
    status: 422,
    title: 'The contract does not let this age be asked for.',
    remedy: 'Ask for the ages listed in `allowed`, or have the contract changed.',
  },
  age_date_not_allowed: {
    status: 422,
    title: 'The contract does not let this day be asked about.',
    remedy: 'Leave `on` out for today in Japan, or use a day listed in `allowed`.',
  },
  age_probe_refused: {
    status: 422,
    title: 'Too many different questions about the age of this person this year.',
    remedy:
      'Ask only what the service needs: different ages and days narrow a date of birth down. What was asked before may be asked again.',
  },
  consent_given_in_future: {
    status: 422,
    title: 'The consent is said to be given later than now.',
    remedy: 'Send the time at which the person consented, by the clock of the mode (see /v1/me).',
  },
  consent_expired: {
    status: 422,
    title: 'The consent was given ten years ago or longer.',
    remedy: 'Ask the person for a new consent.',
  },
  consent_covers_missing: {
    status: 422,
    title: 'The consent does not cover what is to be done.',
    remedy: 'Have the person consent to everything in `needs`, and say so in `covers`.',
  },
  consent_evidence_missing: {
    status: 422,
    title: 'This consent needs evidence.',
    remedy: 'Have the person sign the consent document, verify the signature, and name the verification in `evidence`.',
  },
  consent_document_mismatch: {
    status: 422,
    title: 'The document is not the one that was signed.',
    remedy: 'Send the very bytes over which the signature named in `evidence` was made.',
  },
  consent_signature_unsupported: {
    status: 422,
    title: 'This form of signature cannot be registered as a consent.',
    remedy: 'Verify the signature over the consent document as `raw`: J-LIS takes a bare signature and its content.',
  },
  consent_refused: {
    status: 422,
    title: 'J-LIS does not accept the signed consent.',
    remedy: 'Have the person sign again with the card as it is now; a certificate revoked a moment ago is refused.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests in this second.',
    ja: '1秒あたりのリクエスト数の上限を超えました。',
    remedy:
      'Send the same request again after `retry_after` seconds (Retry-After). Nothing was decided or counted. /v1/me shows the limits of the contract.',
    retryable: true,
  },
  quota_exceeded: {
    status: 429,
    title: 'The quota of this month is used up.',
    ja: '今月の利用上限に達しました。',
    remedy:
      'Wait for the month to end in Japan, which is `retry_after` seconds away, or have the operator raise the quota in the contract.',
    retryable: true,
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are larger than 16 KiB.',
    ja: 'リクエストヘッダーのサイズが上限を超えています。',
    remedy: 'Send fewer or shorter headers, and large values in the body.',
  },
  jlis_unavailable: {
    status: 503,
    title: 'The J-LIS service gave no usable answer.',
    remedy: 'Send the same request again later. Nothing was decided and nothing is billed; `detail` says what failed.',
    retryable: true,
  },
  storage_unavailable: {
    status: 503,
    title: 'Our storage cannot be reached, so there is no answer.',
    remedy:
      'Send the same request again, a POST with the same Idempotency-Key: if it was stored after all, its answer is returned and it counts once.',
    retryable: true,
  },
  internal_error: {
    status: 500,
    title: 'We made a mistake.',
    remedy: 'Quote request_id to the operator.',
  },
} as const satisfies Record<string, ProblemRow>;
export type ProblemCode = keyof typeof PROBLEMS | OperatorProblemCode;

export const problemRow = (code: ProblemCode): ProblemRow =>
  Object.hasOwn(OPERATOR_PROBLEMS, code)
    ? OPERATOR_PROBLEMS[code as OperatorProblemCode]
    : PROBLEMS[code as keyof typeof PROBLEMS];

/** A request we refuse. Turned into an RFC 9457 body in one place, the problem filter. */
export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly code: ProblemCode,
    /** Further members of the body: public facts that help the caller. */
    readonly members: Record<string, unknown> = {},
  ) {
    super(code);
  }
}
