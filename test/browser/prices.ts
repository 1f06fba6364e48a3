import { expect, it } from '@jest/globals';
import type { World } from '../support/desk.js';
import { calendar } from './calendar.js';

/** What a contract costs, and what its tenant uses. */
export function prices(world: World): void {
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
