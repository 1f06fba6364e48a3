import type { Message } from './message';

/** What an API key may do, each in a name and a line. */
export const scopes = {
  name_verifications_write: { ja: '署名を検証する', en: 'Verify signatures' },
  hint_verifications_write: {
    ja: '電子署名の検証と再検証を依頼できます。',
    en: 'Have signatures verified, and verified again.',
  },
  name_verifications_read: { ja: '検証結果を見る', en: 'Read verifications' },
  hint_verifications_read: {
    ja: '過去の検証の結果と証跡を参照できます。',
    en: 'Look up earlier verifications and their evidence.',
  },
  name_authentications_write: { ja: '利用者を認証する', en: 'Authenticate users' },
  hint_authentications_write: {
    ja: 'マイナンバーカードによるログインと、かざし利用を受け付けます。',
    en: 'Logins and presentations of a card.',
  },
  name_persons_write: { ja: '利用者を管理する', en: 'Manage persons' },
  hint_persons_write: {
    ja: '利用者の登録・更新、同意の取得、証明書の対応付けができます。',
    en: 'Register and change persons, take consents, link certificates.',
  },
  name_persons_read: { ja: '利用者を見る', en: 'Read persons' },
  hint_persons_read: { ja: '登録した利用者と同意の状況を参照できます。', en: 'Look up persons and their consents.' },
  name_sweeps_write: { ja: '現況確認を行う', en: 'Run status sweeps' },
  hint_sweeps_write: {
    ja: '登録した利用者の証明書が失効していないか、まとめて確認します。',
    en: 'Check the certificates of many persons at once.',
  },
  name_sweeps_read: { ja: '現況確認の結果を見る', en: 'Read status sweeps' },
  hint_sweeps_read: { ja: '現況確認の進み具合と結果を参照できます。', en: 'Progress and results of sweeps.' },
  name_events_read: { ja: 'イベントを見る', en: 'Read events' },
  hint_events_read: {
    ja: '失効などの出来事の一覧を取得できます。',
    en: 'The list of what happened, such as revocations.',
  },
  name_webhooks_write: { ja: 'Webhookを設定する', en: 'Manage webhooks' },
  hint_webhooks_write: {
    ja: 'イベントの通知先を登録・変更できます。',
    en: 'Register and change where events are sent.',
  },
  name_webhooks_read: { ja: 'Webhookの設定を見る', en: 'Read webhooks' },
  hint_webhooks_read: {
    ja: '通知先と配信の状況を参照できます。',
    en: 'Where events are sent, and whether they arrive.',
  },
  name_audit_read: { ja: '監査ログを見る', en: 'Read the audit trail' },
  hint_audit_read: {
    ja: 'この事業者の操作の記録を参照できます。',
    en: 'What was done by and for this service provider.',
  },
  name_billing_read: { ja: '利用明細と請求書を見る', en: 'Read statements and invoices' },
  hint_billing_read: {
    ja: 'この事業者の利用明細と請求書を参照できます。',
    en: 'Statements and invoices of this service provider.',
  },
  name_admin: { ja: 'APIキーを管理する', en: 'Manage API keys' },
  hint_admin: {
    ja: 'APIキーの発行・交換・失効ができます。通常の業務システムには不要です。',
    en: 'Make, replace and revoke API keys. Not for everyday systems.',
  },
} satisfies Record<string, Message>;
