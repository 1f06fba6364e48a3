import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { respond } from '../support/jlis-server.js';
import { type JlisRecords, LinkageStage } from '../support/linkages.js';
import { principalOf } from '../support/persons.js';
import type { TestTenant } from '../support/tenants.js';

const DAY_MS = 86_400_000;

let stage: LinkageStage;
let jlis: JlisRecords;
let tenant: TestTenant;
let serial = 50000;
beforeAll(async () => {
  stage = await LinkageStage.start();
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  serial += 100;
  jlis = await stage.reset();
  tenant = await stage.newTenant();
});

const auth = (offset: number) => ({ kind: 'auth' as const, serial: serial + offset });
const person = (offset: number) => stage.bench.persons.person(tenant, auth(offset), stage.bench.now(tenant));

/** A consent that was registered beforehand. */
async function register(personId: string, purpose: 'serial_linkage' | 'counterpart'): Promise<string> {
  const id = randomUUID();
  await stage.owner.query(
    `insert into consent (tenant_id, mode, id, person_id, purpose, text_version, covers, given_at, source, expires_at,
       created_at)
     values ($1, $2, $3, $4, $5, 'v1', array['jlis_use', 'obtain_previous_serial', 'obtain_counterpart'],
       now() - interval '1 day', 'registered', now() + interval '9 years', now())`,
    [tenant.tenantId, tenant.mode, id, personId, purpose],
  );
  return id;
}

/** The person withdraws while J-LIS is being asked. */
function withdrawDuringTheCall(consentId: string): void {
  stage.server.answer = (call, response) => {
    const { status, body } = jlis.answer(call);
    void stage.owner
      .query(
        `insert into consent_withdrawal (tenant_id, mode, consent_id, source, withdrawn_at)
         values ($1, $2, $3, 'jlis', now()) on conflict do nothing`,
        [tenant.tenantId, tenant.mode, consentId],
      )
      .then(() => respond(response, status, body));
  };
}

describe('a consent that is withdrawn while J-LIS is asked on it', () => {
  it('joins nobody: what a linkage was told is discarded', async () => {
    const [older, newer] = [await person(0), await person(1)];
    jlis.previous.set(String(serial + 1), String(serial));
    withdrawDuringTheCall(await register(newer.personId, 'serial_linkage'));
    const { linkage } = await stage.bench.link(tenant, auth(1), { consent: undefined });
    expect(linkage).toMatchObject({ state: 'consent_required', detail: 'consent_withdrawn', personId: newer.personId });
    expect(stage.asked()).toHaveLength(1);
    expect((await person(0)).personId).toBe(older.personId);
    expect(await stage.count(tenant, 'certificate_link')).toBe(0);
    expect(await stage.events(tenant)).toEqual([]);
  });

  it('ends a pending linkage without its answer', async () => {
    const newer = await person(1);
    await person(0);
    jlis.previous.set(String(serial + 1), String(serial));
    const consentId = await register(newer.personId, 'serial_linkage');
    jlis.notYet.add(String(serial + 1));
    const { linkage } = await stage.bench.link(tenant, auth(1), { consent: undefined });
    expect(linkage).toMatchObject({ state: 'pending', consentId });
    jlis.notYet.clear();
    withdrawDuringTheCall(consentId);
    await stage.moveClock(DAY_MS);
    expect(await stage.background.pending.attempt(tenant, linkage.id)).toBe('consent_required');
    expect(await stage.bench.linkages.get(principalOf(tenant), linkage.id, 'req_test')).toMatchObject({
      detail: 'consent_withdrawn',
    });
    expect(await stage.count(tenant, 'certificate_link')).toBe(0);
  });

  it('makes no certificate known by a counterpart lookup, which J-LIS has charged for all the same', async () => {
    const holder = await person(0);
    jlis.counterparts.set(`auth|${serial}`, { kind: 'sign', serial: String(serial + 7) });
    withdrawDuringTheCall(await register(holder.personId, 'counterpart'));
    const { lookup } = await stage.bench.lookUp(tenant, auth(0), { consent: undefined });
    expect(lookup).toMatchObject({ state: 'consent_required', detail: 'consent_withdrawn' });
    expect(lookup.usage).toHaveLength(1);
    expect(lookup).not.toHaveProperty('counterpartCertificateId');
    expect(await stage.count(tenant, 'person_certificate')).toBe(1);
  });
});
