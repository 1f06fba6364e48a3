import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { Needles } from '../support/needles.js';
import { addCertificate, addFacts, searchTables } from '../support/personal-data.js';
import { CARD_HOLDER, issueEndEntity, makeAuthority } from '../support/pki.js';

const SERIAL = 200_000_077;
const { der } = issueEndEntity(makeAuthority('sign', 2023), { serial: SERIAL });
const needles = new Needles();
addFacts(needles, 'card', { ...CARD_HOLDER, birth_date: CARD_HOLDER.dateOfBirth });
addCertificate(needles, 'card', der);
needles.addText('key', 'shm_test_Ab0Cd1Ef2');

describe('the search that the tests of logs and tables rest on', () => {
  const base64 = der.toString('base64');
  it.each<[string, string | Buffer, string]>([
    ['a name', '{"name":"架空　花子"}', 'name of card'],
    ['a name without its space', 'x架空花子x', 'name of card'],
    ['a name escaped as JSON', '"\\u67b6\\u7a7a\\u3000\\u82b1\\u5b50"', 'name of card'],
    ['a name in an address of the web', '/?q=%E6%9E%B6%E7%A9%BA%E3%80%80%E8%8A%B1%E5%AD%90', 'name of card'],
    ['a name in hexadecimal', `\\x00${Buffer.from(CARD_HOLDER.name).toString('hex')}00`, 'name of card'],
    ['an address', CARD_HOLDER.address, 'address of card'],
    ['an address without its prefecture', '住所は港区架空町一丁目２番地３です', 'address of card'],
    ['a birth date of a certificate', '"420081031"', 'birth date of card'],
    ['a birth date', 'born 2008-10-31', 'birth date of card'],
    ['a serial', `serial=${SERIAL}`, 'serial of card'],
    ['a serial in hexadecimal', `0x${SERIAL.toString(16)}`, 'serial of card'],
    ['a serial among octets', Buffer.from([9, 2, 4, 11, 235, 194, 77, 9]), 'serial of card'],
    ['a certificate', Buffer.concat([randomBytes(5), der]), 'certificate of card'],
    ['a certificate in base64', base64, 'certificate of card'],
    ['a certificate in the middle of base64', `x${base64.slice(1)}`, 'certificate of card'],
    ['a certificate in base64 of an address of the web', der.toString('base64url'), 'certificate of card'],
    ['a certificate in hexadecimal', der.toString('hex'), 'certificate of card'],
    ['a part of a certificate', der.subarray(-100), 'certificate of card'],
    ['a key', 'Bearer shm_test_Ab0Cd1Ef2"', 'key'],
    ['a key in base64', Buffer.from('1 shm_test_Ab0Cd1Ef2 2').toString('base64'), 'key'],
  ])('finds %s', (_what, haystack, expected) => expect(needles.find(haystack)).toContain(expected));

  it('finds a certificate at each place of a base64 text', () => {
    for (const shift of [0, 1, 2, 3])
      expect(needles.find(Buffer.concat([randomBytes(shift), der]).toString('base64'))).toContain(
        'certificate of card',
      );
  });

  it('finds nothing in random octets, their hexadecimal and ids', () => {
    const random = randomBytes(1 << 18);
    const ids = '0bebc24d-0000-4000-8000-000000000000 20081031-0000-4000-8000-000000000000';
    for (const haystack of [random, random.toString('hex'), random.toString('base64'), ids])
      expect(needles.find(haystack)).toEqual([]);
  });

  it('refuses what is too short to be searched for', () =>
    expect(() => needles.addText('short', '短')).toThrow('too short'));
});

describe('the search through the tables', () => {
  let database: TestDatabase;
  let owner: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    owner = new pg.Client({ connectionString: database.urls.owner });
    await owner.connect();
  });
  afterAll(async () => {
    await owner.end();
    await database.drop();
  });

  it.each<[string, string, unknown, string]>([
    ['text', 'text', CARD_HOLDER.name, 'name of card'],
    ['jsonb', 'jsonb', JSON.stringify({ deep: [{ address: CARD_HOLDER.address }] }), 'address of card'],
    ['octets', 'bytea', Buffer.concat([randomBytes(7), Buffer.from(CARD_HOLDER.name)]), 'name of card'],
    ['octets that hold base64', 'bytea', Buffer.from(der.toString('base64')), 'certificate of card'],
    ['a list of octets', 'bytea[]', [randomBytes(9), der], 'certificate of card'],
    ['a number', 'bigint', SERIAL, 'serial of card'],
    ['a date', 'date', '2008-10-31', 'birth date of card'],
  ])('finds what is kept as %s, in whatever schema', async (_what, type, value, expected) => {
    await owner.query('begin');
    await owner.query(`create schema planted; create table planted.t (id int, v ${type})`);
    await owner.query('insert into planted.t values (1, $1)', [value]);
    expect(await searchTables(owner, needles)).toContain(`planted.t: ${expected}`);
    await owner.query('rollback');
  });

  it('finds a name in a partition and a certificate in a table of revocation lists, where serials are public', async () => {
    await owner.query('begin');
    await owner.query(`insert into audit_event (id, actor, action, target, detail)
      values (gen_random_uuid(), 'system:x', 'thing.touch', 'thing:1', '{"name": "架空　花子"}')`);
    await owner.query('create table crl_planted (serial bigint, content bytea)');
    await owner.query('insert into crl_planted values ($1, $2)', [SERIAL, der]);
    expect(await searchTables(owner, needles)).toEqual([
      expect.stringMatching(/^audit_event\w*: name of card$/),
      'crl_planted: address of card',
      'crl_planted: birth date of card',
      'crl_planted: certificate of card',
      'crl_planted: name of card',
      'crl_planted: subject of card',
    ]);
    await owner.query('rollback');
    expect(await searchTables(owner, needles)).toEqual([]);
  });
});
