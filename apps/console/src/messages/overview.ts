import type { Message } from './message';

/** The overview. */
export const overview = {
  title: { ja: '概要', en: 'Overview' },
  lead: { ja: '対応が必要なことと、いまの状態', en: 'What needs somebody, and how things are' },
  no_rights: {
    ja: '表示できる情報がありません。管理者にロールの付与を依頼してください。',
    en: 'There is nothing you may see. Ask an administrator for a role.',
  },
  approvals: { ja: '承認待ち', en: 'Waiting for approval' },
  no_approvals: { ja: '承認待ちの申請はありません。', en: 'Nothing waits for approval.' },
  tenants: { ja: '対応が必要な事業者', en: 'Service providers that need something' },
  no_tenants: { ja: '対応が必要な事業者はありません。', en: 'No service provider needs anything.' },
  revocation: { ja: '失効情報の鮮度', en: 'Freshness of revocation data' },
  next_update: { ja: '次回更新期限 {at}', en: 'next update due {at}' },
  checks: { ja: '最近の検証（24時間）', en: 'Latest verifications (24 hours)' },
  no_checks: { ja: '直近24時間の検証はありません。', en: 'No verifications in the last 24 hours.' },
} satisfies Record<string, Message>;
