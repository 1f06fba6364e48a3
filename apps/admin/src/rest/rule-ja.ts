/** What zod says about a value, as far as words need it. */
interface Issue {
  message: string;
  code?: string;
  origin?: string;
  expected?: string;
  format?: string;
  minimum?: number | bigint;
  maximum?: number | bigint;
  inclusive?: boolean;
  exact?: boolean;
  values?: readonly unknown[];
  keys?: readonly string[];
  pattern?: string;
  divisor?: number;
}

/** Rules of our own, whose forms are for programs, in words for who typed it. */
const OWN_RULES: Readonly<Record<string, string>> = {
  'must not contain control characters': '制御文字は使用できません。',
  'must be an e-mail address': 'メールアドレスの形式で入力してください。',
  'must be an address or range like 192.0.2.0/24': 'IPアドレスまたは範囲（例: 192.0.2.0/24）を入力してください。',
  'must be 64 hexadecimal digits': '64桁の16進数を入力してください。',
  'must be 1 to 64 letters, digits, dots, dashes':
    '半角の英数字・ピリオド・ハイフン・アンダースコアで、1〜64文字で入力してください。',
  'must be <noun>.<verb> or <noun>.*': '「名詞.動詞」または「名詞.*」の形式で入力してください。',
  'must not be before from': '開始より前の日時は指定できません。',
  'must be a month, YYYY-MM': '年月（例: 2026-04）を入力してください。',
  'needs either event_id alone, or recorded_after and recorded_before':
    'イベントを1件だけ指定するか、記録日時の開始と終了の両方を指定してください。',
  'needs tenant_id': '事業者の指定が必要です。',
  'send either person_id or verification_id': '利用者と検証のどちらか一方を指定してください。',
  'send either code or recovery_code': '確認コードと復旧コードのどちらか一方を入力してください。',
};

const TYPES: Readonly<Record<string, string>> = {
  string: '文字列',
  number: '数値',
  int: '整数',
  boolean: 'true または false',
  array: '配列',
  object: 'オブジェクト',
  record: 'オブジェクト',
};

const FORMATS: Readonly<Record<string, string>> = {
  date: '日付（例: 2026-04-01）を入力してください。',
  datetime: '日時（ISO 8601、例: 2026-04-01T09:00:00+09:00）を入力してください。',
  email: 'メールアドレスの形式で入力してください。',
  url: 'URLを入力してください。',
  uuid: 'UUIDを入力してください。',
  base64: 'Base64の文字列を入力してください。',
};

/** A rule that was broken, in Japanese for who typed the value. zod's own words name our types to the reader. */
export function ruleJa(issue: Issue): string {
  return OWN_RULES[issue.message] ?? zodRule(issue) ?? '入力内容が正しくありません。';
}

function zodRule(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return '必須項目です。';
      return `${TYPES[issue.expected ?? ''] ?? '正しい種類の値'}を指定してください。`;
    case 'invalid_value':
      return (
        issue.values &&
        `${issue.values.map((value) => `「${String(value)}」`).join('')}${issue.values.length > 1 ? 'のいずれか' : ''}を指定してください。`
      );
    case 'too_small':
      return tooSmall(issue);
    case 'too_big':
      return tooBig(issue);
    case 'invalid_format':
      return FORMATS[issue.format ?? ''] ?? `形式が正しくありません${issue.pattern ? `（${issue.pattern}）` : ''}。`;
    case 'not_multiple_of':
      return `${issue.divisor}の倍数を入力してください。`;
    case 'unrecognized_keys':
      return `定義されていない項目です: ${issue.keys?.join('、')}`;
    default:
      return undefined;
  }
}

function tooSmall({ origin, minimum, inclusive, exact }: Issue): string {
  if (origin === 'string') {
    if (exact) return `${minimum}文字で入力してください。`;
    return minimum === 1 ? '入力してください。' : `${minimum}文字以上で入力してください。`;
  }
  if (origin === 'array' || origin === 'set') return `${minimum}件以上指定してください。`;
  return inclusive ? `${minimum}以上の値を入力してください。` : `${minimum}より大きい値を入力してください。`;
}

function tooBig({ origin, maximum, inclusive, exact }: Issue): string {
  if (origin === 'string')
    return exact ? `${maximum}文字で入力してください。` : `${maximum}文字以内で入力してください。`;
  if (origin === 'array' || origin === 'set') return `${maximum}件以内で指定してください。`;
  return inclusive ? `${maximum}以下の値を入力してください。` : `${maximum}より小さい値を入力してください。`;
}
