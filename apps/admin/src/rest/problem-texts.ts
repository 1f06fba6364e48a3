import { OPERATOR_PROBLEMS, type OperatorProblemCode, type ProblemCode, problemRow, PROBLEMS } from '#lib/platform';

/** Codes that the SP API has too, with their titles in Japanese. */
export const SHARED_PROBLEMS = {
  http_malformed: PROBLEMS.http_malformed.ja,
  request_timeout: PROBLEMS.request_timeout.ja,
  expectation_unsupported: PROBLEMS.expectation_unsupported.ja,
  headers_too_large: PROBLEMS.headers_too_large.ja,
  rate_limited: PROBLEMS.rate_limited.ja,
  json_malformed: 'リクエストの形式が正しくありません。',
  request_invalid: '入力内容に誤りがあります。',
  cursor_malformed: '一覧の続きを取得できません。最初から表示し直してください。',
  not_found: '対象が見つかりません。',
  evidence_erased: '保存期間の満了により、証跡は消去されています。',
  evidence_incomplete: '保存されている証跡が不足しているため、再検証できません。',
  body_too_large: '送信できるサイズを超えています。',
  media_type_unsupported: '送信形式に対応していません。',
  api_key_not_rotatable: '失効・期限切れ・交換済みのAPIキーは交換できません。',
  event_unknown: '該当するイベントがありません。',
  replay_too_large: '再送の対象が多すぎます。期間を短くしてください。',
  characters_unmappable: 'CP932で表せない文字が含まれています。UTF-8でダウンロードしてください。',
  storage_unavailable: '現在データベースを利用できません。しばらくしてからお試しください。',
  internal_error: 'システムエラーが発生しました。リクエストIDを管理者にお知らせください。',
} as const satisfies Partial<Record<ProblemCode, string>>;

const isOperators = (code: ProblemCode): code is OperatorProblemCode => Object.hasOwn(OPERATOR_PROBLEMS, code);
const isShared = (code: ProblemCode): code is keyof typeof SHARED_PROBLEMS => Object.hasOwn(SHARED_PROBLEMS, code);

/** The title of a refusal in Japanese; a code of the SP API that strays in here is told in general words. */
export const titleJa = (code: ProblemCode): string =>
  isOperators(code)
    ? OPERATOR_PROBLEMS[code].ja
    : isShared(code)
      ? SHARED_PROBLEMS[code]
      : 'リクエストを処理できませんでした。';

/** Every code these routes answer with, by status. */
export const codesOf = (status: number): ProblemCode[] =>
  ([...Object.keys(SHARED_PROBLEMS), ...Object.keys(OPERATOR_PROBLEMS)] as ProblemCode[]).filter(
    (code) => problemRow(code).status === status,
  );
