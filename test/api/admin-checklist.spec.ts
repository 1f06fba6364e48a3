import { createHash } from 'node:crypto';
import { connect as dial } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AdminSchemas } from '#lib/api-client';
import { fromPublicId, toPublicId } from '#lib/platform';
import { CHECKLIST_ITEMS, DOCUMENTED_ITEMS, MAX_FILE_BYTES } from '#lib/tenancy';
import { type AdminBrowser, AdminStack } from '../support/admin.js';
import type { RawAnswer } from '../support/api.js';
import { confirmDocuments, passConnectionTest } from '../support/checklist.js';
import { jpeg, pdf, png } from '../support/files.js';
import { APPLICATION_BODY } from '../support/onboarding.js';

type Checklist = AdminSchemas['Checklist'];
const NOTIFY = { step: 'notify', reason: '届出済み', notified_on: '2026-11-20', reference: 'J-LIS 2026-123' };
const PDF = 'application/pdf';

let stack: AdminStack;
let first: AdminBrowser;
let second: AdminBrowser;

beforeAll(async () => {
  stack = await AdminStack.start();
  first = await stack.signedIn(stack.first);
  second = await stack.signedIn(stack.second);
}, 240_000);
afterAll(() => stack.stop());

const uuid = (id: string): string => fromPublicId('ten', id)!;
const step = (id: string, body: object): Promise<RawAnswer> =>
  first.send('POST', `/v1/tenants/${id}/steps`, { reason: '試験', ...body });
/** A tenant in test mode. */
async function tenant(volumes = { signature_verifications_a_month: 10, authentications_a_month: 0 }): Promise<string> {
  const { body } = await first.send('POST', '/v1/applications', { ...APPLICATION_BODY, expected_volumes: volumes });
  const { id } = body['tenant'] as { id: string };
  for (const each of ['review', 'accept']) expect((await step(id, { step: each })).status).toBe(200);
  return id;
}
const checklist = async (id: string): Promise<Checklist> =>
  (await first.send('GET', `/v1/tenants/${id}/checklist`)).body as Checklist;
const itemOf = ({ items }: Checklist, name: string): Checklist['items'][number] =>
  items.find(({ item }) => item === name)!;
const attach = (id: string, item: string, name: string, type: string, content: Buffer, more = ''): Promise<RawAnswer> =>
  first.sendRaw(
    'POST',
    `/v1/tenants/${id}/checklist/items/${item}/files?name=${encodeURIComponent(name)}${more}`,
    type,
    content,
  );
const confirm = (id: string, item: string, body: object = {}): Promise<RawAnswer> =>
  first.send('POST', `/v1/tenants/${id}/checklist/items/${item}/confirm`, body);
/** The id of a new file. */
async function attached(id: string, item: string, says = ''): Promise<string> {
  const { status, body } = await attach(id, item, '書類.pdf', PDF, pdf(says));
  expect(status).toBe(201);
  return itemOf(body as Checklist, item).files.at(-1)!.id;
}
const withdraw = (id: string, file: string): Promise<RawAnswer> =>
  first.send('POST', `/v1/tenants/${id}/checklist/files/${file}/withdraw`, { reason: '旧版' });

describe('a checklist', () => {
  it('begins with everything open', async () => {
    const { open, items, connection_test: test } = await checklist(await tenant());
    expect(open).toEqual(CHECKLIST_ITEMS);
    expect(items.map(({ item, state, files }) => [item, state, files])).toEqual(
      DOCUMENTED_ITEMS.map((item) => [item, 'open', []]),
    );
    expect(test.state).toBe('open');
  });

  it('is needed whole before J-LIS is notified; what is open is named', async () => {
    const id = await tenant();
    const early = await step(id, NOTIFY);
    expect([early.status, early.body['code'], early.body['open']]).toEqual([
      409,
      'checklist_incomplete',
      [...CHECKLIST_ITEMS],
    ]);
    await confirmDocuments(stack.people.admin, uuid(id), stack.first.id);
    expect((await step(id, NOTIFY)).body['open']).toEqual(['connection_test']);
    await passConnectionTest(stack, uuid(id));
    expect((await step(id, NOTIFY)).status).toBe(200);
  });

  it('is needed whole again to go live: what was taken back after the notification stops the approval too', async () => {
    const id = await tenant();
    await confirmDocuments(stack.people.admin, uuid(id), stack.first.id);
    await passConnectionTest(stack, uuid(id));
    await step(id, NOTIFY);
    const proposal = await first.send('POST', `/v1/tenants/${id}/go-live`, { reason: '審査完了' });
    expect(proposal.status).toBe(201);
    const reopened = await first.send('POST', `/v1/tenants/${id}/checklist/items/delegation/reopen`, {
      reason: '押印漏れ',
    });
    expect(reopened.body['open']).toEqual(['delegation']);
    const approve = (): Promise<RawAnswer> =>
      second.send('POST', `/v1/approvals/${proposal.body['id'] as string}/approve`, {
        payload_sha256: proposal.body['payload_sha256'],
      });
    const refused = await approve();
    expect([refused.status, refused.body['code'], refused.body['open']]).toEqual([
      409,
      'checklist_incomplete',
      ['delegation'],
    ]);
    expect((await first.send('POST', `/v1/tenants/${id}/go-live`, { reason: 'x' })).body['code']).toBe(
      'checklist_incomplete',
    );
    expect((await confirm(id, 'delegation')).status).toBe(200);
    expect((await approve()).status).toBe(200);
  });
});

describe('an item', () => {
  it('is done when an operator confirms what lies there: who, when and with which words', async () => {
    const id = await tenant();
    await attached(id, 'delegation');
    const { status, body } = await confirm(id, 'delegation', { note: '委任状の原本を確認' });
    expect(status).toBe(200);
    expect(itemOf(body as Checklist, 'delegation')).toMatchObject({
      state: 'done',
      confirmed: {
        by: { name: expect.stringMatching(/^Operator/) },
        at: expect.any(String),
        note: '委任状の原本を確認',
      },
    });
    const audited = await stack.audited(`tenant:${uuid(id)}`);
    const sha256 = createHash('sha256').update(pdf()).digest('hex');
    expect(audited.find(({ action }) => action === 'checklist.confirm')!.detail).toMatchObject({
      item: 'delegation',
      files: [{ sha256 }],
    });
  });

  it('is not done without a file, nor with a withdrawn one alone', async () => {
    const id = await tenant();
    for (const item of DOCUMENTED_ITEMS) {
      const { status, body } = await confirm(id, item);
      expect([status, body['code'], body['item']]).toEqual([409, 'checklist_file_missing', item]);
    }
    await withdraw(id, await attached(id, 'delegation'));
    expect((await confirm(id, 'delegation')).body['code']).toBe('checklist_file_missing');
  });

  it('is open again when a file is added, replaced or withdrawn', async () => {
    const id = await tenant();
    const one = await attached(id, 'delegation', '1');
    const stateAfter = async (change: () => Promise<RawAnswer>): Promise<string> => {
      expect((await confirm(id, 'delegation')).status).toBe(200);
      expect((await change()).status).toBeLessThan(300);
      return itemOf(await checklist(id), 'delegation').state;
    };
    expect(await stateAfter(() => attach(id, 'delegation', 'b.pdf', PDF, pdf('2')))).toBe('open');
    expect(await stateAfter(() => attach(id, 'delegation', 'c.pdf', PDF, pdf('3'), `&replaces=${one}`))).toBe('open');
    const { files } = itemOf(await checklist(id), 'delegation');
    expect(files.map(({ id: file, withdrawn }) => [file === one, withdrawn?.replaced_by ?? null])).toEqual([
      [true, files[2]!.id],
      [false, null],
      [false, null],
    ]);
    expect(await stateAfter(() => withdraw(id, files[1]!.id))).toBe('open');
  });

  it('is confirmed and opened in its own state only', async () => {
    const id = await tenant();
    const again = await first.send('POST', `/v1/tenants/${id}/checklist/items/delegation/reopen`, { reason: 'x' });
    expect(again.body['code']).toBe('nothing_to_change');
    await step(id, { step: 'terminate' });
    const closed = await attach(id, 'delegation', 'a.pdf', PDF, pdf());
    expect([closed.status, closed.body['code'], closed.body['state']]).toEqual([409, 'checklist_closed', 'terminated']);
    expect((await confirm(id, 'delegation')).body['code']).toBe('checklist_closed');
  });
});

describe('the connection test', () => {
  it('is ticked by nobody: neither a confirmation nor a file', async () => {
    const id = await tenant();
    for (const answer of [
      await confirm(id, 'connection_test'),
      await attach(id, 'connection_test', 'a.pdf', PDF, pdf()),
      await first.send('POST', `/v1/tenants/${id}/checklist/items/connection_test/reopen`, { reason: 'x' }),
    ])
      expect([answer.status, answer.body['code']]).toEqual([409, 'checklist_item_automatic']);
  });

  it.each([
    [{ signature_verifications_a_month: 10, authentications_a_month: 0 }, ['valid_signature', 'invalid']],
    [{ signature_verifications_a_month: 0, authentications_a_month: 10 }, ['valid_authentication', 'invalid']],
    [
      { signature_verifications_a_month: 10, authentications_a_month: 10 },
      ['valid_signature', 'valid_authentication', 'invalid'],
    ],
    [{ signature_verifications_a_month: 0, authentications_a_month: 0 }, ['valid_signature', 'invalid']],
  ] as const)('for %j needs %j, each shown by a verification of the tenant itself', async (volumes, needed) => {
    const [id, other] = [await tenant(volumes), await tenant(volumes)];
    // What somebody else has shown counts for nobody else.
    await passConnectionTest(stack, uuid(other));
    expect((await checklist(id)).connection_test.proofs).toEqual(
      needed.map((shows) => ({ shows, verification_id: null, recorded_at: null })),
    );
    const ids: string[] = [];
    for (const shows of needed) {
      expect((await checklist(id)).connection_test.state).toBe('open');
      ids.push(...(await passConnectionTest(stack, uuid(id), [shows])));
    }
    const { state, proofs } = (await checklist(id)).connection_test;
    expect([state, proofs.map((proof) => proof.verification_id)]).toEqual([
      'done',
      ids.map((each) => toPublicId('ver', each)),
    ]);
  });
});

describe('a file', () => {
  it.each([
    ['契約書.pdf', PDF, pdf()],
    ['scan.png', 'image/png', png()],
    ['photo.JPG', 'image/jpeg', jpeg()],
  ])('%s comes back as it was sent, for saving only; each reading is on record', async (name, type, content) => {
    const id = await tenant();
    const { status, body } = await attach(id, 'contract_and_nda', name, type, content);
    expect(status).toBe(201);
    const file = itemOf(body as Checklist, 'contract_and_nda').files[0]!;
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(file).toMatchObject({ name, media_type: type, size: content.length, sha256, withdrawn: null });
    const back = await first.download(`/v1/tenants/${id}/checklist/files/${file.id}`);
    expect([back.status, back.content.equals(content), back.headers.get('content-type')]).toEqual([200, true, type]);
    expect(back.headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
    expect(back.headers.get('x-content-type-options')).toBe('nosniff');
    const audited = (await stack.audited(`tenant:${uuid(id)}`)).filter(({ action }) =>
      action.startsWith('checklist_file'),
    );
    expect(audited.map(({ action, detail }) => [action, detail['sha256']])).toEqual([
      ['checklist_file.attach', sha256],
      ['checklist_file.read', sha256],
    ]);
    expect(JSON.stringify(audited)).not.toContain(name);
  });

  it('stays readable when it is withdrawn, and is withdrawn once', async () => {
    const id = await tenant();
    const file = await attached(id, 'delegation');
    const { body } = await withdraw(id, file);
    expect(itemOf(body as Checklist, 'delegation').files).toMatchObject([{ id: file, withdrawn: { reason: '旧版' } }]);
    expect((await withdraw(id, file)).body['code']).toBe('nothing_to_change');
    expect((await first.download(`/v1/tenants/${id}/checklist/files/${file}`)).content.equals(pdf())).toBe(true);
  });

  it('of one tenant is not found through another', async () => {
    const [a, b] = [await tenant(), await tenant()];
    const file = await attached(a, 'delegation');
    const random = toPublicId('fil', '00000000-0000-4000-8000-000000000000');
    for (const each of [file, random]) {
      expect((await first.download(`/v1/tenants/${b}/checklist/files/${each}`)).status).toBe(404);
      expect((await withdraw(b, each)).status).toBe(404);
      const replacing = await attach(b, 'delegation', 'a.pdf', PDF, pdf(), `&replaces=${each}`);
      expect(replacing.status).toBe(404);
    }
    expect(itemOf(await checklist(b), 'delegation').files).toEqual([]);
    // Nor through another item of its own tenant.
    expect((await attach(a, 'privacy_notice', 'a.pdf', PDF, pdf(), `&replaces=${file}`)).status).toBe(404);
  });

  it.each<[string, string, string, Buffer, number, string, object]>([
    ['a picture sent as a document', 'a.pdf', PDF, png(), 422, 'file_not_as_declared', { found: 'image/png' }],
    ['a renamed program', 'a.pdf', PDF, Buffer.from('MZ\x90'), 422, 'file_not_as_declared', { found: null }],
    [
      'a document with the ending of a program',
      'a.pdf.exe',
      PDF,
      pdf(),
      422,
      'file_not_as_declared',
      { field: 'name' },
    ],
    [
      'a picture with the ending of another',
      'a.jpg',
      'image/png',
      png(),
      422,
      'file_not_as_declared',
      { field: 'name' },
    ],
    ['half a document', 'a.pdf', PDF, pdf().subarray(0, 200), 422, 'file_damaged', { rule: 'truncated' }],
    [
      'a document that is an archive too',
      'a.pdf',
      PDF,
      Buffer.concat([pdf(), Buffer.from('PK\x05\x06'), Buffer.alloc(18)]),
      422,
      'file_damaged',
      { rule: 'trailing_bytes' },
    ],
    ['nothing', 'a.pdf', PDF, Buffer.alloc(0), 422, 'file_not_as_declared', { found: null }],
    ['a nameless one', '..', PDF, pdf(), 400, 'request_invalid', { field: 'name' }],
    ['a page', 'a.html', 'text/html', Buffer.from('<script>'), 415, 'file_type_unsupported', {}],
    ['JSON', 'a.json', 'application/json', Buffer.from('{}'), 415, 'file_type_unsupported', {}],
    ['one byte too much', 'a.pdf', PDF, Buffer.alloc(MAX_FILE_BYTES + 1), 413, 'body_too_large', {}],
  ])('is refused: %s', async (_what, name, type, content, status, code, members) => {
    const id = await tenant();
    const answer = await attach(id, 'delegation', name, type, content);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(answer.body).toMatchObject({ title_ja: expect.stringMatching(/[ぁ-ん]/u), ...members });
    expect(itemOf(await checklist(id), 'delegation').files).toEqual([]);
  });

  it('that says it is too large is refused before it is sent', async () => {
    const id = await tenant();
    const { hostname, port } = new URL(stack.url);
    const socket = dial(Number(port), hostname);
    const answer = new Promise<string>((resolve, reject) => {
      socket.once('data', (data) => resolve(data.toString())).once('error', reject);
    });
    socket.write(
      `POST /v1/tenants/${id}/checklist/items/delegation/files?name=a.pdf HTTP/1.1\r\nhost: ${hostname}\r\n` +
        `cookie: ${first.cookie!}\r\nx-csrf-token: ${first.csrf!}\r\ncontent-type: ${PDF}\r\n` +
        `content-length: ${MAX_FILE_BYTES + 1}\r\n\r\n%PDF`,
    );
    expect((await answer).split('\r\n')[0]).toBe('HTTP/1.1 413 Payload Too Large');
    socket.destroy();
  });

  it('is taken at its own route only', async () => {
    const id = await tenant();
    for (const path of [
      `/v1/tenants/${id}/steps`,
      `/v1/tenants/${id}/checklist/items/delegation/confirm`,
      '/v1/nowhere',
    ])
      expect((await first.sendRaw('POST', path, PDF, pdf())).body['code']).toBe('media_type_unsupported');
  });

  it('is sealed in the database, its name too', async () => {
    const id = await tenant();
    const secret = 'nowhere in the clear';
    await attach(id, 'officers_fitness', '山田太郎.pdf', PDF, pdf(secret));
    const { rows } = await stack.owner.query<{ row: string; content: Buffer; name: Buffer }>(
      'select f::text as row, content, name from checklist_file f where tenant_id = $1',
      [uuid(id)],
    );
    const { row, content, name } = rows[0]!;
    expect(Buffer.concat([content, name]).includes(secret)).toBe(false);
    expect(Buffer.concat([content, name]).includes('山田')).toBe(false);
    for (const plain of [secret, '山田', 'PDF']) expect(row).not.toContain(Buffer.from(plain).toString('hex'));
  });

  it('is one of at most fifty of an item', async () => {
    const id = await tenant();
    for (let n = 0; n < 50; n++) await attached(id, 'delegation', String(n));
    expect((await attach(id, 'delegation', 'a.pdf', PDF, pdf())).body['code']).toBe('checklist_files_full');
  });
});

describe('what is not there', () => {
  it('is not found', async () => {
    const none = toPublicId('ten', '00000000-0000-4000-8000-000000000000');
    expect((await first.send('GET', `/v1/tenants/${none}/checklist`)).status).toBe(404);
    expect((await attach(none, 'delegation', 'a.pdf', PDF, pdf())).status).toBe(404);
    expect((await confirm(none, 'delegation')).status).toBe(404);
    expect((await confirm(await tenant(), 'coffee')).status).toBe(404);
  });
});
