import type { Message } from './message';

/** The audit trail. */
export const audit = {
  title: { ja: '監査ログ', en: 'Audit trail' },
  lead: {
    ja: 'すべての変更と個人情報の閲覧の記録。期間を指定しない場合は直近30日間です。',
    en: 'Every change and every look at personal data. Without a time the last 30 days.',
  },
  recorded_at: { ja: '記録日時', en: 'Recorded at' },
  action: { ja: '操作', en: 'Action' },
  actor: { ja: '実行者', en: 'Actor' },
  target: { ja: '対象', en: 'Target' },
  ip: { ja: '接続元', en: 'Address' },
  detail: { ja: '詳細', en: 'Detail' },
  change: { ja: '変更前後', en: 'Change' },
  id: { ja: '監査ID', en: 'Audit ID' },
  show_detail: { ja: '{at} {action} の詳細', en: 'Detail of {action} at {at}' },
  by_actor: { ja: '実行者', en: 'Actor' },
  by_action: { ja: '操作', en: 'Action' },
  by_target: { ja: '対象', en: 'Target' },
  by_tenant_id: { ja: '事業者ID', en: 'Tenant ID' },
  by_request_id: { ja: 'リクエストID', en: 'Request ID' },
  example_actor: { ja: 'operator:opr_…', en: 'operator:opr_…' },
  example_action: { ja: 'operator.*', en: 'operator.*' },
  example_target: { ja: 'tenant:ten_…', en: 'tenant:ten_…' },
  example_tenant_id: { ja: 'ten_…', en: 'ten_…' },
  example_request_id: { ja: 'req_…', en: 'req_…' },
} satisfies Record<string, Message>;
