import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type JlisRecords, type LinkageBench, LinkageStage } from '../support/linkages.js';
import { principalOf } from '../support/persons.js';
import type { TestTenant } from '../support/tenants.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let stage: LinkageStage;
let bench: LinkageBench;
let jlis: JlisRecords;
let tenant: TestTenant;
let serial = 10000;
beforeAll(async () => {
  stage = await LinkageStage.start();
  ({ bench } = stage);
}, 120_000);
afterAll(() => stage.stop());
beforeEach(async () => {
  serial += 100;
  jlis = await stage.reset();
  tenant = await stage.newTenant();
});

const auth = (offset: number) => ({ kind: 'auth' as const, serial: serial + offset });
const sign = (offset: number, birthDate?: string) => ({
  kind: 'sign' as const,
  serial: serial + offset,
  ...(birthDate === undefined ? {} : { birthDate }),
});
const name = (offset: number): string => String(serial + offset);
const renewed = (from: number, to: number): unknown => jlis.previous.set(name(to), name(from));
const person = (offset: number) => bench.persons.person(tenant, auth(offset), bench.now(tenant));
const count = (table: string): Promise<number> => stage.count(tenant, table);
const events = () => stage.events(tenant);
const asked = (): string[] => stage.asked();

describe('several renewals', () => {
  beforeEach(() => {
    for (const step of [0, 1, 2]) renewed(step, step + 1);
  });

  it('are followed where J-LIS answers about superseded serials; what lies between is never told', async () => {
    const old = await person(0);
    jlis.chained = true;
    const { linkage } = await bench.link(tenant, auth(3));
    expect(linkage).toMatchObject({
      state: 'linked',
      personId: old.personId,
      previousCertificateId: old.certificateId,
    });
    expect(asked()).toEqual([name(3), name(2), name(1)]);
    const hops: unknown[] = await stage.owner.query(
      'select provenance from person_certificate where tenant_id = $1 and hop',
      [tenant.tenantId],
    );
    expect(hops).toEqual([{ provenance: 'linked' }, { provenance: 'linked' }]);
    const { newer } = await bench.linkages.newerOf(principalOf(tenant), old.certificateId, 'req_test');
    expect(newer).toEqual([
      {
        certificateId: linkage.certificateId,
        previousCertificateId: old.certificateId,
        serialLinkageId: linkage.id,
        linkedAt: linkage.createdAt,
      },
    ]);
    const hop = await stage.owner.query<{ id: string }[]>(
      'select id from person_certificate where tenant_id = $1 and hop',
      [tenant.tenantId],
    );
    await expect(bench.linkages.newerOf(principalOf(tenant), hop[0]!.id, 'req_test')).rejects.toMatchObject({
      code: 'certificate_unknown',
    });
    expect(await count('usage_event')).toBe(0);
  });

  it('are not followed where it does not', async () => {
    await person(0);
    const { linkage } = await bench.link(tenant, auth(3));
    expect(linkage).toMatchObject({ state: 'not_found', detail: 'no_known_previous' });
    expect(asked()).toEqual([name(3)]);
    expect(await count('certificate_link')).toBe(0);
  });

  it('that lead in a circle join nobody', async () => {
    await person(5);
    renewed(3, 1);
    jlis.chained = true;
    const { linkage } = await bench.link(tenant, auth(3));
    expect(linkage).toMatchObject({ state: 'ambiguous', detail: 'cycle' });
    expect(await count('certificate_link')).toBe(0);
  });
});

describe('contradictions', () => {
  it('a certificate that has been renewed to another one is not linked to a second', async () => {
    await person(0);
    renewed(0, 1);
    await bench.link(tenant, auth(1));
    renewed(0, 2);
    const { linkage } = await bench.link(tenant, auth(2));
    expect(linkage).toMatchObject({ state: 'ambiguous', detail: 'newer_differs' });
    const other = await bench.persons.identify(tenant, auth(2), bench.now(tenant));
    expect(other).toMatchObject({ personId: linkage.personId });
    expect(await count('person')).toBe(2);
    expect(await count('certificate_link')).toBe(1);
  });

  it('two people of different birth dates are not joined', async () => {
    const one = await bench.persons.person(tenant, sign(20, '420081031'), bench.now(tenant));
    await bench.persons.counterpart(tenant, one.certificateId, auth(0), bench.now(tenant));
    const two = await bench.persons.person(tenant, sign(21, '319640110'), bench.now(tenant));
    await bench.persons.counterpart(tenant, two.certificateId, auth(1), bench.now(tenant));
    renewed(0, 1);
    const { linkage } = await bench.link(tenant, auth(1));
    expect(linkage).toMatchObject({ state: 'ambiguous', detail: 'birth_dates_differ', personId: two.personId });
    expect((await events()).filter(({ type }) => type === 'person.merged')).toEqual([]);
  });

  it('the serial itself as the one before it is no answer; it is asked again', async () => {
    renewed(1, 1);
    const { linkage } = await bench.link(tenant, auth(1));
    expect(linkage).toMatchObject({ state: 'pending', detail: 'jlis_unavailable' });
  });
});

describe('a deleted person', () => {
  async function sever(offset: number): Promise<void> {
    const { certificateHash } = await bench.persons.proof(tenant, auth(offset), bench.now(tenant));
    await stage.owner.query(
      `insert into certificate_tombstone (tenant_id, mode, certificate_hash, expires_at) values ($1, $2, $3, $4)`,
      [tenant.tenantId, tenant.mode, certificateHash, new Date(bench.now(tenant) + DAY)],
    );
  }

  it('stays apart from whoever presents the certificate again, and J-LIS is not asked', async () => {
    await sever(1);
    const { linkage } = await bench.link(tenant, auth(1));
    expect(linkage).toMatchObject({ state: 'severed' });
    expect(linkage.personId).toBeUndefined();
    expect(stage.server.calls).toEqual([]);
  });

  it('stays apart from the holder of a renewed certificate, directly or over steps between', async () => {
    await sever(0);
    renewed(0, 1);
    expect((await bench.link(tenant, auth(1))).linkage).toMatchObject({ state: 'severed' });
    renewed(1, 2);
    jlis.chained = true;
    await sever(10);
    jlis.previous.set(name(12), name(11)).set(name(11), name(10));
    expect((await bench.link(tenant, auth(12))).linkage).toMatchObject({ state: 'severed' });
    expect(await count('certificate_link')).toBe(0);
  });
});
