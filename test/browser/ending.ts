import { expect, it } from '@jest/globals';
import type { World } from '../support/desk.js';
import { eventually } from '../support/story.js';

/** How a tenant stops, goes on and ends, by somebody who reads English. */
export function ending(world: World): void {
  it('suspends, resumes and terminates a tenant, each asked once more by its name, and its keys obey', async () => {
    const { rig, taro, tenantPath, tenantKey } = world;
    const { page } = taro;
    const opens = async (): Promise<number> => (await rig.story.me({ apiKey: tenantKey })).status;
    await taro.visit(tenantPath);
    await taro.press('English');
    expect(await opens()).toBe(200);
    for (const [step, reason, done, status] of [
      ['Suspend', 'A leak is being looked into.', /is suspended\.$/, 403],
      ['Resume', 'Nothing had leaked.', /is resumed\.$/, 200],
      ['Terminate', 'Its service has ended.', /is terminated\.$/, 401],
    ] as const) {
      await taro.press(step);
      await page.getByRole('dialog').getByText('株式会社青空銀行', { exact: true }).waitFor();
      expect(await page.getByRole('dialog').getByRole('button', { name: step, exact: true }).isEnabled()).toBe(false);
      await page.getByRole('dialog').getByLabel('Reason').fill(reason);
      if (step === 'Terminate') await taro.picture('terminate-en');
      await taro.confirm(step);
      await taro.told(done);
      // The API notices within a second.
      expect(await eventually(opens, (now) => now === status, 60_000)).toBe(status);
    }
    await taro.told('It has ended. The records are kept until their retention is over.');
    await taro.told('Terminated at (retention counts from here)');
    for (const step of ['Suspend', 'Resume', 'Terminate'])
      expect(await page.getByRole('button', { name: step, exact: true }).count()).toBe(0);
    await taro.picture('terminated-en');
    expect(await taro.faults('terminated')).toEqual([]);
  });

  it('says that lists have expired, that the clock of test mode was moved, and the command that moves it back', async () => {
    const { rig, taro } = world;
    const { page } = taro;
    await rig.story.operator('clock set --offset +90d');
    await page.goto('/?mode=test');
    await taro.told('Lists of test mode have expired');
    await page.getByRole('alert').getByRole('link', { name: 'To the revocation data' }).click();
    await taro.heading('Revocation data');
    await page.goto('/revocation?mode=test');
    await taro.told(/^The clock of test mode: .* \(\+90 days\)$/);
    await taro.told('npm run --silent operator -- clock set --offset 0');
    expect(await taro.faults('expired')).toEqual([]);
    await taro.picture('expired-en');
  });
}
