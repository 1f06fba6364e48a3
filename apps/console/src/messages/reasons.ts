import type { Message } from './message';

/** Reasons of a verdict: in a word or two, and what each means to the operator and what can be done about it. */
export const reasons = {
  name_wrong_mode: { ja: '環境違いのカード', en: 'Card of the other mode' },
  name_wrong_hierarchy: { ja: '証明書の種類違い', en: 'The other certificate' },
  name_issuer_unknown: { ja: '未知の認証局', en: 'Unknown authority' },
  name_issuer_signature_invalid: { ja: '認証局の署名なし', en: 'Not signed by the authority' },
  name_issuer_not_ca: { ja: '発行資格のない認証局', en: 'Issuer is no authority' },
  name_issuer_expired: { ja: '認証局の期限切れ', en: 'Authority expired' },
  name_issuer_not_yet_valid: { ja: '認証局の有効期間前', en: 'Authority not valid yet' },
  name_algorithm_refused: { ja: '使えないアルゴリズム', en: 'Algorithm refused' },
  name_algorithm_mismatch: { ja: 'アルゴリズムの不一致', en: 'Algorithms differ' },
  name_key_refused: { ja: '使えない鍵', en: 'Key refused' },
  name_path_length_exceeded: { ja: '認証局の階層超過', en: 'Path too long' },
  name_extension_malformed: { ja: '拡張の形式誤り', en: 'Malformed extension' },
  name_critical_extension_unknown: { ja: '解釈できない拡張', en: 'Unknown critical extension' },
  name_policy_not_allowed: { ja: 'ポリシー違い', en: 'Policy not allowed' },
  name_key_usage_not_allowed: { ja: '鍵用途違い', en: 'Key usage not allowed' },
  name_extended_key_usage_not_allowed: { ja: '拡張鍵用途違い', en: 'Extended key usage not allowed' },
  name_end_entity_is_ca: { ja: '認証局の証明書', en: 'Certificate of an authority' },
  name_profile_mismatch: { ja: '証明書の形式違い', en: 'Profile differs' },
  name_certificate_not_yet_valid: { ja: '有効期間前', en: 'Not valid yet' },
  name_certificate_expired: { ja: '有効期間満了', en: 'Expired' },
  name_signer_not_found: { ja: '署名者の証明書なし', en: 'Signer missing' },
  name_content_type_mismatch: { ja: '内容種別の不一致', en: 'Content types differ' },
  name_digest_algorithm_refused: { ja: '使えないハッシュ', en: 'Digest refused' },
  name_padding_mismatch: { ja: 'パディング違い', en: 'Padding differs' },
  name_message_digest_mismatch: { ja: '内容の不一致', en: 'Content differs' },
  name_signature_mismatch: { ja: '署名の不一致', en: 'Signature does not fit' },
  name_signing_time_out_of_range: { ja: '署名日時が未来', en: 'Signing time in the future' },
  name_revoked: { ja: '失効', en: 'Revoked' },
  name_unsupported_name_constraints: { ja: '未対応の名前制約', en: 'Name constraints' },
  name_budget_exceeded: { ja: '証明書が多すぎる', en: 'Too many certificates' },
  name_unsupported_signature: { ja: '未対応の署名形式', en: 'Unsupported signature' },
  name_unsupported_revocation_data: { ja: '未対応の失効情報', en: 'Unsupported revocation data' },
  name_status_unknown: { ja: '失効状態が不明', en: 'Status unknown' },
  name_revocation_stale: { ja: '失効情報の期限切れ', en: 'Revocation data out of date' },
  name_revocation_unavailable: { ja: '失効情報なし', en: 'No revocation data' },
  name_confirmed_use_missing: { ja: '事前の本人確認なし', en: 'Not identified before' },
  why_wrong_mode: {
    ja: 'もう一方の環境のカードです（本番環境にテスト用カード、またはテスト環境に実物のカード）。環境に合ったカードとAPIキーを使ってください。',
    en: 'A card of the other mode. Use a key of the mode that the card belongs to.',
  },
  why_wrong_hierarchy: {
    ja: 'もう一方の種類の電子証明書です。署名には署名用電子証明書、ログインには利用者証明用電子証明書を使います。',
    en: 'The other certificate of the card was used: signing takes the signing certificate, logins the authentication one.',
  },
  why_issuer_unknown: {
    ja: '登録済みの認証局が発行した証明書ではありません。公的個人認証の証明書でないか、新しい認証局証明書が未登録です（失効情報の「認証局証明書」で確認できます）。',
    en: 'No registered authority issued it: it is no JPKI certificate, or a new root is not registered yet.',
  },
  why_issuer_signature_invalid: {
    ja: '認証局の名前はありますが、その認証局の署名がありません。偽造または破損した証明書として扱ってください。',
    en: 'It names an authority that did not sign it: treat it as forged or damaged.',
  },
  why_issuer_not_ca: {
    ja: '発行元の証明書に、証明書を発行する資格がありません。システムの管理者に調査を依頼してください。',
    en: 'The issuing certificate may not issue any. Have an administrator look into it.',
  },
  why_issuer_expired: {
    ja: '発行した認証局の証明書の有効期間が満了しており、この証明書も使えません。名義人は、市区町村の窓口で電子証明書の発行を受ける必要があります。',
    en: 'The authority that issued it has expired, and it with it. The holder needs a new certificate from the municipality.',
  },
  why_issuer_not_yet_valid: {
    ja: '認証局の証明書の有効期間が始まっていません。テスト環境の場合は、時計の設定を確認してください。',
    en: 'The authority is not valid yet. In test mode look at the clock.',
  },
  why_algorithm_refused: {
    ja: '受け入れられないアルゴリズムで署名された証明書です。偽造として扱ってください。',
    en: 'Signed with an algorithm that is not accepted: treat it as forged.',
  },
  why_algorithm_mismatch: {
    ja: '証明書の中のアルゴリズムの記載が一致していません。偽造として扱ってください。',
    en: 'It states two different algorithms: treat it as forged.',
  },
  why_key_refused: {
    ja: '証明書の公開鍵の種類または長さが、公的個人認証のものではありません。偽造として扱ってください。',
    en: 'Its key is not of a kind or size that JPKI uses: treat it as forged.',
  },
  why_path_length_exceeded: {
    ja: '認証局の階層が許された深さを超えています。システムの管理者に調査を依頼してください。',
    en: 'There are more authorities on the path than allowed. Have an administrator look into it.',
  },
  why_extension_malformed: {
    ja: '証明書の拡張の形式に誤りがあります。システムの管理者に調査を依頼してください。',
    en: 'An extension is malformed. Have an administrator look into it.',
  },
  why_critical_extension_unknown: {
    ja: '解釈できない重要な拡張があります。表示されたOIDを添えて、システムの管理者に調査を依頼してください。',
    en: 'It has a critical extension that is not understood. Have an administrator look into its OID.',
  },
  why_policy_not_allowed: {
    ja: 'この検証で認めていない証明書ポリシーです。カードの正しい電子証明書を使ったか、事業者に確認してください。',
    en: 'Issued under another policy than this check accepts. Ask whether the right certificate of the card was used.',
  },
  why_key_usage_not_allowed: {
    ja: '証明書の鍵用途が、この種類のものではありません。カードの正しい電子証明書を使ったか、事業者に確認してください。',
    en: 'Its key usage is not that of its kind. Ask whether the right certificate of the card was used.',
  },
  why_extended_key_usage_not_allowed: {
    ja: '証明書の拡張鍵用途が、この種類のものではありません。カードの正しい電子証明書を使ったか、事業者に確認してください。',
    en: 'Its extended key usage is not that of its kind. Ask whether the right certificate of the card was used.',
  },
  why_end_entity_is_ca: {
    ja: '個人の証明書ではなく、認証局の証明書が送られています。事業者のシステムの修正が必要です。',
    en: 'A certificate of an authority was sent instead of the person’s. The service provider’s system has to be mended.',
  },
  why_profile_mismatch: {
    ja: '証明書の形式が公的個人認証のものと異なります。表示された項目を添えて、システムの管理者に調査を依頼してください。',
    en: 'It does not have the form of JPKI. Have an administrator look into the field shown.',
  },
  why_certificate_not_yet_valid: {
    ja: '証明書の有効期間が始まっていません。テスト環境の場合は、時計の設定を確認してください。',
    en: 'It is not valid yet. In test mode look at the clock.',
  },
  why_certificate_expired: {
    ja: '証明書の有効期間が満了しています。名義人は、市区町村の窓口で電子証明書の更新を受けると、再び利用できます。',
    en: 'It has expired. The holder has it renewed at the municipal office.',
  },
  why_signer_not_found: {
    ja: '署名データに署名者の証明書が入っていません。事業者のシステムの修正が必要です。',
    en: 'The signer’s certificate is not in the message. The service provider’s system has to be mended.',
  },
  why_content_type_mismatch: {
    ja: '署名データの中の内容種別が一致していません。事業者のシステムの修正が必要です。',
    en: 'The content types in the message differ. The service provider’s system has to be mended.',
  },
  why_digest_algorithm_refused: {
    ja: '受け入れられないハッシュアルゴリズムです。事業者のシステムでSHA-256・SHA-384・SHA-512のいずれかを使う必要があります。',
    en: 'Its digest algorithm is not accepted. The service provider’s system has to use SHA-256, SHA-384 or SHA-512.',
  },
  why_padding_mismatch: {
    ja: '署名は正しいものの、申告されたパディング方式が異なります。事業者のシステムの設定を直してもらってください。',
    en: 'The signature is good with another padding than stated. The service provider’s system has to state the right one.',
  },
  why_message_digest_mismatch: {
    ja: '署名されたときの内容と、送られた内容が異なります。改ざん、または事業者のシステムが別の内容を送った可能性があります。',
    en: 'The content is not what was signed: tampered with, or the service provider’s system sent something else.',
  },
  why_signature_mismatch: {
    ja: 'この証明書の鍵による、この内容への署名ではありません。事業者のシステムで内容と証明書の組み合わせを確認してください。偽造の場合も同じ結果になります。',
    en: 'Not a signature of this key over this content. Look at what the service provider’s system puts together; a forgery looks the same.',
  },
  why_signing_time_out_of_range: {
    ja: '申告された署名日時が未来です。署名した端末の時計を確認してもらってください。',
    en: 'The signing time claimed lies in the future. Have the clock of the device looked at.',
  },
  why_revoked: {
    ja: '証明書は失効しています。氏名・住所の変更、カードの再交付や紛失の届出などで失効します。名義人は、市区町村の窓口で新しい電子証明書の発行を受けると、再び利用できます。失効の理由は名義人に伝えないでください。',
    en: 'It is revoked, as after a change of name or address, a new card or a loss. The holder gets a new certificate at the municipal office. Never tell the holder the cause.',
  },
  why_unsupported_name_constraints: {
    ja: '評価できない名前の制約があるため、判定していません（課金なし）。システムの管理者に調査を依頼してください。',
    en: 'Not decided and not billed: names are restricted in a way that is not evaluated. Have an administrator look into it.',
  },
  why_budget_exceeded: {
    ja: '証明書の組み合わせが多すぎるため、判定していません（課金なし）。事業者のシステムで、必要な証明書だけを送る必要があります。',
    en: 'Not decided and not billed: too many certificates were given. The service provider’s system has to send only those of the path.',
  },
  why_unsupported_signature: {
    ja: '対応していない形式の署名のため、判定していません（課金なし）。事業者のシステムの修正が必要です。',
    en: 'Not decided and not billed: the form of the signature is not supported. The service provider’s system has to be mended.',
  },
  why_unsupported_revocation_data: {
    ja: '対応していない形式の失効情報のため、判定していません（課金なし）。システムの管理者に調査を依頼してください。',
    en: 'Not decided and not billed: the form of the revocation data is not supported. Have an administrator look into it.',
  },
  why_status_unknown: {
    ja: '失効情報の提供元がこの証明書を知らないため、判定していません（課金なし）。発行直後の場合は、時間をおくと判定できることがあります。',
    en: 'Not decided and not billed: the responder does not know it. One issued minutes ago may be known later.',
  },
  why_revocation_stale: {
    ja: '手元の失効情報の期限が切れているため、判定していません（課金なし）。「失効情報」で取得の状況を確認してください。',
    en: 'Not decided and not billed: the revocation data held are out of date. See the page of revocation data.',
  },
  why_revocation_unavailable: {
    ja: '失効情報を得られなかったため、判定していません（課金なし）。「失効情報」で取得の状況を確認してください。',
    en: 'Not decided and not billed: there were no revocation data. See the page of revocation data.',
  },
  why_confirmed_use_missing: {
    ja: '暗証番号なしの提示ですが、事業者がまだこの名義人を確認していません。名義人が一度、暗証番号を使ってログインする必要があります。',
    en: 'Presented without a PIN by somebody the service provider has not identified yet. The holder logs in with the PIN once.',
  },
} satisfies Record<string, Message>;
