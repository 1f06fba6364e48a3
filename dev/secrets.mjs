import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secrets of one installation, made at its first start and kept in `secrets.json` (0600) of its data directory:
 * database passwords by role, the Redis password, the key ring that wraps the tenants' keys, the key that signs the
 * audit chain, and the keys of each mode that sign receipts. Losing the file of a kept database means losing what that database holds encrypted.
 *
 * Beside it `audit-keys.json` has the public halves of all keys that have signed the chain, for `npm run check-audit`.
 */
export function loadSecrets(directory) {
  const file = join(directory, 'secrets.json');
  const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const password = () => randomBytes(24).toString('base64url');
  const secrets = {
    owner: password(),
    api: password(),
    worker: password(),
    admin: password(),
    operator: password(),
    redis: password(),
    keyRing: { active: 'k1', keys: { k1: randomBytes(32).toString('base64') } },
    auditSigningKey: kept.auditSigningKey ?? newSigningKey('a1'),
    signingKeys: kept.signingKeys ?? { live: newModeKeys('l1'), test: newModeKeys('t1') },
    ...kept,
  };
  // An installation of an earlier release lacks secrets that came later.
  if (Object.keys(secrets).some((name) => !(name in kept))) {
    writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  keepAuditKey(join(directory, 'audit-keys.json'), secrets.auditSigningKey);
  return secrets;
}

/** One mode of the `SIGNING_KEYS` setting with a new key. */
function newModeKeys(id) {
  return { active: id, keys: { [id]: newSigningKey(id).private_key } };
}

/** The `AUDIT_SIGNING_KEY` setting with a new key. */
function newSigningKey(id) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { id, private_key: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64') };
}

function keepAuditKey(file, { id, private_key: privateKey }) {
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  if (id in known) return;
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  known[id] = createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64');
  writeFileSync(file, `${JSON.stringify(known, null, 2)}\n`);
}
