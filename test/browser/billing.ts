import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { MONTH_QUEUE, type MonthJob } from '#lib/billing';
import { QUEUE_PREFIX } from '#lib/revocation';
import type { Desk, World } from '../support/desk.js';
import { eventually } from '../support/story.js';

const RECIPIENT = '髙﨑商事株式会社';
const DAY_MS = 86_400_000;

/** The present month in Japan, the first day of the next one, and how many days bring a clock behind that day. */
function calendar(now = Date.now()): { month: string; next: string; days: number } {
  const inJapan = new Date(now + 9 * 3_600_000);
  const next = Date.UTC(inJapan.getUTCFullYear(), inJapan.getUTCMonth() + 1, 1);
  return {
    month: inJapan.toISOString().slice(0, 7),
    next: new Date(next).toISOString().slice(0, 10),
    days: Math.ceil((next - inJapan.getTime()) / DAY_MS) + 1,
  };
}

/** From what was used to an invoice that both sides hold, and from its line back to the verification. */
export function billing(world: World): void {
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
    await taro.approveAll();
  });

  it('closes the month that is named, and reports it to J-LIS', async () => {
    const { hanako } = world;
    const { page } = hanako;
    const { month } = calendar();
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
    await page.locator('tbody').getByText('締め済み').waitFor();
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

  it('drafts the invoices of the month', async () => {
    const { hanako } = world;
    const { page } = hanako;
    await hanako.visit(`/invoices?mode=test&tab=drafts&month=${calendar().month}`);
    await page.getByRole('link', { name: /› 請求書の作成$/ }).click();
    await hanako.press('下書きを作成');
    await hanako.told('下書きを1件作成しました。');
    await hanako.picture('month-drafts');
    await page.getByRole('link', { name: 'この月の下書き' }).click();
    await page.locator('tbody a[href^="/invoice-drafts/"]').click();
    await hanako.told(`${RECIPIENT} 御中`);
  });

  it('finalizes by two, names characters that an encoding lacks, voids by two and issues again with reference', async () => {
    const { hanako, taro } = world;
    const { page } = hanako;
    await hanako.press('項目を追加して作り直す');
    await hanako.fill('内容（日本語）', '𠮷野様 現地立会い');
    await hanako.fill('内容（英語）', 'On site');
    await hanako.fill('金額（税抜・円）', '5,000');
    await hanako.fill('取引日', `${calendar().month}-20`);
    await hanako.picture('draft-items');
    const before = new URL(page.url()).pathname;
    await hanako.confirm('作り直す');
    await page.waitForURL((url) => url.pathname !== before);
    world.draftPath = new URL(page.url()).pathname;
    await hanako.press('確定の承認を依頼');
    await hanako.because('月次請求。', '承認を依頼');
    await hanako.told('この下書きの確定は承認待ちです。');
    for (const name of ['破棄', '確定の承認を依頼'])
      expect(await page.getByRole('button', { name, exact: true }).isDisabled()).toBe(true);
    await taro.go('承認');
    await taro.page.getByRole('cell', { name: '請求書の確定' }).getByRole('link').click();
    const proposed = taro.page.getByRole('group', { name: '下書き' }).locator('tbody tr');
    await proposed.waitFor();
    expect(await proposed.innerText()).toMatch(
      new RegExp(`^${RECIPIENT}\\s+\\d{4}年\\d+月\\s+¥[\\d,]+\\s+¥[\\d,]+\\s+\\d{4}/\\d\\d/\\d\\d`),
    );
    await taro.picture('approval-invoice');
    await taro.press('承認');
    await taro.confirm('承認');
    await taro.told('承認し、実行しました。');

    await openIssued(hanako, '発行済み');
    await hanako.press('CSV');
    await page.getByRole('radio', { name: /^CP932/ }).check();
    await hanako.confirm('ダウンロード');
    await hanako.told('𠮷 U+20BB7');
    expect(await hanako.faults('csv-window')).toEqual([]);
    await hanako.picture('csv-unmappable');
    await hanako.confirm('キャンセル');
    await hanako.press('取消の承認を依頼');
    await hanako.because('立会い費用は別途請求のため。', '承認を依頼');
    await hanako.told('この請求書の取消は承認待ちです。');
    await taro.approveAll();
    await page.reload();
    await hanako.press('発行し直す');
    await hanako.confirm('下書きを作成');
    await hanako.told(/に代わるものです。$/);
    await hanako.press('確定の承認を依頼');
    await hanako.because('再発行。', '承認を依頼');
    await hanako.page.getByRole('dialog').waitFor({ state: 'detached' });
    await taro.approveAll();
  });

  it('hands out the CSV of an invoice and of a search in both encodings, byte for byte as kept', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    world.invoicePath = await openIssued(hanako, '発行済み');
    const take = (press: string, encoding: RegExp) => async () => {
      await hanako.press(press);
      await page.getByRole('radio', { name: encoding }).check();
      await hanako.confirm('ダウンロード');
    };
    const utf8 = await hanako.taken(take('CSV', /^UTF-8/));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const cp932 = await hanako.taken(take('CSV', /^CP932/));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(utf8.bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const text = new TextDecoder().decode(utf8.bytes);
    expect(new TextDecoder('shift_jis').decode(cp932.bytes)).toBe(text);
    expect(text).toContain(RECIPIENT);
    const [kept] = await rig.story.rows<{ sha256: string; number: string }>(
      `select encode(f.sha256, 'hex') as sha256, i.number from invoice i
       join invoice_file f on f.invoice_id = i.id and f.kind = 'csv' order by i.series_number desc limit 1`,
    );
    expect(createHash('sha256').update(utf8.bytes).digest('hex')).toBe(kept!.sha256);
    expect(utf8.name).toBe(`${kept!.number}.csv`);
    await page.goBack();
    // Both invoices, each with its line and its tax.
    const found = await hanako.taken(take('検索結果をCSVで', /^CP932/));
    const rows = new TextDecoder('shift_jis').decode(found.bytes).trimEnd().split('\r\n');
    expect(rows.filter((row) => row.includes(kept!.number)).length).toBeGreaterThan(1);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('hands out the file of a month of all service providers in both encodings, byte for byte as the worker made it', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const { month } = calendar();
    await hanako.visit('/invoices?mode=test&tab=exports');
    await hanako.told('ファイルはまだありません。');
    await hanako.picture('invoice-exports-none');
    // Due at 40 minutes past the hour.
    const redis = new Redis(rig.story.stack.urls.redis, { maxRetriesPerRequest: null });
    const queue = new Queue<MonthJob>(MONTH_QUEUE, { connection: redis, prefix: QUEUE_PREFIX });
    await queue.add('test', { exports: true });
    const [kept] = await eventually(
      () =>
        rig.story.rows<{ sha256: string; version: number; invoices: number }>(
          `select encode(sha256, 'hex') as sha256, version, invoices from invoice_export where month = $1 order by version desc`,
          [month],
        ),
      (found) => found.length > 0,
      60_000,
    );
    await queue.close();
    redis.disconnect();
    // One is void.
    expect(kept!.invoices).toBe(1);
    await hanako.visit('/invoices?mode=test');
    await hanako.tab('全事業者のCSV');
    await page.reload();
    const take = (encoding: RegExp) => async () => {
      await page.getByRole('button', { name: /第1版をCSVで$/ }).click();
      await page.getByRole('radio', { name: encoding }).check();
      await hanako.confirm('ダウンロード');
    };
    const utf8 = await hanako.taken(take(/^UTF-8/));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await hanako.picture('invoice-exports');
    const cp932 = await hanako.taken(take(/^CP932/));
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(createHash('sha256').update(utf8.bytes).digest('hex')).toBe(kept!.sha256);
    expect(utf8.name).toMatch(/\.csv$/);
    const text = new TextDecoder().decode(utf8.bytes);
    expect(text).toContain(RECIPIENT);
    expect(new TextDecoder('shift_jis').decode(cp932.bytes)).toBe(text);
  });

  it('leads from a line to its usage and the verification that caused it, and back to the line', async () => {
    const { hanako, invoicePath } = world;
    const { page } = hanako;
    await hanako.visit(invoicePath);
    const number = await page.getByRole('heading', { level: 1, name: /^TEST-/ }).innerText();
    const [line] = await eventually(
      () => page.getByRole('button', { name: /行目の利用を見る$/ }).all(),
      (found) => found.length > 0,
    );
    await line!.click();
    await page.locator('a[href^="/usage-events/"]').first().click();
    await hanako.heading('利用');
    world.usageEventPath = new URL(page.url()).pathname;
    await page
      .getByRole('link', { name: new RegExp(`^請求書 ${number} の`) })
      .first()
      .waitFor();
    await page.getByRole('region', { name: '利用の内容' }).getByRole('link').click();
    await hanako.heading('検証');
    const usage = page.getByRole('region', { name: '利用と請求' });
    world.statementPath = (await usage.locator('a[href^="/statements/"]').first().getAttribute('href'))!;
    await hanako.picture('verification-usage');
    await usage
      .getByRole('link', { name: new RegExp(`^請求書 ${number} の`) })
      .first()
      .click();
    await hanako.heading(number);
    await page.locator('a[href^="/usage-events/"]').first().waitFor();
    world.invoicePath = page.url().slice(new URL(page.url()).origin.length);
  });

  it('proposes a price plan, says at the field what cannot be, and has it in force to come when another approves', async () => {
    const { rig, hanako, taro } = world;
    const { page } = hanako;
    const { next } = calendar();
    const { tenantId } = rig.story;
    const later = calendar(Date.parse(`${next}T00:00:00+09:00`)).next;
    await hanako.visit(`/tenants/${tenantId}?tab=prices&mode=test`);
    await hanako.press('料金の変更を依頼');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('適用開始日').fill(later);
    await dialog.getByLabel('名称（日本語）').fill('標準プラン（2027年改定）');
    await dialog.getByLabel('名称（英語）').fill('Standard, as of 2027');
    await dialog.getByLabel('基本料金（月・円）').fill('30000');
    const first = dialog.getByRole('group', { name: '署名用電子証明書の有効性確認' });
    await first.getByRole('button', { name: '段階を追加' }).click();
    await first.getByLabel('段階1 上限件数').fill('1000');
    await first.getByLabel('段階2 単価（円）').fill('-15');
    await hanako.because('年次改定。', '承認を依頼');
    await first.getByLabel('段階2 単価（円）').and(page.locator('[aria-invalid]')).waitFor();
    expect(await hanako.faults('price-plan')).toEqual([]);
    await hanako.picture('price-plan-fault');
    await first.getByLabel('段階2 単価（円）').fill('15');
    await hanako.picture('price-plan');
    await hanako.confirm('承認を依頼');
    await hanako.told('承認を依頼しました。');
    expect(await page.getByText('標準プラン（2027年改定）').count()).toBe(0);
    await hanako.told(/^料金プランの登録が承認待ちです/);

    await taro.visit('/approvals?state=proposed');
    await taro.page.getByRole('cell', { name: '料金プランの登録' }).getByRole('link').click();
    await taro.told('年次改定。');
    const plan = taro.page.getByRole('region', { name: '料金プラン' });
    await plan.getByText('標準プラン（2027年改定）').waitFor();
    await plan.getByText('1,000件まで').waitFor();
    await taro.page.getByRole('cell', { name: '¥30,000', exact: true }).waitFor();
    expect(await taro.faults('approval-price-plan')).toEqual([]);
    await taro.picture('approval-price-plan');
    await taro.press('承認');
    await taro.confirm('承認');
    await taro.told('承認し、実行しました。');
    await page.reload();
    await hanako.told('標準プラン（2027年改定）');
    await hanako.told('適用予定');
    await hanako.told('1,000件まで');
    await hanako.picture('price-plan-to-come');
    const [stored] = await rig.story.rows<{ from: string; tiers: unknown }>(
      `select to_char(valid_from, 'YYYY-MM-DD') as from, terms->'prices'->0->'tiers' as tiers from price_plan
       where terms->'label'->>'en' = 'Standard, as of 2027' and approval_id is not null`,
    );
    expect(stored).toEqual({
      from: later,
      tiers: [
        { up_to: 1_000, unit_price: '20' },
        { up_to: null, unit_price: '15' },
      ],
    });
  });

  it('shows what a tenant uses day by day, as a picture and as figures, and the invoices that came of it', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const { month } = calendar();
    await hanako.visit(`/tenants/${rig.story.tenantId}?tab=usage&mode=test`);
    // The clock of test mode is in the next month.
    await hanako.told('この月の利用はありません。');
    await hanako.press('前の月');
    await page.waitForURL(new RegExp(`month=${month}`));
    await page.locator('.recharts-bar-rectangle').first().waitFor();
    await hanako.told('確定');
    await page.getByText('数値を表で見る').click();
    const figures = page.getByRole('group', { name: /日別利用件数（計量項目別）の棒グラフ$/ });
    const [used] = await rig.story.rows<{ sign: string; auth: string }>(
      `select count(*) filter (where meter = 'sign_check') as sign, count(*) filter (where meter = 'auth_check') as auth
       from usage_event where tenant_id = $1`,
      [rig.story.tenantId.replace('ten_', '')],
    );
    const sums = (await figures.locator('tbody tr').allInnerTexts()).map((row) =>
      row.split('\t').map((cell) => cell.trim()),
    );
    expect(sums.reduce((sum, row) => sum + (Number(row[1]!.replaceAll(',', '')) || 0), 0)).toBe(Number(used!.sign));
    await page.getByText('結果別', { exact: true }).click();
    await page.getByRole('img', { name: /日別利用件数（結果別）の棒グラフ$/ }).waitFor();
    expect(await hanako.faults('tenant-usage')).toEqual([]);
    await page.locator('a[href^="/invoices/"]').first().waitFor();
    await hanako.picture('tenant-usage-outcomes');
    await hanako.press('次の月');
    await hanako.told('この月の利用はありません。');
    expect(await page.getByRole('button', { name: '次の月' }).isDisabled()).toBe(true);
  });
}

/** Finds the invoice of the recipient by name, amount and state, and opens it. Gives its address. */
async function openIssued(desk: Desk, state: string): Promise<string> {
  const { page } = desk;
  await desk.visit('/invoices?mode=test');
  await desk.fill('取引先名（一部）', '髙﨑');
  await desk.fill('金額（以上・円）', '1');
  await page.getByRole('search').getByLabel('状態').selectOption({ label: state });
  await desk.press('検索');
  await page.waitForURL(/counterparty=.*amount_min=1/);
  await page.locator('tbody').getByText(state).waitFor();
  await page.locator('tbody a[href^="/invoices/"]').click();
  await desk.told('振込先');
  return new URL(page.url()).pathname;
}
