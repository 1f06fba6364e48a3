import { expect, it } from '@jest/globals';
import type { World } from '../support/desk.js';
import { calendar } from './calendar.js';
import { RECIPIENT } from './invoices.js';

/** From what was used to a closed month that J-LIS’s own bill was held against. */
export function months(world: World): void {
  it('has issuer and recipient of invoices entered by one and approved by another', async () => {
    const { rig, hanako, taro } = world;
    const { story } = rig;
    const card = await story.card();
    for (let check = 0; check < 2; check++) await story.verify(await card.sign());
    const { month, next, days } = calendar();
    const button = `${month.slice(0, 4)}年${Number(month.slice(5))}月を締める`;
    // What invoices will lack is said before the month is over, and when it can be closed.
    await hanako.visit('/months?mode=test');
    await hanako.told(`${next.replaceAll('-', '/')} 00:00から締められます（日本時間）`);
    expect(await hanako.page.getByRole('button', { name: button }).isDisabled()).toBe(true);
    await hanako.told(/: 請求先が未登録$/);
    expect(await hanako.faults('months-needs')).toEqual([]);
    await hanako.picture('months-needs');
    await story.operator(`clock set --offset +${days}d`);
    await hanako.page.getByRole('link', { name: '料金と税率 › 請求書の発行者' }).click();
    await hanako.press('発行者の登録を依頼');
    await hanako.page.locator('input[type="date"]:focus').waitFor();
    await hanako.fill('適用開始日', next);
    await hanako.fill('発行者の名称', '株式会社プラットフォーム');
    await hanako.fill('登録番号（T＋13桁）', 'T4011001098994');
    await hanako.fill('所在地', '東京都千代田区丸の内一丁目1番1号');
    await hanako.fill('振込先（請求書に印字）', '見本銀行 本店 普通 1234567 カ）プラットフォーム');
    await hanako.because('発行者の登録。', '承認を依頼');
    await hanako.told('登録番号の検査用数字が正しくありません。');
    await hanako.picture('issuer-fault');
    await hanako.fill('登録番号（T＋13桁）', 'T4011001098993');
    await hanako.confirm('承認を依頼');
    await hanako.told('承認を依頼しました。');
    await hanako.told(/^請求書の発行者の登録が承認待ちです/);
    await hanako.visit(`/tenants/${story.tenantId}?tab=prices&mode=test`);
    await hanako.press('請求先の登録を依頼');
    await hanako.fill('適用開始日', next);
    await hanako.fill('請求先の名称', RECIPIENT);
    await hanako.fill('請求先の所在地', '群馬県高崎市栄町1番1号');
    await hanako.because('契約締結。', '承認を依頼');
    await hanako.page.getByRole('dialog').waitFor({ state: 'detached' });
    await hanako.told(/^請求先と支払条件の登録が承認待ちです/);
    expect(await hanako.faults('terms-waiting')).toEqual([]);
    await hanako.picture('terms-waiting');
    // What is asked for is no longer only missing.
    await hanako.visit('/months?mode=test');
    await hanako.page.getByRole('link', { name: '承認待ち' }).nth(1).waitFor();
    expect(await hanako.faults('months-waiting')).toEqual([]);
    await hanako.picture('months-waiting');
    await taro.approveAll();
  });

  it('closes the month that is named, and reports it to J-LIS', async () => {
    const { hanako } = world;
    const { page } = hanako;
    const { month, next } = calendar();
    const named = `${month.slice(0, 4)}年${Number(month.slice(5))}月`;
    await hanako.visit('/months?mode=test');
    await hanako.press(`${named}を締める`);
    await page.getByRole('dialog').getByText(`${named}（テスト環境）`).waitFor();
    // Others have used something without prices; the issuer is there.
    await page
      .getByRole('dialog')
      .getByText(/料金プラン/)
      .first()
      .waitFor();
    expect(await page.getByRole('dialog').getByText('請求書の発行者：').count()).toBe(0);
    await hanako.picture('month-close');
    await hanako.confirm('締める');
    await hanako.told(`${named}の締め処理を開始しました。`);
    await page.locator('tbody').getByText('締め済み').waitFor();
    // The next one is offered without anybody loading the page anew.
    await page.getByRole('button', { name: `${next.slice(0, 4)}年${Number(next.slice(5, 7))}月を締める` }).waitFor();
    world.monthPath = `/months/test/${month}`;
    await page.locator('tbody').getByRole('link', { name: named }).click();
    await hanako.heading(named);
    await page.locator('tbody a[href^="/statements/"]').first().waitFor();
    const taken = await hanako.taken(() => hanako.press('J-LIS月次報告（CSV）'));
    expect(taken.bytes.toString()).toContain(month);
  });

  it('says of a month that stays open what was used on which day without a fee', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    // Delivered before J-LIS had a fee for it.
    await rig.story.rows(
      `insert into usage_event (tenant_id, mode, id, source, source_id, meter, method, purpose, outcome, billable,
         certificate_kind, certificate_hash, occurred_at)
       values ($1, 'live', gen_random_uuid(), 'status_check', gen_random_uuid(), 'attributes_delivered', 'service',
         'attribute_update', 'valid', true, 'sign', sha256('x'), '2022-06-10T12:00:00+09:00')`,
      [rig.story.tenantId.replace('ten_', '')],
    );
    await hanako.visit('/months?mode=live');
    await hanako.press('2022年6月を締める');
    await hanako.confirm('締める');
    await page.locator('tbody').getByRole('link', { name: '2022年6月' }).click();
    await hanako.told(/^「最新の利用者情報の提供」の利用がありますが、2022\/06\/01のJ-LIS手数料が登録されていません。/);
    expect(await hanako.faults('month-without-fee')).toEqual([]);
    await hanako.picture('month-without-fee');
    await hanako.visit(world.monthPath);
    await page.locator('tbody a[href^="/statements/"]').first().waitFor();
  });

  it('holds a bill of J-LIS against the month, and drafts no invoice before somebody has said why they differ', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const { month } = calendar();
    const bill = async (): Promise<string> =>
      (await fetch(`${rig.story.stack.urls.sandbox}/control/jlis/bill?month=${month}`)).text();
    const give = (name: string, text: string) =>
      hanako.give('ファイルを選択', { name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    await hanako.tab('J-LISとの照合');
    await hanako.told('この月の請求ファイルはまだ取り込まれていません。');
    await give('other.csv', '年月,件数\r\n');
    await hanako.told('ファイルの1行目');
    expect(await hanako.faults('reconciliation-fault')).toEqual([]);
    await hanako.picture('reconciliation-fault');
    // A delivery that J-LIS counts and that nobody asked for here.
    const header = (await bill()).split(/\r?\n/)[0]!;
    await give('jlis.csv', `${header}\r\n${month},${rig.story.tenantId},latest_attributes,1\r\n`);
    await hanako.told('差異1件');
    expect(await page.getByRole('group', { name: 'J-LISとの照合' }).locator('tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/最新の利用者情報の提供\s+0\s+1\s+\+1$/),
    ]);
    await hanako.picture('reconciliation-differs');
    await hanako.tab('請求書の作成');
    await hanako.press('下書きを作成');
    await page.getByRole('heading', { name: '作成できなかった事業者' }).waitFor();
    await hanako.told('J-LISとの差異の理由が未記録です');
    await hanako.picture('month-drafts-refused');
    await hanako.tab('J-LISとの照合');
    await hanako.press('差異の理由を記録');
    expect(await hanako.faults('reconciliation-explain')).toEqual([]);
    await hanako.picture('reconciliation-explain');
    await hanako.because('J-LISに照会し、翌月分の誤計上と確認。', '差異の理由を記録');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hanako.told('J-LISに照会し、翌月分の誤計上と確認。');
    expect(await page.getByRole('button', { name: '差異の理由を記録' }).count()).toBe(0);
    await hanako.picture('reconciliation-explained');
    const [kept] = await rig.story.rows<{ explained: boolean; audited: string }>(
      `select explanation is not null as explained, (select count(*) from audit_event where action like 'jlis_reconciliation.%') as audited
       from jlis_reconciliation`,
    );
    expect(kept).toEqual({ explained: true, audited: '2' });
  });
}
