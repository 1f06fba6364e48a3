import type { CardRecord, CertificateContents } from './card-record.js';
import type { MoveBody } from './card-request.js';
import { SandboxError } from './sandbox-error.js';

/** A text with one 0 or 1 per character; a new text has none substituted unless told. */
function text(
  now: { text: string; map: string },
  change: { text?: string | undefined; map?: string | undefined },
  member: string,
): { text: string; map: string } {
  const characters = [...(change.text ?? now.text)].length;
  const map = change.map ?? (change.text === undefined ? now.map : '0'.repeat(characters));
  if (map.length !== characters)
    throw new SandboxError('bad_request', `${member}: one digit per character of what it describes`);
  return { text: change.text ?? now.text, map };
}

/** What the resident register says of the holder after the move. */
export function movedTo({ holder, municipality }: CardRecord, body: MoveBody): CertificateContents {
  const name = text(
    { text: holder.name, map: holder.nameSubstitution },
    { text: body.name, map: body.name_substitution },
    'name_substitution',
  );
  const address = text(
    { text: holder.address, map: holder.addressSubstitution },
    { text: body.address, map: body.address_substitution },
    'address_substitution',
  );
  return {
    holder: {
      ...holder,
      name: name.text,
      nameSubstitution: name.map,
      address: address.text,
      addressSubstitution: address.map,
    },
    municipality: body.municipality ?? municipality,
  };
}
