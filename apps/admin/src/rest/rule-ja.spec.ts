import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ruleJa } from './rule-ja.js';

const said = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map((issue) => ruleJa(issue as Parameters<typeof ruleJa>[0]));

describe('a broken rule, in Japanese', () => {
  it.each<[z.ZodType, unknown, string]>([
    [z.strictObject({ name: z.string() }), {}, '必須項目です。'],
    [z.string(), 1, '文字列を指定してください。'],
    [z.int(), 1.5, '整数を指定してください。'],
    [z.int(), 'one', '数値を指定してください。'],
    [z.array(z.string()), {}, '配列を指定してください。'],
    [z.enum(['csv', 'json']), 'xml', '「csv」「json」のいずれかを指定してください。'],
    [z.literal('csv'), 'xml', '「csv」を指定してください。'],
    [z.int().min(1), 0, '1以上の値を入力してください。'],
    [z.number().positive(), 0, '0より大きい値を入力してください。'],
    [z.int().max(100), 101, '100以下の値を入力してください。'],
    [z.string().min(1), '', '入力してください。'],
    [z.string().min(8), 'short', '8文字以上で入力してください。'],
    [z.string().max(3), 'long', '3文字以内で入力してください。'],
    [z.string().length(13), '1', '13文字で入力してください。'],
    [z.array(z.string()).min(1), [], '1件以上指定してください。'],
    [z.array(z.string()).max(1), ['a', 'b'], '1件以内で指定してください。'],
    [z.iso.date(), '2026/04/01', '日付（例: 2026-04-01）を入力してください。'],
    [z.uuid(), 'x', 'UUIDを入力してください。'],
    [z.int().multipleOf(5), 3, '5の倍数を入力してください。'],
    [z.strictObject({}), { a: 1, b: 2 }, '定義されていない項目です: a、b'],
    [z.string().refine(() => false, 'must be an e-mail address'), 'x', 'メールアドレスの形式で入力してください。'],
    [z.union([z.string(), z.null()]), 1, '入力内容が正しくありません。'],
  ])('of %#', (schema, value, message) => {
    expect(said(schema, value)).toEqual([message]);
  });
});
