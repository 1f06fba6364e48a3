import type { Message } from './message';

/** What a contract includes. */
export const contract = {
  features: { ja: '契約に含まれる機能', en: 'What the contract includes' },
  saved: { ja: '{name} の契約内容を変更しました。', en: 'The contract of {name} is changed.' },
  revocation_methods: { ja: '失効確認の方法', en: 'Revocation methods' },
  method_crl: { ja: 'CRL', en: 'CRL' },
  method_ocsp: { ja: 'OCSP', en: 'OCSP' },
  method_ocsp_or_crl: { ja: 'OCSP（不可の場合はCRL）', en: 'OCSP, else CRL' },
  flag_identify: { ja: '利用者の識別', en: 'Identification of persons' },
  flag_identify_hint: { ja: '同じ人の証明書に同じIDを返します。', en: 'Certificates of one person get one id.' },
  flag_counterpart: { ja: '署名用・利用者証明用の紐付け', en: 'Sign and auth counterpart' },
  flag_counterpart_hint: {
    ja: '一方の証明書から他方の発行番号を照会できます。',
    en: 'One certificate of a person leads to the other.',
  },
  flag_latest_attributes: { ja: '最新の基本4情報', en: 'Latest four attributes' },
  flag_latest_attributes_hint: {
    ja: '本人の同意に基づき、最新の住所などを提供します。',
    en: 'With consent, the present address and the like are passed on.',
  },
  flag_pinless_status: { ja: '暗証番号なしの提示（かざし利用）', en: 'Cards shown without a PIN' },
  flag_pinless_status_hint: {
    ja: '以前に本人確認した証明書に限り、署名なしで有効性を確認できます。',
    en: 'Without a signature, the status of certificates whose holder was identified before.',
  },
  disclosure: { ja: '対応する証明書の開示範囲', en: 'What is told of counterparts' },
  disclosure_hint: {
    ja: '照会のみで把握した証明書について開示する上限です。全体の方針がより厳しい場合はそちらに従います。',
    en: 'At most, of certificates known by a lookup only. A stricter policy of the platform holds.',
  },
  disclosure_status: { ja: '状態を開示', en: 'Status' },
  disclosure_conclusion_only: { ja: '結論のみ', en: 'Conclusion only' },
  disclosure_none: { ja: '開示しない', en: 'Nothing' },
  flag_age_legal_day_inclusive: {
    ja: '年齢計算で誕生日の前日を含める',
    en: 'A person comes of age the day before the birthday',
  },
  flag_age_legal_day_inclusive_hint: {
    ja: '法律の年齢計算に従い、誕生日の前日の終了時に年齢が加算されるものとします。',
    en: 'As the law counts ages.',
  },
  flag_change_events: { ja: '失効・更新の通知', en: 'Events of changes' },
  flag_change_events_hint: {
    ja: '登録済みの証明書の失効・更新をWebhookで通知します。',
    en: 'Webhooks tell of certificates that are revoked or renewed.',
  },
  allowed_ages: { ja: '確認できる年齢', en: 'Ages that may be asked' },
  allowed_ages_hint: { ja: 'カンマ区切り（例：18, 20）', en: 'Separated by commas (18, 20)' },
  age_dates: { ja: '年齢確認の基準日', en: 'Dates ages are asked for' },
  age_dates_hint: { ja: 'YYYY-MM-DD、カンマ区切り', en: 'YYYY-MM-DD, separated by commas' },
  age_questions_a_year: { ja: '年齢確認の上限（人・年）', en: 'Age questions a year' },
  age_questions_a_year_hint: { ja: '1人あたりの年間回数', en: 'Of one person' },
  sign_up_consent: { ja: '利用登録時の同意', en: 'Consent at sign-up' },
  sign_up_consent_hint: {
    ja: '事業者が利用登録時に本人の同意を得ている場合に設定します。',
    en: 'Where the service provider asks for consent when persons sign up.',
  },
  text_version: { ja: '同意文書の版', en: 'Version of its text' },
  purposes: { ja: '同意の対象', en: 'Consent to' },
  purpose_serial_linkage: { ja: '発行番号の紐付け', en: 'Serial linkage' },
  purpose_counterpart: { ja: '署名用・利用者証明用の照会', en: 'Counterpart lookup' },
} satisfies Record<string, Message>;
