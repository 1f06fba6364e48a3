import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { BusyDesk, type World } from '../support/desk.js';

/** What was verified: explained, shown to whom it may be, proven and kept. */
export function verifications(world: World): void {
  it('finds a verification and explains why it was invalid, down to the list’s number', async () => {
    const { rig, hanako } = world;
    const { page } = hanako;
    await hanako.go('検証履歴');
    await page.getByLabel('結果').selectOption('invalid');
    await hanako.press('検索');
    await hanako.searched(/outcome=invalid/);
    await page.getByRole('cell', { name: '失効', exact: true }).first().waitFor();
    // By its name as far as it is typed; the address has the id.
    await page.getByLabel('事業者', { exact: true }).and(page.locator('input')).fill('青空');
    await page.getByRole('option', { name: /株式会社青空銀行/ }).click();
    await hanako.press('検索');
    await hanako.searched(/tenant_id=ten_[0-9a-f]{32}/);
    await page.getByRole('cell', { name: '失効', exact: true }).first().waitFor();
    await page.locator('tbody a[href^="/verifications/"]').first().click();
    await hanako.heading('検証');
    await page.locator('ol .state').nth(4).waitFor();
    expect(new URL(page.url()).pathname).toBe(world.invalidPath);
    expect(await page.locator('ol .state').allInnerTexts()).toEqual(['合格', '合格', '合格', '合格', '不合格']);
    await page.locator('ol').getByText('revoked', { exact: true }).waitFor();
    await hanako.told(/名義人は、市区町村の窓口で新しい電子証明書の発行を受けると、再び利用できます。/);
    await page.getByRole('link', { name: '接続試験' }).waitFor();
    const [list] = await rig.story.rows<{ number: string }>(
      `select max(c.crl_number) as number from crl c join crl_partition p on p.mode = c.mode and p.head_crl_id = c.id
       where p.mode = 'test' and p.hierarchy = 'sign'`,
    );
    await page.getByText('CRL番号').waitFor();
    await hanako.told(list!.number);
    await hanako.told('失効理由：記載事項の変更など（affiliationChanged）');
    await hanako.told('表示できるのは監査ロールの担当者だけです。');
    expect(await page.getByRole('button', { name: '証跡一式をダウンロード' }).count()).toBe(0);
  });

  it('offers each role its own pages, and tells the others what they lack', async () => {
    const { rig, hanako } = world;
    await hanako.go('担当者');
    await hanako.press('担当者を追加');
    await hanako.fill('氏名', '高橋 由紀');
    await hanako.fill('メールアドレス', 'yuki@shomei.example');
    await hanako.press('作成');
    const password = await hanako.page.locator('.once').innerText();
    await hanako.press('本人に渡しました');
    world.yuki = await BusyDesk.open(rig, { email: 'yuki@shomei.example', password });
    const { yuki } = world;
    expect(await yuki.page.getByRole('navigation').first().getByRole('link').allInnerTexts()).toEqual(['概要']);
    await yuki.visit('/audit');
    await yuki.told('この画面を表示する権限がありません');
    await yuki.told('audit:read');
    await yuki.picture('denied');
  });

  it('gives a role by two people, and shows whose certificate it was to an auditor with a reason, for a minute', async () => {
    const { rig, hanako, taro, yuki } = world;
    await hanako.press('高橋 由紀 の操作');
    await hanako.page.getByRole('menuitem', { name: 'ロールの変更を依頼' }).click();
    await hanako.page.getByRole('dialog').getByRole('checkbox', { name: '監査' }).check();
    await hanako.because('監査担当に任命。', '承認を依頼');
    await hanako.page.getByRole('dialog').waitFor({ state: 'detached' });
    await hanako.page.getByRole('link', { name: 'ロール変更の承認待ち' }).waitFor();
    await taro.approveAll();

    // A change of roles ends the sessions of whom it is about.
    await yuki.enterAgain();
    const { page } = yuki;
    await page.clock.install();
    await yuki.visit(world.validPath);
    await yuki.press('本人情報を表示');
    expect(await yuki.faults('reveal')).toEqual([]);
    await yuki.because('x', '表示する');
    await page.getByRole('dialog').getByLabel('理由').and(page.locator('[aria-invalid]')).waitFor();
    await yuki.picture('reveal-fault');
    await yuki.because('申告内容との照合のため。', '表示する');
    await page.getByText('今すぐ隠す').waitFor();
    const holder = page.getByRole('region', { name: '本人情報' });
    const shown = await holder.locator('dd').allInnerTexts();
    expect(shown).toHaveLength(4);
    expect(await yuki.faults('revealed')).toEqual([]);
    await yuki.picture('revealed');
    await page.clock.fastForward(61_000);
    await holder.getByRole('button', { name: '本人情報を表示' }).waitFor();
    expect(await holder.innerText()).not.toContain(shown[0]!.trim());
    const seen = await rig.story.rows<{ reason: string }>(
      `select detail->>'reason' as reason from audit_event where action = 'verification.reveal'`,
    );
    expect(seen).toEqual([{ reason: '申告内容との照合のため。' }]);
  });

  it('repeats the checks as of then and of now, and gives the evidence byte for byte as recorded', async () => {
    const { rig, yuki } = world;
    const again = async (asOf: string): Promise<string> => {
      await yuki.press('再検証');
      await yuki.page.getByRole('dialog').getByRole('radio', { name: asOf }).check();
      await yuki.because('照会への回答。', '再検証する');
      const result = yuki.page.getByRole('region', { name: '再検証の結果' });
      await result.getByText(asOf, { exact: true }).waitFor();
      return result.locator('dl').first().innerText();
    };
    expect(await again('判定した時点')).toMatch(/有効[\s\S]*一致/);
    expect(await again('現在')).toMatch(/無効[\s\S]*相違あり/);
    expect(await yuki.faults('reverified')).toEqual([]);
    await yuki.picture('reverified');
    await yuki.press('証跡一式をダウンロード');
    await yuki.picture('bundle');
    const { name, bytes } = await yuki.taken(() => yuki.because('照会への回答。', 'ダウンロード'));
    expect(name).toBe(`${world.validPath.split('/').at(-1)!}.json`);
    const [recorded] = await rig.story.rows<{ sha256: string }>(
      `select detail->>'sha256' as sha256 from audit_event where action = 'evidence.export'`,
    );
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(recorded!.sha256);
  });

  it('keeps a verification beyond its time, lists what is kept, and lifts the hold', async () => {
    const { hanako } = world;
    await hanako.visit(world.invalidPath);
    await hanako.told('この検証にかかる消去停止の指定はありません。');
    await hanako.press('消去を停止');
    await hanako.picture('hold-place');
    await hanako.because('訴訟対応（令和8年第12号）。', '消去を停止');
    await hanako.told('消去を停止しました。');
    await hanako.told('特定の検証');
    await hanako.go('保存と消去停止');
    await hanako.told('訴訟対応（令和8年第12号）。');
    await hanako.page.getByRole('button', { name: / を解除$/ }).click();
    await hanako.page.getByRole('dialog').getByText('訴訟対応（令和8年第12号）。', { exact: true }).waitFor();
    await hanako.because('訴訟終結。', '解除');
    await hanako.told('消去停止を解除しました。');
    await hanako.page.getByLabel('状態').selectOption('lifted');
    await hanako.told('訴訟終結。');
  });
}
