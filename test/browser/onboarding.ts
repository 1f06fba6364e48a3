import { expect, it } from '@jest/globals';
import type { Desk, World } from '../support/desk.js';
import { pdf } from '../support/files.js';
import { eventually } from '../support/story.js';

const TENANT = '株式会社青空銀行';
const paper = (name: string) => ({ name: `${name}.pdf`, mimeType: 'application/pdf', buffer: pdf(name) });

/** The way of a tenant, from its application to its first key of live mode and what is changed afterwards. */
export function onboarding(world: World): void {
  it('says in the reader’s language what is wrong with a field, keeps what was typed, and files the application', async () => {
    const { hanako } = world;
    const { page } = hanako;
    await hanako.go('事業者');
    await page.getByRole('link', { name: '申込を登録' }).click();
    await page.getByLabel('正式名称', { exact: false }).first().fill(TENANT);
    await hanako.fill('正式名称（カナ）', 'かぶしきがいしゃあおぞらぎんこう');
    await page.getByLabel('法人番号', { exact: false }).last().fill('4011001098994');
    // Hiragana becomes katakana when one goes on to the next field.
    await hanako.fill('所在地', '東京都港区芝公園４丁目２番地８ 123456789018');
    expect(await page.getByLabel('正式名称（カナ）').inputValue()).toBe('カブシキガイシャアオゾラギンコウ');
    await hanako.fill('正式名称（カナ）', 'AOZORA');
    await hanako.picture('application');
    await hanako.press('次へ');
    await hanako.told('法人番号の検査用数字が一致しません。入力間違いがないかご確認ください。');
    await hanako.told('全角カタカナで入力してください。');
    await page.getByLabel('法人番号', { exact: false }).last().fill('４０１１００１０９８９９３');
    await hanako.fill('正式名称（カナ）', 'カブシキガイシャアオゾラギンコウ');
    await hanako.press('次へ');
    await hanako.fill('氏名', '青空 一郎');
    await hanako.fill('電話番号', '０３−１２３４');
    await hanako.fill('メールアドレス', 'ichiro@aozora.example');
    await hanako.press('次へ');
    await hanako.told('電話番号は0から始まる10桁または11桁の半角数字で入力してください。');
    await hanako.fill('電話番号', '０３−１２３４−５６７８');
    await hanako.press('次へ');
    await hanako.fill('サービス名', '青空ダイレクト');
    await hanako.fill('利用目的', '口座開設時の本人確認');
    await hanako.fill('署名検証の見込み件数（月）', '12000');
    await hanako.fill('利用者認証の見込み件数（月）', '90000');
    await hanako.press('次へ');
    await hanako.press('申込を登録');
    await hanako.told('マイナンバー（個人番号）と思われる番号は入力できません。');
    await hanako.picture('application-fault');
    expect(await page.getByLabel('所在地').inputValue()).toBe('東京都港区芝公園４丁目２番地８ 123456789018');
    await hanako.fill('所在地', '東京都港区芝公園４丁目２番地８');
    await page.getByText('マイナンバー（個人番号）と思われる番号は入力できません。').waitFor({ state: 'detached' });
    for (let step = 0; step < 3; step++) await hanako.press('次へ');
    await hanako.picture('application-confirm');
    await hanako.press('申込を登録');
    await hanako.heading(TENANT);
    world.tenantPath = new URL(page.url()).pathname;
    expect(world.tenantPath).toMatch(/^\/tenants\/ten_[0-9a-f]{32}$/);
  });

  it('keeps a half-filled window when the session ends, and goes on after signing in again', async () => {
    const { rig, hanako } = world;
    await hanako.press('審査を開始');
    await hanako.fill('理由', '申込書を受領。登記事項証明書と照合済み。');
    await rig.endSessions(hanako.person);
    await hanako.confirm('審査を開始');
    await hanako.told('セッションが終了しました');
    expect(await hanako.faults('session-ended')).toEqual([]);
    await hanako.picture('session-ended');
    await rig.signIn(hanako.page, hanako.person);
    await hanako.told(`${TENANT} の審査を開始しました。`);
  });

  it('takes a tenant to test mode and makes a key, shown once, that verifies', async () => {
    const { rig, hanako } = world;
    await hanako.press('承諾してテスト利用を開始');
    await hanako.because('契約締結済み。', '承諾してテスト利用を開始');
    await hanako.told(`${TENANT} のテスト利用を開始しました。`);
    await hanako.page.getByRole('link', { name: 'APIキーを開く' }).click();
    await hanako.press('APIキーを発行');
    await hanako.told('電子署名の検証と再検証を依頼できます。');
    await hanako.fill('名前', '接続試験');
    await hanako.picture('key-new');
    await hanako.press('発行');
    await hanako.told(`${rig.story.stack.urls.api}/docs`);
    const secret = await secretOf(hanako);
    expect(secret).toMatch(/^shm_test_/);

    const card = await rig.story.card();
    const login = await card.answer(await rig.story.challenge({ apiKey: secret }));
    expect((await rig.story.authenticate(login, { apiKey: secret })).body.outcome).toBe('valid');
    const signed = await card.sign();
    const good = await rig.story.verify({ ...signed, reference: 'A-1001' }, { apiKey: secret });
    expect(good.body.outcome).toBe('valid');
    await rig.story.sandbox('POST', `cards/${card.id}/revoke`, { certificate: 'sign', reason: 'affiliationChanged' });
    await hanako.go('失効情報');
    await hanako.page.getByText('テスト', { exact: true }).click();
    await hanako.press('今すぐ取得');
    await hanako.confirm('今すぐ取得');
    await hanako.told('取得を依頼しました。');
    await rig.story.refresh();
    // The API notices within a second.
    const bad = await eventually(
      () => rig.story.verify({ ...signed, reference: 'A-1002' }, { apiKey: secret }),
      ({ body }) => body.outcome === 'invalid',
      60_000,
    );
    [world.validPath, world.invalidPath] = [`/verifications/${good.body.id}`, `/verifications/${bad.body.id}`];
  });

  it('replaces a key: the new one opens, and the old one is shown to go on for the overlap', async () => {
    const { rig, hanako, tenantPath } = world;
    const { page } = hanako;
    await hanako.visit(`${tenantPath}?tab=keys`);
    await hanako.press('「接続試験」を交換');
    await hanako.fill('併用期間（時間）', '200');
    await hanako.confirm('交換');
    // The fault stands at its field, and what was typed stays.
    await page
      .getByRole('dialog')
      .getByRole('textbox', { name: '併用期間（時間）' })
      .and(page.locator('[aria-invalid]'))
      .waitFor();
    await hanako.picture('key-replace-fault');
    await hanako.fill('併用期間（時間）', '48');
    await hanako.confirm('交換');
    const secret = await secretOf(hanako);
    expect((await rig.story.me({ apiKey: secret })).status).toBe(200);
    world.tenantKey = secret;
    await hanako.told('交換済み・併用中');
    expect(await page.getByRole('button', { name: '「接続試験」を交換' }).count()).toBe(1);
  });

  it('takes the papers of an item, another one in the place of one, and says what is open still', async () => {
    const { hanako, taro, tenantPath } = world;
    await hanako.visit(`${tenantPath}?tab=checklist`);
    await hanako.told('未完了の項目が5件あります。');
    const item = '契約・秘密保持契約';
    await hanako.give(`${item}にファイルを添付`, paper('契約書'));
    const region = hanako.page.getByRole('region', { name: item });
    await region.getByRole('link', { name: '契約書.pdf' }).waitFor();
    await hanako.give('契約書.pdf を差し替え', paper('署名済み契約書'));
    await hanako.because('押印漏れのため。', '差し替え');
    await hanako.told('契約書.pdf を差し替えました。');
    await region.getByText('取り下げ済み').waitFor();
    await hanako.picture('checklist-replaced');
    await hanako.press(`${item}を確認済みにする`);
    await hanako.confirm('確認済みにする');
    await hanako.told(`${item}を確認済みにしました。`);
    await hanako.told('未完了の項目が4件あります。');
    const items = `/v1${tenantPath}/checklist/items`;
    for (const other of ['delegation', 'officers_fitness', 'security_measures', 'privacy_notice']) {
      await taro.rest.sendRaw('POST', `${items}/${other}/files?name=${other}.pdf`, 'application/pdf', pdf(other));
      await taro.done('POST', `${items}/${other}/confirm`, {});
    }
  });

  it('brings a tenant live only by a second person, who reads in words what changes', async () => {
    const { hanako } = world;
    // What somebody else did meanwhile is seen by whoever looks again.
    await hanako.page.reload();
    await hanako.told('すべての項目が完了しています。');
    await hanako.picture('checklist-done');
    await hanako.tab('進捗');
    await hanako.press('J-LISへの届出を記録');
    await hanako.fill('届出日', '2026-11-20');
    await hanako.fill('届出の控え番号', 'J-2026-118');
    await hanako.because('届出書を送付。', 'J-LISへの届出を記録');
    await hanako.told(`${TENANT} の届出を記録しました。`);
    await hanako.press('本番利用の承認を依頼');
    await hanako.because('接続試験に合格。', '承認を依頼');
    await hanako.page.getByRole('link', { name: '承認依頼を開く' }).click();
    await hanako.told('あなたが依頼したものです。承認は別の担当者が行います。');
    expect(await hanako.page.getByRole('button', { name: '承認', exact: true }).count()).toBe(0);
    world.approvalPath = new URL(hanako.page.url()).pathname;
    // It waits beside the menu of whoever may decide it.
    const waiting = (desk: Desk) =>
      desk.page.getByRole('navigation', { name: 'メニュー' }).getByText('あなたが承認できる依頼1件');
    expect(await waiting(hanako).count()).toBe(0);

    const { taro } = world;
    await taro.visit('/');
    await waiting(taro).waitFor({ state: 'attached' });
    await taro.go('承認');
    await taro.page.getByRole('cell', { name: '本番利用の開始' }).getByRole('link').click();
    await taro.told('接続試験に合格。');
    expect(await changesOf(taro)).toEqual([
      ['状態', 'J-LIS届出済み', '本番利用中'],
      ['届出日', '2026/11/20', '変更なし'],
      ['届出の控え番号', 'J-2026-118', '変更なし'],
    ]);
    await taro.picture('approval-waiting');
    await taro.press('承認');
    await taro.confirm('承認');
    await taro.told('承認し、実行しました。');
    await waiting(taro).waitFor({ state: 'detached' });
    await hanako.visit(world.tenantPath);
    await hanako.told('本番環境を利用しています。');
  });

  it('makes a key of live mode then, and revokes it once its name and end were shown', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    await hanako.tab('APIキー');
    await hanako.press('APIキーを発行');
    await hanako.fill('名前', '本番');
    await hanako.press('発行');
    const secret = await secretOf(hanako);
    expect(secret).toMatch(/^shm_live_/);
    const opens = async (): Promise<number> => (await rig.story.me({ apiKey: secret })).status;
    expect(await opens()).toBe(200);
    await hanako.press('「本番」を失効させる');
    await page
      .getByRole('dialog')
      .getByText(`本番 (…${secret.slice(-4)})`, { exact: true })
      .waitFor();
    await hanako.confirm('失効させる');
    await hanako.told('「本番」を失効させました。');
    // The API notices within a second.
    expect(await eventually(opens, (now) => now === 401, 60_000)).toBe(401);
  });

  it('proposes a change of a live contract instead of refusing it, field by field', async () => {
    const { rig, hanako, taro } = world;
    const { page } = hanako;
    await hanako.tab('契約内容');
    await page.getByText('本番', { exact: true }).click();
    await hanako.told('本番契約の変更には、依頼した人とは別の担当者の承認が必要です。');
    await page.getByText('OCSP', { exact: true }).click();
    for (const term of ['利用者の識別', '暗証番号なしの提示（かざし利用）'])
      await page.getByRole('switch', { name: term }).click({ force: true });
    await page.getByRole('combobox', { name: '対応する証明書の開示範囲' }).click();
    await page.getByRole('option', { name: '開示しない' }).click();
    await hanako.press('承認を依頼');
    expect(await hanako.faults('contract-proposal')).toEqual([]);
    await hanako.picture('contract-proposal');
    await hanako.because('識別とかざし利用を追加契約。', '承認を依頼');
    await hanako.told(`${TENANT} の契約変更の承認を依頼しました。`);
    await hanako.told('承認待ちの契約変更があります。');
    await taro.go('承認');
    await taro.page.getByRole('cell', { name: '本番契約の変更' }).getByRole('link').click();
    await taro.told('識別とかざし利用を追加契約。');
    const changes = await changesOf(taro);
    expect(changes.slice(0, 4).sort()).toEqual([
      ['利用者の識別', 'なし', 'あり'],
      ['失効確認の方法', 'CRL、OCSP、OCSP（不可の場合はCRL）', 'CRL、OCSP（不可の場合はCRL）'],
      ['対応する証明書の開示範囲', '結論のみ', '開示しない'],
      ['暗証番号なしの提示（かざし利用）', 'なし', 'あり'],
    ]);
    expect(changes.flat().filter((text) => /[a-z]_[a-z]/.test(text))).toEqual([]);
    await taro.picture('approval-contract');
    await taro.press('承認');
    await taro.confirm('承認');
    await taro.told('承認し、実行しました。');
    const [stored] = await rig.story.rows(
      `select revocation_methods::text[] as methods, identify, pinless_status, disclosure from contract c
       join tenant t on t.id = c.tenant_id where t.name = $1 and c.mode = 'live'`,
      [TENANT],
    );
    const methods = ['crl', 'ocsp_or_crl'];
    expect(stored).toEqual({ methods, identify: true, pinless_status: true, disclosure: 'none' });
  });

  it('changes how much a tenant may ask, says at the field what cannot be, and keeps the form when the session ends', async () => {
    const { rig, hanako, tenantPath } = world;
    await hanako.visit(`${tenantPath}?tab=contract&mode=test`);
    const field = hanako.page.getByRole('textbox', { name: '検証 毎秒の件数' });
    await field.fill('0');
    await hanako.press('上限を変更');
    await field.and(hanako.page.locator('[aria-invalid]')).waitFor();
    await hanako.picture('limits-fault');
    await field.fill('37');
    await hanako.page.getByRole('textbox', { name: '参照 毎月の件数' }).fill('500000');
    await rig.endSessions(hanako.person);
    await hanako.press('上限を変更');
    await hanako.told('セッションが終了しました');
    await rig.signIn(hanako.page, hanako.person);
    await hanako.page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await field.inputValue()).toBe('37');
    await hanako.told(`${TENANT} の利用上限を変更しました。`);
    const [stored] = await rig.story.rows<{ limits: Record<string, { per_second: number; per_month: number | null }> }>(
      `select limits from contract c join tenant t on t.id = c.tenant_id where t.name = $1 and c.mode = 'test'`,
      [TENANT],
    );
    expect([stored!.limits['verification']!.per_second, stored!.limits['read']!.per_month]).toEqual([37, 500_000]);
  });

  it('takes the data of a tenant, whole', async () => {
    const { rig, hanako, tenantPath } = world;
    await hanako.visit(tenantPath);
    await hanako.press('データを取り出す');
    await hanako.page.getByRole('dialog').getByLabel('環境').selectOption('test');
    await hanako.picture('data-export');
    const { name, bytes } = await hanako.taken(() => hanako.because('事業者からの請求。', 'ダウンロード'));
    expect(name).toBe(`${tenantPath.slice('/tenants/'.length)}-test.jsonl`);
    const trailer = JSON.parse(bytes.toString().trimEnd().split('\n').at(-1)!) as { kind: string; counts: object };
    const [kept] = await rig.story.rows<{ n: string }>(
      `select count(*) as n from verification v join tenant t on t.id = v.tenant_id where t.name = $1 and v.mode = 'test'`,
      [TENANT],
    );
    expect(trailer).toMatchObject({ kind: 'trailer', counts: { api_key: 2, verification: Number(kept!.n) } });
  });
}

async function secretOf(desk: Desk): Promise<string> {
  const secret = await desk.page.locator('.once').innerText();
  await desk.press('保管しました');
  await desk.page.locator('.once').waitFor({ state: 'detached' });
  expect(await desk.page.getByText(secret).count()).toBe(0);
  return secret;
}

/** The rows of the table of what changes: name, before, after. */
const changesOf = async ({ page }: Desk): Promise<string[][]> =>
  (await page.getByRole('group', { name: '変更前と変更後の比較' }).locator('tbody tr').allInnerTexts()).map((row) =>
    row.split('\t').map((cell) => cell.trim()),
  );
