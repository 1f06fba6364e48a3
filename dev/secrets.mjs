import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secrets of one installation, made at its first start and kept in `secrets.json` (0600) of its data directory:
 * database passwords by role, the Redis password, and the key ring that wraps the tenants' keys.
 * Losing the file of a kept database means losing what that database holds encrypted.
 */
export function loadSecrets(directory) {
  const file = join(directory, 'secrets.json');
  if (!existsSync(file)) {
    const password = () => randomBytes(24).toString('base64url');
    const secrets = {
      owner: password(),
      api: password(),
      worker: password(),
      operator: password(),
      redis: password(),
      keyRing: { active: 'k1', keys: { k1: randomBytes(32).toString('base64') } },
    };
    writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}
