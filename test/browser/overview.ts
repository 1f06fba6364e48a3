import { expect, it } from '@jest/globals';
import type { World } from '../support/desk.js';

/** What is seen at a glance, and what is brought to be explained. */
export function overview(world: World): void {
  it('shows the verifications of test mode as a chart with its figures in one request, and which tenant waits', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const asked: string[] = [];
    const note = (request: { url: () => string }): number => asked.push(new URL(request.url()).pathname);
    page.on('request', note);
    await page.goto('/?mode=test');
    await hanako.heading('概要');
    const chart = page.getByRole('img', { name: '検証数の推移（24時間、結果別）の棒グラフ' });
    await chart.locator('svg').first().waitFor();
    await hanako.quiet();
    page.off('request', note);
    // Who is signed in and the number beside the navigation are asked for once; the page itself is one request.
    expect(asked.filter((path) => path.startsWith('/v1/')).sort()).toEqual([
      '/v1/approvals/waiting',
      '/v1/me',
      '/v1/overview',
    ]);
    const [made] = await rig.story.rows<{ checks: string }>(
      `select count(*)::text as checks from verification where mode = 'test'`,
    );
    // The worker counts every five seconds, and the page asks every ten.
    const figure = page.getByRole('region', { name: '検証数（24時間）' });
    await figure.locator('.figure-value').getByText(made!.checks, { exact: true }).waitFor();
    const panel = page.getByRole('region', { name: '検証数の推移' });
    await panel.getByText('数値を表で見る').click();
    expect(await panel.getByRole('columnheader').allInnerTexts()).toEqual([
      '時刻（日本時間）',
      '有効',
      '判定不能',
      '無効',
    ]);
    await panel.getByText('種類別').click();
    await page.getByRole('img', { name: '検証数の推移（24時間、種類別）の棒グラフ' }).waitFor();
    await hanako.told('失効リストの取得');
    await hanako.told(/最終更新 \d\d:\d\d:\d\d（10秒ごと）/);
    await hanako.picture('overview-by-kind');
  });

  it('shows how the entries have grown, with the figures of the lists in force, and finds a partition', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    // The mode that is chosen holds on the pages to come; an address that names another one wins.
    await hanako.visit('/revocation?mode=live');
    await page.getByText('テスト', { exact: true }).click();
    await page.waitForURL(/mode=test/);
    await hanako.go('料金と税率');
    await hanako.heading('料金と税率');
    expect(await page.getByRole('radio', { name: 'テスト' }).isChecked()).toBe(true);
    await hanako.visit('/prices?mode=live');
    await page.getByRole('radio', { name: '本番', checked: true }).waitFor({ state: 'attached' });
    await hanako.visit('/revocation');
    await page.getByRole('img', { name: '月末の失効件数の推移の棒グラフ' }).locator('svg').first().waitFor();
    const panel = page.getByRole('region', { name: '失効件数の推移' });
    await panel.getByText('数値を表で見る').click();
    const [held] = await rig.story.rows<{ sign: string; auth: string }>(
      `select sum(c.entry_count) filter (where p.hierarchy = 'sign')::text as sign,
         sum(c.entry_count) filter (where p.hierarchy = 'auth')::text as auth
       from crl_partition p join crl c on c.mode = p.mode and c.id = p.head_crl_id where p.mode = 'test'`,
    );
    expect((await panel.locator('tbody tr').last().locator('td').allInnerTexts()).slice(1)).toEqual([
      held!.sign,
      held!.auth,
    ]);
    await hanako.tab('分割リスト');
    const [some] = await rig.story.rows<{ name: string }>(`select name from crl_partition where mode = 'test' limit 1`);
    await page.getByRole('textbox', { name: 'リスト名で検索' }).fill(some!.name);
    await hanako.press('検索');
    await page.waitForURL(/name=/);
    await hanako.press('失効件数');
    await hanako.searched(/sort=entries/);
    await page.locator('th[aria-sort=ascending]').getByText('失効件数').waitFor();
    for (const name of await page.locator('tbody code').allInnerTexts()) expect(name).toContain(some!.name);
  });

  it('explains a certificate of a card that is brought as a file, and says why another file cannot be read', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    const { certificate } = (await (await rig.story.card()).sign()) as { certificate: string };
    await hanako.go('証明書の確認');
    await hanako.heading('証明書の確認');
    await hanako.give('ファイルを選択', {
      name: 'card.cer',
      mimeType: 'application/pkix-cert',
      buffer: Buffer.from(certificate, 'base64'),
    });
    await hanako.told('署名用電子証明書');
    await hanako.told('物語　花子');
    expect(await page.locator('ol .state').allInnerTexts()).toEqual(['合格', '合格', '合格', '未実施', '未実施']);
    expect(await hanako.faults('inspected')).toEqual([]);
    await hanako.picture('inspected-ja-light');
    await hanako.press('結果を消す');
    await page.getByText('物語　花子').waitFor({ state: 'detached' });
    await hanako.fill('または、PEMかBase64を貼り付け', certificate.slice(0, 400));
    await hanako.press('確認する');
    await hanako.told('証明書またはCMS署名として読み取れません。');
    expect(await page.getByRole('alert').innerText()).toMatch(/truncated/);
  });
}
