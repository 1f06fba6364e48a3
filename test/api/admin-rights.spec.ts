import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PERMISSIONS, type Permission, ROLES } from '#lib/operators';
import { type AdminBrowser, AdminStack } from '../support/admin.js';

interface Operation {
  'x-permission'?: string;
  operationId: string;
}

/** Every route and what it needs, from the description that the code generates. */
const document = JSON.parse(readFileSync('docs/openapi/admin.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};
const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
);
const GUARDED = OPERATIONS.filter((each) => each['x-permission'] !== undefined && each['x-permission'] in PERMISSIONS);

/** A path whose thing does not exist: who may ask is told so, who may not is not. */
const somewhere = (path: string): string =>
  path
    .replace('{mode}', 'test')
    .replace('{event_id}', `evt_${'0'.repeat(32)}`)
    .replace(/\{id\}/, () => {
      const noun = path.split('/')[2]!;
      const prefix = {
        operators: 'opr',
        approvals: 'apr',
        tenants: 'ten',
        verifications: 'ver',
        'api-keys': 'key',
        'audit-events': 'aud',
        'legal-holds': 'hld',
        statements: 'stm',
        invoices: 'inv',
        'invoice-drafts': 'inv',
        'usage-events': 'use',
        'month-closes': 'rec',
        'status-sweeps': 'swp',
        'webhook-endpoints': 'whe',
      }[noun];
      return `${prefix!}_${randomUUID().replaceAll('-', '')}`;
    });

let stack: AdminStack;
const browsers = new Map<string, AdminBrowser>();

beforeAll(async () => {
  stack = await AdminStack.start();
  for (const role of ROLES) browsers.set(role, await stack.signedIn(await stack.person([role])));
  browsers.set('none', await stack.signedIn(await stack.person([])));
}, 300_000);
afterAll(() => stack.stop());

describe('the description of the operators’ REST', () => {
  it('names what each route needs, and uses each permission that is not of a kind of approval', () => {
    const open = OPERATIONS.filter((each) => each['x-permission'] === undefined).map(({ operationId }) => operationId);
    expect(open).toEqual(['signIn']);
    const own = OPERATIONS.filter((each) => each['x-permission'] !== undefined && !GUARDED.includes(each));
    expect(own.map((each) => [each.operationId, each['x-permission']])).toEqual([
      ['signOut', 'first_factor'],
      ['beginEnrolment', 'first_factor'],
      ['showSecondFactor', 'first_factor'],
      ['getMe', 'first_factor'],
      ['changePassword', 'signed_in'],
      ['renewRecoveryCodes', 'signed_in'],
      ['getOverview', 'signed_in'],
    ]);
    const used = new Set(GUARDED.map((each) => each['x-permission']));
    const unused = Object.keys(PERMISSIONS).filter((permission) => !used.has(permission));
    expect(unused.filter((permission) => !permission.endsWith(':approve'))).toEqual(['key_ring:rewrap']);
  });
});

describe.each(GUARDED.map((each) => [`${each.method} ${each.path}`, each] as const))('%s', (_name, operation) => {
  it.each([...ROLES, 'none'])('as %s', async (role) => {
    const permission = operation['x-permission'] as Permission;
    const allowed = (PERMISSIONS[permission] as readonly string[]).includes(role);
    const body = operation.method === 'GET' ? undefined : {};
    const answer = await browsers.get(role)!.send(operation.method, somewhere(operation.path), body);
    if (allowed) expect([401, 403, 500]).not.toContain(answer.status);
    else
      expect([answer.status, answer.body['code'], answer.body['permission']]).toEqual([
        403,
        'permission_missing',
        permission,
      ]);
  });
});

describe('who asks without a session', () => {
  it.each(GUARDED.map((each) => [`${each.method} ${each.path}`, each] as const))(
    '%s',
    async (_name, { method, path }) => {
      const answer = await stack.browser().send(method, somewhere(path), method === 'GET' ? undefined : {});
      expect([answer.status, answer.body['code']]).toEqual([401, 'session_missing']);
    },
  );
});
