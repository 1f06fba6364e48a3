import type { Message } from './message';

/** The operator's own account. */
export const account = {
  title: { ja: 'アカウント設定', en: 'Your account' },
  facts: { ja: 'サインイン中のアカウント', en: 'Signed in as' },
  session_ends: { ja: 'セッションの終了', en: 'Session ends' },
  password: { ja: 'パスワードの変更', en: 'Change the password' },
  password_hint: { ja: '変更すると、ほかの端末のセッションは終了します。', en: 'All other sessions of yours end.' },
  password_changed: { ja: 'パスワードを変更しました。', en: 'The password is changed.' },
  recovery: { ja: 'リカバリーコードの再発行', en: 'New recovery codes' },
  recovery_hint: {
    ja: '認証アプリのコードと引き換えに新しいコードを発行します。以前のコードは使えなくなります。',
    en: 'Against a code of your authenticator. The old ones are void.',
  },
  renew: { ja: '再発行', en: 'Get new codes' },
} satisfies Record<string, Message>;
