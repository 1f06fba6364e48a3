import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { MODES, type Mode } from './mode.js';

/** A private key and the id by which what it signed names it. */
export interface SigningKey {
  id: string;
  /** EC P-256, for ES256. */
  privateKey: KeyObject;
}

/** The keys of one mode. */
export interface ModeSigningKeys {
  /** Signs what is signed now. */
  active: SigningKey;
  /** Public halves by id: of the active key, of the one that will follow it, and of those that have signed before. */
  published: ReadonlyMap<string, KeyObject>;
}

/** No key is in two modes, so nothing of test can be mistaken for live. */
export type SigningKeys = Readonly<Record<Mode, ModeSigningKeys>>;

const id = z.string().regex(/^[\w-]{1,32}$/);
const signingKeyShape = z.object({ id, private_key: z.base64() });
const modeShape = z.strictObject({
  active: id,
  keys: z.record(id, z.base64()),
  retired: z.record(id, z.base64()).default({}),
});
const signingKeysShape = z.strictObject({ live: modeShape, test: modeShape });

const isP256 = (key: KeyObject): boolean => key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** @throws Error for anything but an EC P-256 key in PKCS #8. */
function readPrivateKey(text: string): KeyObject {
  const key = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
  if (!isP256(key)) throw new Error('not P-256');
  return key;
}

/** @throws Error for anything but an EC P-256 key as SubjectPublicKeyInfo. */
function readPublicKey(text: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
  if (!isP256(key)) throw new Error('not P-256');
  return key;
}

/** `{"id":"<id>","private_key":"<base64 of PKCS #8>"}`. */
export function parseSigningKey(text: string, context: z.RefinementCtx): SigningKey {
  try {
    const { id, private_key } = signingKeyShape.parse(JSON.parse(text));
    return { id, privateKey: readPrivateKey(private_key) };
  } catch {
    // Whatever is wrong with it, saying what would show some of it.
  }
  context.addIssue('must be {"id":"<id>","private_key":"<base64 of PKCS #8>"} with an EC P-256 key');
  return z.NEVER;
}

/** For each mode `{"active":"<id>","keys":{"<id>":"<base64 of PKCS #8>"},"retired":{"<id>":"<base64 of SPKI>"}}`. */
export function parseSigningKeys(text: string, context: z.RefinementCtx): SigningKeys {
  let keys: SigningKeys;
  try {
    const given = signingKeysShape.parse(JSON.parse(text));
    keys = { live: readMode(given.live), test: readMode(given.test) };
  } catch {
    context.addIssue(
      'must be {"live":{…},"test":{…}}, each {"active":"<id>","keys":{"<id>":"<base64 of PKCS #8>"}} with EC P-256 keys',
    );
    return z.NEVER;
  }
  const all = MODES.flatMap((mode) => [...keys[mode].published]);
  const ids = new Set(all.map(([id]) => id));
  const halves = new Set(all.map(([, key]) => key.export({ format: 'der', type: 'spki' }).toString('base64')));
  if (ids.size === all.length && halves.size === all.length) return keys;
  context.addIssue('has one id or one key twice');
  return z.NEVER;
}

function readMode({ active, keys, retired }: z.output<typeof modeShape>): ModeSigningKeys {
  const pairs = Object.entries(keys).map(([id, text]) => [id, readPrivateKey(text)] as const);
  const privateKey = new Map(pairs).get(active);
  if (!privateKey) throw new Error('the active key is missing');
  const old = Object.entries(retired).map(([id, text]) => [id, readPublicKey(text)] as const);
  // An id of both kinds would hide one of its keys.
  if (old.some(([id]) => id in keys)) throw new Error('an id twice');
  const published = new Map([...pairs.map(([id, key]) => [id, createPublicKey(key)] as const), ...old]);
  return { active: { id: active, privateKey }, published };
}
