import { Injectable, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';
import { Problem } from '#lib/platform';

type Issues = Parameters<
  NonNullable<NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']>
>[0];

const MAX_REPORTED = 20;
const ja = z.locales.ja().localeError;

/** Rules of our own, whose forms are for programs, in words for who typed it. */
const OWN_RULES_JA: Readonly<Record<string, string>> = {
  'must not contain control characters': '制御文字は使用できません。',
  'must be an e-mail address': 'メールアドレスの形式で入力してください。',
  'must be an address or range like 192.0.2.0/24': 'IPアドレスまたは範囲（例: 192.0.2.0/24）を入力してください。',
  'must be 64 hexadecimal digits': '64桁の16進数を入力してください。',
  'must be 1 to 64 letters, digits, dots, dashes':
    '半角の英数字・ピリオド・ハイフン・アンダースコアで、1〜64文字で入力してください。',
  'must be <noun>.<verb> or <noun>.*': '「名詞.動詞」または「名詞.*」の形式で入力してください。',
  'must not be before from': '開始より前の日時は指定できません。',
  'needs tenant_id': 'テナントの指定が必要です。',
  'send either person_id or verification_id': '利用者と検証のどちらか一方を指定してください。',
  'send either code or recovery_code': '確認コードと復旧コードのどちらか一方を入力してください。',
};

/** The rule in Japanese; zod words each of its own issues anew from what the issue says. */
function messageJa(issue: { message: string }): string {
  const own = OWN_RULES_JA[issue.message];
  if (own !== undefined) return own;
  const said = ja(issue as Parameters<typeof ja>[0]);
  return (typeof said === 'string' ? said : said?.message) ?? '入力内容が正しくありません。';
}

function refuse(issues: Issues): Problem {
  const errors = issues.slice(0, MAX_REPORTED).map((issue) => ({
    field: (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
    message: issue.message,
    message_ja: messageJa(issue),
  }));
  return new Problem('request_invalid', { ...(errors.length === 1 ? { field: errors[0]!.field } : {}), errors });
}

/** Holds a body or a query against its zod schema; plain values go on. Faults are named in both languages. */
@Injectable()
export class BodyPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: refuse });
  }

  /** The schemas are strict and build new objects; walking the input first would overflow the stack on deep nesting. */
  protected override stripProtoKeys(): void {}
}
