import { z } from 'zod';
import { readPublicKey } from '#lib/audit';
import { OperatorMustAct } from '#lib/platform';

const shape = z.record(z.string(), z.base64());

/**
 * Public keys by id from a file's text: `{"<id>":"<SubjectPublicKeyInfo, base64>"}`.
 * @throws OperatorMustAct unless each is an EC P-256 key.
 */
export function readTrustedKeys(text: string): Map<string, Buffer> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new OperatorMustAct('the file with the keys is not JSON');
  }
  const parsed = shape.safeParse(json);
  if (!parsed.success) throw new OperatorMustAct('the file with the keys must be {"<id>":"<base64>", …}');
  const keys = new Map(Object.entries(parsed.data).map(([id, key]) => [id, Buffer.from(key, 'base64')]));
  for (const [id, key] of keys)
    if (readPublicKey(key) === undefined) throw new OperatorMustAct(`the key "${id}" is no EC P-256 public key`);
  return keys;
}
