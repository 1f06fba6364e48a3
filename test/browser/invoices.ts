import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { MONTH_QUEUE, type MonthJob } from '#lib/billing';
import { QUEUE_PREFIX } from '#lib/revocation';
import type { Desk, World } from '../support/desk.js';
import { eventually } from '../support/story.js';
import { calendar } from './calendar.js';

/** To whom the invoices go. Its name has characters that only CP932 has beyond JIS X 0208. */
export const RECIPIENT = '髙﨑商事株式会社';

/** From a closed month to an invoice that both sides hold, and from its line back to the verification. */
export function invoices(world: World): void {
  it('drafts the invoices of the month', async () => {
    const { hanako } = world;
    const { page } = hanako;
    await hanako.visit(`/invoices?mode=test&tab=drafts&month=${calendar().month}`);
    await page.getByRole('link', { name: /› 請求書の作成$/ }).click();
    await hanako.press('下書きを作成');
    await hanako.told('下書きを1件作成しました。');
    await hanako.told('作成する下書きは残っていません（発行済み0件、下書き1件）。');
    expect(await page.getByRole('button', { name: '下書きを作成' }).isDisabled()).toBe(true);
    await hanako.picture('month-drafts');
    await page.getByRole('link', { name: '下書きを開く' }).click();
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
    // What was handed out is put down as sent.
    await hanako.told('未送付');
    await hanako.press('送付を記録');
    await hanako.fill('宛先（メールアドレス、部署など）', 'keiri@example.jp');
    expect(await hanako.faults('invoice-dispatch')).toEqual([]);
    await hanako.picture('invoice-dispatch');
    await hanako.confirm('送付を記録');
    await hanako.told('送付済み');
    await page.getByRole('cell', { name: 'keiri@example.jp' }).waitFor();
    expect(await hanako.faults('invoice-sent')).toEqual([]);
    await hanako.picture('invoice-sent');
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
    await page.locator('h2:focus').getByText('の利用').waitFor();
    await hanako.picture('invoice-line');
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
    // What is invoiced is not drafted again.
    await hanako.visit(world.statementPath);
    await page.getByRole('link', { name: `請求書 ${number}`, exact: true }).waitFor();
    expect(await page.getByRole('button', { name: '請求書の下書きを作成' }).count()).toBe(0);
    await hanako.visit('/months?mode=test');
    await page.getByRole('link', { name: '発行済み 1/1件' }).waitFor();
    await hanako.picture('months-invoiced');
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
  await desk.searched(/counterparty=.*amount_min=1/);
  await page.locator('tbody').getByText(state).waitFor();
  await page.locator('tbody a[href^="/invoices/"]').click();
  await desk.told('振込先');
  return new URL(page.url()).pathname;
}
