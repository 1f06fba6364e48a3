import type { Message } from './message';

/** API keys of a tenant. */
export const keys = {
  title: { ja: 'APIキー', en: 'API keys' },
  none: { ja: 'APIキーはまだありません。', en: 'There are no API keys yet.' },
  new: { ja: 'APIキーを発行', en: 'Make an API key' },
  make: { ja: '発行', en: 'Make it' },
  made: { ja: 'APIキーを発行しました', en: 'The API key is made' },
  shown_once: {
    ja: 'このキーは今だけ表示されます。安全な方法で事業者に渡してください。',
    en: 'The key is shown this once. Hand it over by a safe way.',
  },
  api_url: { ja: 'APIの接続先', en: 'Address of the API' },
  api_docs: { ja: 'APIの説明書', en: 'Documentation of the API' },
  api_url_unset: {
    ja: 'APIの接続先もあわせて事業者に伝えてください（この画面に表示するには、サーバーの設定 API_PUBLIC_URL が必要です）。',
    en: 'Tell the service provider the address of the API too (it is shown here once the server’s setting API_PUBLIC_URL is made).',
  },
  kept: { ja: '保管しました', en: 'I have kept it' },
  name: { ja: '名前', en: 'Name' },
  name_hint: { ja: '用途や設置先がわかる名前', en: 'What it is for, or where it is used' },
  ends_in: { ja: 'キー', en: 'Key' },
  state: { ja: '状態', en: 'State' },
  usable: { ja: '有効', en: 'Usable' },
  expired: { ja: '期限切れ', en: 'Expired' },
  revoked: { ja: '失効', en: 'Revoked' },
  scopes: { ja: '権限', en: 'Scopes' },
  addresses: { ja: '接続元アドレス', en: 'Addresses' },
  addresses_hint: {
    ja: '1行に1つ（例：192.0.2.0/24）。空欄の場合は制限しません。',
    en: 'One a line (192.0.2.0/24). Empty: from everywhere.',
  },
  everywhere: { ja: '制限なし', en: 'Everywhere' },
  last_used: { ja: '最終利用', en: 'Last used' },
  expires: { ja: '有効期限', en: 'Expires' },
  expires_hint: { ja: '日本時間。空欄の場合は無期限', en: 'Japan time. Empty: never' },
  live_later: {
    ja: '本番のキーは、本番利用の承認後に発行できます。',
    en: 'Keys of live mode can be made once the service provider is live.',
  },
  replace: { ja: '交換', en: 'Replace' },
  replace_key: { ja: '「{name}」を交換', en: 'Replace “{name}”' },
  replace_title: { ja: 'APIキーの交換', en: 'Replace an API key' },
  replace_hint: {
    ja: '「{name}」（…{end}）と同じ権限・接続元・有効期限の新しいキーを発行します。古いキーは併用期間が過ぎると使えなくなります。',
    en: 'A new key with the scopes, addresses and end of “{name}” (…{end}). The old one goes on for the overlap.',
  },
  overlap_hours: { ja: '併用期間（時間）', en: 'Overlap (hours)' },
  overlap_hours_hint: {
    ja: '0〜168時間。0にすると古いキーは直ちに使えなくなります。',
    en: '0 to 168. With 0 the old key stops at once.',
  },
  replaced: { ja: '交換済み・併用中', en: 'Replaced, still works' },
  replaces: { ja: '…{end} の後継', en: 'follows …{end}' },
  revoke_key: { ja: '「{name}」を失効させる', en: 'Revoke “{name}”' },
  revoke: { ja: '失効させる', en: 'Revoke' },
  revoke_title: { ja: 'APIキーの失効', en: 'Revoke an API key' },
  revoke_effect: {
    ja: '1秒以内に使えなくなります。元に戻すことはできません。',
    en: 'It stops working within a second, for good.',
  },
  revoked_done: { ja: '「{name}」を失効させました。', en: '“{name}” is revoked.' },
} satisfies Record<string, Message>;
