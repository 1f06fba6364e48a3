import type { ProblemRow } from './problem-row.js';

/** A refusal of the operators' REST; `ja` is the title for the console in Japanese. */
interface OperatorProblemRow extends ProblemRow {
  ja: string;
}

/** Problem codes that only the operators' REST has. Codes are stable; texts may be reworded. */
export const OPERATOR_PROBLEMS = {
  session_missing: {
    status: 401,
    title: 'There is no session, or it has ended.',
    ja: 'セッションがないか、終了しています。',
    remedy: 'Sign in. A session ends after 30 minutes without a request and after 10 hours.',
  },
  sign_in_refused: {
    status: 401,
    title: 'The address or the password is wrong.',
    ja: 'メールアドレスまたはパスワードが正しくありません。',
    remedy: 'Check both. A disabled account looks the same as one that never existed.',
  },
  code_refused: {
    status: 401,
    title: 'The code is wrong, used or out of date.',
    ja: 'コードが正しくないか、使用済みまたは期限切れです。',
    remedy: 'Wait for the next code, check the clock of the device, or use a recovery code.',
  },
  second_factor_required: {
    status: 403,
    title: 'The session has not shown the second factor.',
    ja: '二要素認証が完了していません。',
    remedy: 'Send a code to /v1/session/second-factor; where no device is enrolled, enrol one first.',
  },
  password_change_required: {
    status: 403,
    title: 'The password was given by somebody else and has to be changed first.',
    ja: '初期パスワードの変更が必要です。',
    remedy: 'Set a password of your own at /v1/me/password.',
  },
  permission_missing: {
    status: 403,
    title: 'No role of this operator may do this.',
    ja: 'この操作を行う権限がありません。',
    remedy: 'Ask an operator with the permission named in `permission`.',
  },
  csrf_token_wrong: {
    status: 403,
    title: 'The X-CSRF-Token header is missing or not that of this session.',
    ja: 'リクエストの検証に失敗しました。画面を再読み込みしてください。',
    remedy: 'Send the `csrf_token` that the session was opened with; GET /v1/me tells it again.',
  },
  origin_refused: {
    status: 403,
    title: 'The request was made by a page of another origin.',
    ja: '許可されていない画面からのリクエストです。',
    remedy: 'Open the console at its own address.',
  },
  approval_own: {
    status: 403,
    title: 'Nobody approves a proposal of his own.',
    ja: '自分の申請を自分で承認することはできません。',
    remedy: 'Another operator has to decide.',
  },
  approval_about_oneself: {
    status: 403,
    title: 'Nobody approves a change to his own rights.',
    ja: '自分の権限の変更を自分で承認することはできません。',
    remedy: 'Another operator has to decide.',
  },
  approval_not_open: {
    status: 409,
    title: 'The proposal has been decided.',
    ja: 'この申請は既に処理されています。',
    remedy: 'Look at its state; propose anew if it is still wanted.',
  },
  approval_expired: {
    status: 409,
    title: 'The proposal was not decided in time.',
    ja: 'この申請は期限切れです。',
    remedy: 'Propose anew.',
  },
  approval_changed: {
    status: 409,
    title: 'This is not the proposal that was looked at.',
    ja: '表示された内容と申請内容が一致しません。',
    remedy: 'Get the proposal again and send its `payload_sha256`.',
  },
  approval_stale: {
    status: 409,
    title: 'What the proposal would change has changed since, or its proposer has lost the right to it.',
    ja: '申請後に対象が変更されたか、申請者の権限がなくなっています。',
    remedy: 'Refuse it and propose anew from the present state.',
  },
  proposal_open: {
    status: 409,
    title: 'There is an open proposal for the same thing.',
    ja: '同じ対象の申請が処理待ちです。',
    remedy: 'Decide or withdraw it first.',
  },
  nothing_to_change: {
    status: 409,
    title: 'It is already so.',
    ja: '変更する内容がありません。',
    remedy: 'Get the present state.',
  },
  evidence_damaged: {
    status: 409,
    title: 'The evidence does not open: it is not what was sealed for this verification.',
    ja: '証跡を開くことができません。保存後に変更されたおそれがあります。',
    remedy: 'Do not repair it. Keep the database as it is, compare with a backup, and treat it as an incident.',
  },
  hold_not_open: {
    status: 409,
    title: 'The hold was lifted before.',
    ja: 'この保全は既に解除されています。',
    remedy: 'See who lifted it and why; place another one if it is still needed.',
  },
  audit_nothing_sealed: {
    status: 409,
    title: 'No day of the audit chain is in that range.',
    ja: '指定された期間に封印済みの監査記録がありません。',
    remedy: 'Ask for other days, or wait until a worker has sealed the first events.',
  },
  audit_verification_running: {
    status: 409,
    title: 'The audit chain is being verified already.',
    ja: '監査記録の検証は既に実行中です。',
    remedy: 'Look at the status until it is done.',
    retryable: true,
  },
  tenant_step_refused: {
    status: 409,
    title: 'This step does not lead on from the state the tenant is in.',
    ja: '現在の状態ではこの操作はできません。',
    remedy: 'See `state` and the steps in `allowed`; going live is proposed for a tenant that is notified to J-LIS.',
  },
  application_missing: {
    status: 409,
    title: 'The tenant has no application.',
    ja: '申込情報が登録されていません。',
    remedy: 'File the application first.',
  },
  application_closed: {
    status: 409,
    title: 'The application is decided and stays as it is.',
    ja: '確定した申込情報は変更できません。',
    remedy: 'It can be changed until J-LIS is notified.',
  },
  checklist_incomplete: {
    status: 409,
    title: 'Not everything in the checklist is done.',
    ja: 'チェックリストに未完了の項目があります。',
    remedy: 'See `open`. What needs files is confirmed; the connection test is passed by the tenant’s own requests.',
  },
  checklist_file_missing: {
    status: 409,
    title: 'There is no file that shows it.',
    ja: '確認の根拠となるファイルが添付されていません。',
    remedy: 'Attach a file to this item first.',
  },
  checklist_item_automatic: {
    status: 409,
    title: 'This item checks itself.',
    ja: 'この項目は実際の接続結果から自動で判定されます。',
    remedy: 'Nobody can tick it: the tenant passes it by its own requests in test mode.',
  },
  checklist_files_full: {
    status: 409,
    title: 'The item has 50 files.',
    ja: 'この項目に添付できるファイル数（50件）に達しています。',
    remedy: 'Put further pages into one file.',
  },
  checklist_closed: {
    status: 409,
    title: 'The tenant has ended, and what was checked stays as it is.',
    ja: '終了したテナントのチェックリストは変更できません。',
    remedy: 'Its files can still be read.',
  },
  tenant_not_live: {
    status: 409,
    title: 'The tenant is not live.',
    ja: 'テナントは本番利用中ではありません。',
    remedy: 'Keys of live mode can be made when a second operator has approved that the tenant goes live.',
  },
  email_taken: {
    status: 409,
    title: 'There is an account with this address.',
    ja: 'このメールアドレスは既に登録されています。',
    remedy: 'Use another address; a disabled account keeps its own.',
  },
  last_admin: {
    status: 409,
    title: 'This is the last active admin.',
    ja: '最後の管理者は無効化または権限変更できません。',
    remedy: 'Make another admin first.',
  },
  second_factor_enrolled: {
    status: 409,
    title: 'A second factor is enrolled.',
    ja: '二要素認証は既に登録されています。',
    remedy: 'Use it; who has lost it asks another operator to reset it.',
  },
  second_factor_own: {
    status: 409,
    title: 'Nobody resets a second factor of his own.',
    ja: '自分の二要素認証を自分でリセットすることはできません。',
    remedy: 'Use a recovery code, or ask another operator.',
  },
  password_weak: {
    status: 422,
    title: 'The new password is too easy to guess.',
    ja: '新しいパスワードが推測されやすいものです。',
    remedy: 'See `rule`. Twelve characters or more, not your name, address or present password, not a common one.',
  },
  application_invalid: {
    status: 422,
    title: 'Something in the application cannot be right.',
    ja: '申込情報に誤りがあります。',
    remedy: 'See `errors`: each entry names the field and the rule it breaks.',
  },
  file_not_as_declared: {
    status: 422,
    title: 'The file is not what its type or its name says.',
    ja: 'ファイルの内容と形式（または拡張子）が一致しません。',
    remedy: '`found` is what it begins like. Send a PDF, PNG or JPEG under its own type and ending.',
  },
  file_damaged: {
    status: 422,
    title: 'The file is not whole, or holds more than it says.',
    ja: 'ファイルが壊れているか、余分なデータが含まれています。',
    remedy: 'See `rule`: `truncated`, `trailing_bytes` or `broken`. Save it again from the program that made it.',
  },
  anchor_refused: {
    status: 422,
    title: 'The certificate cannot be a trust anchor here.',
    ja: 'この証明書はトラストアンカーとして登録できません。',
    remedy: 'See `rule`.',
  },
  fingerprint_mismatch: {
    status: 422,
    title: 'The fingerprint given is not that of the certificate.',
    ja: '入力されたフィンガープリントが証明書と一致しません。',
    remedy: 'Compare with the fingerprint published by J-LIS. Do not copy it from the file.',
  },
  sign_in_blocked: {
    status: 429,
    title: 'There were too many wrong attempts.',
    ja: '試行回数の上限を超えました。しばらくしてからお試しください。',
    remedy: 'Wait `retry_after` seconds. Each further wrong attempt doubles the wait, up to 15 minutes.',
    retryable: true,
  },
  file_type_unsupported: {
    status: 415,
    title: 'Files of this type cannot be attached.',
    ja: '添付できるのはPDF・PNG・JPEG形式のファイルです。',
    remedy: 'Send a PDF, PNG or JPEG as the body, with its Content-Type.',
  },
  queue_unavailable: {
    status: 503,
    title: 'The job queue cannot be reached.',
    ja: '現在処理を依頼できません。しばらくしてからお試しください。',
    remedy: 'Try again; the nightly refresh does not depend on this.',
    retryable: true,
  },
} as const satisfies Record<string, OperatorProblemRow>;
export type OperatorProblemCode = keyof typeof OPERATOR_PROBLEMS;
