import type { Message } from './message';

/** Signing in and out. */
export const session = {
  sign_in: { ja: 'サインイン', en: 'Sign in' },
  sign_out: { ja: 'サインアウト', en: 'Sign out' },
  watched: { ja: 'すべての操作は監査ログに記録されます。', en: 'Everything done here is recorded in the audit trail.' },
  email: { ja: 'メールアドレス', en: 'E-mail address' },
  password: { ja: 'パスワード', en: 'Password' },
  show_password: { ja: 'パスワードの表示を切り替える', en: 'Show or hide the password' },
  next: { ja: '次へ', en: 'Continue' },
  code: { ja: '認証コード（6桁）', en: 'Code (6 digits)' },
  code_hint: {
    ja: '認証アプリに表示されているコードを入力してください。',
    en: 'Enter the code that your authenticator shows.',
  },
  recovery_code: { ja: 'リカバリーコード', en: 'Recovery code' },
  recovery_code_hint: {
    ja: '保管しているリカバリーコードのうち、未使用のものを1つ入力してください。',
    en: 'Enter one of your recovery codes that you have not used yet.',
  },
  use_code: { ja: '認証コードを使う', en: 'Use a code' },
  use_recovery_code: { ja: '認証アプリを使えない場合', en: 'I cannot use my authenticator' },
  somebody_else: { ja: '別のアカウントでサインイン', en: 'Sign in as somebody else' },
  enrol_why: { ja: '初回は認証アプリの登録が必要です。', en: 'The first time, an authenticator has to be registered.' },
  enrol_app: {
    ja: 'スマートフォンなどに認証アプリを用意します。',
    en: 'Have an authenticator app ready, for instance on your phone.',
  },
  enrol_scan: { ja: '認証アプリで次のQRコードを読み取ります。', en: 'Scan this QR code with it.' },
  enrol_code: { ja: '認証アプリに表示されたコードを入力します。', en: 'Enter the code that it shows.' },
  qr: { ja: '認証アプリ登録用のQRコード', en: 'QR code for the authenticator' },
  by_hand: { ja: '読み取れない場合は、次の文字列を手で入力してください：', en: 'Or type this secret:' },
  enrol: { ja: '登録する', en: 'Register' },
  recovery_codes: { ja: 'リカバリーコード', en: 'Recovery codes' },
  recovery_codes_why: {
    ja: '認証アプリを使えなくなったとき、1つにつき1回だけサインインできます。このコードは今だけ表示されます。安全な場所に保管してください。',
    en: 'Each of them opens once when you cannot use your authenticator. They are shown this once: keep them in a safe place.',
  },
  recovery_codes_kept: { ja: 'コードを保管しました', en: 'I have kept the codes' },
  own_password_why: {
    ja: '発行されたパスワードは最初のサインイン時に変更する必要があります。',
    en: 'The password you were given has to be changed at the first sign-in.',
  },
  present_password: { ja: '現在のパスワード', en: 'Present password' },
  new_password: { ja: '新しいパスワード', en: 'New password' },
  new_password_hint: {
    ja: '12文字以上。名前やメールアドレスを含めないでください。',
    en: 'Twelve characters or more, without your name or address.',
  },
  new_password_again: { ja: '新しいパスワード（確認）', en: 'New password again' },
  passwords_differ: { ja: '新しいパスワードと一致しません。', en: 'The two differ.' },
  set_password: { ja: 'パスワードを設定', en: 'Set the password' },
  password_too_short: { ja: '12文字以上で入力してください。', en: 'Use twelve characters or more.' },
  password_too_uniform: { ja: '同じ文字の繰り返しが多すぎます。', en: 'It repeats too few characters.' },
  password_unchanged: { ja: '現在のパスワードとは別のものにしてください。', en: 'It is the present password.' },
  password_names_you: { ja: '名前やメールアドレスを含めないでください。', en: 'It contains your name or address.' },
  password_common: {
    ja: 'よく使われるパスワードです。別のものにしてください。',
    en: 'It begins like a password that is tried first.',
  },
  lapsed: { ja: 'セッションが終了しました', en: 'Your session has ended' },
  lapsed_why: {
    ja: 'もう一度サインインすると、この画面の続きから作業できます。入力した内容は残っています。',
    en: 'Sign in again to go on where you were. What you have typed is still here.',
  },
} satisfies Record<string, Message>;
