import type { Message } from './message';

/** What a tenant was told of without asking. */
export const events = {
  title: { ja: 'イベント', en: 'Events' },
  lead: {
    ja: '事業者に通知した変化の記録。誰についての通知かは表示されません。',
    en: 'What the service provider was told of. About whom is not shown.',
  },
  of_tenant: { ja: 'イベントの一覧', en: 'All events' },
  event: { ja: 'イベントの詳細', en: 'Event' },
  type: { ja: '種類', en: 'What happened' },
  code: { ja: 'コード', en: 'Code' },
  occurred_at: { ja: '発生日時（環境の時計）', en: 'Happened at (clock of the mode)' },
  recorded_at: { ja: '記録日時', en: 'Recorded at' },
  deliveries: { ja: 'Webhookの送信先ごとの送信', en: 'Sent to each webhook endpoint' },
  not_sent: {
    ja: 'Webhookでは送信されていません。事業者はイベントAPIで取得できます。',
    en: 'No webhook endpoint was sent it. The service provider reads it from the events of the API.',
  },
  to_endpoints: { ja: 'Webhookの送信先', en: 'Webhook endpoints' },
  replay_thing: { ja: '{id}（送信先 {origin}）', en: '{id} to {origin}' },
  type_person_linked: { ja: '証明書の引き継ぎ', en: 'Certificate linked to a person' },
  type_person_merged: { ja: '人物の統合', en: 'Two persons were one' },
  type_person_status_changed: { ja: '状態の変化', en: 'Status changed' },
  type_person_certificate_expiring: { ja: '証明書の期限が近い', en: 'Certificate is about to expire' },
  type_linkage_resolved: { ja: '引き継ぎ照会の結果', en: 'Linkage has its result' },
  type_consent_withdrawn: { ja: '同意の撤回', en: 'Consent withdrawn' },
  type_sweep_completed: { ja: '現況確認の完了', en: 'Sweep completed' },
  type_sweep_failed: { ja: '現況確認の失敗', en: 'Sweep failed' },
  type_sweep_cancelled: { ja: '現況確認の取り消し', en: 'Sweep cancelled' },
  type_webhook_endpoint_test: { ja: 'Webhookの試験送信', en: 'Webhook test' },
  type_webhook_endpoint_disabled: { ja: 'Webhookの停止', en: 'Webhook endpoint disabled' },
} satisfies Record<string, Message>;
