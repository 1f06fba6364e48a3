import { describe, expect, it } from '@jest/globals';
import { PERMISSIONS, permissionsOf, type Role, ROLES } from './permissions.js';
import { hashRecoveryCode, makeRecoveryCodes } from './recovery-codes.js';

describe('the permission table', () => {
  it('gives nothing to nobody, and each role what its rows say', () => {
    expect(permissionsOf([])).toEqual([]);
    for (const role of ROLES)
      for (const [permission, roles] of Object.entries(PERMISSIONS))
        expect([role, permission, permissionsOf([role]).some((each) => each === permission)]).toEqual([
          role,
          permission,
          (roles as readonly string[]).includes(role),
        ]);
  });

  it('lets auditors change nothing, and support only have lists fetched, events sent and jobs done again', () => {
    const changing = (role: Role): string[] =>
      permissionsOf([role]).filter((permission) => !/:(read|reveal)$/.test(permission));
    const again = ['revocation:refresh', 'system:retry', 'webhooks:replay'];
    expect([changing('auditor'), changing('support')]).toEqual([[], again]);
  });

  it('opens evidence and reveals holders to auditors alone', () => {
    for (const permission of ['evidence:read', 'holders:reveal'] as const)
      expect(PERMISSIONS[permission]).toEqual(['auditor']);
  });

  it('lets only admins propose or approve what needs two people, save that onboarding brings tenants live and changes their contracts, and billing changes prices and invoices', () => {
    for (const role of ROLES.filter((each) => each !== 'admin'))
      expect(permissionsOf([role]).filter((each) => /:(propose|approve)$/.test(each))).toEqual(
        {
          onboarding: ['contracts:approve', 'contracts:propose', 'go_live:approve', 'go_live:propose'],
          billing: ['invoices:approve', 'invoices:propose', 'prices:approve', 'prices:propose'],
          admin: [],
          auditor: [],
          support: [],
        }[role],
      );
  });
});

describe('recovery codes', () => {
  it('are ten, of 80 bits each, found again however they are typed', () => {
    const codes = makeRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
      const typed = ` ${code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')} `;
      expect(hashRecoveryCode(typed)).toEqual(hashRecoveryCode(code));
    }
  });

  it.each(['', '0000', 'U000-0000-0000-0000', '0'.repeat(17), '０'.repeat(16)])('are not %j', (text) =>
    expect(hashRecoveryCode(text)).toBeUndefined(),
  );
});
