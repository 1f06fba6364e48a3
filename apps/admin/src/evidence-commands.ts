import { writeFile } from 'node:fs/promises';
import { fromPublicId } from '#lib/platform';
import { exportEvidence } from '#lib/verification';
import { CommandRefused } from './command-refused.js';
import { type OperatorContext, OperatorError } from './context.js';
import { asOperator } from './operator-commands.js';

/**
 * Writes the bundle of one verification to a new file that only its owner may read, in the name of an auditor who signs
 * in with both factors.
 * @throws OperatorError with the code of the refusal, or `file_unwritable`.
 */
export async function evidenceExport(
  context: OperatorContext,
  options: { verification: string; reason: string; file: string },
): Promise<void> {
  const verificationId = fromPublicId('ver', options.verification);
  if (verificationId === undefined) throw new CommandRefused('--verification is an id that starts with ver_');
  const { text, sha256 } = await asOperator(context, 'evidence:read', (session, origin, keyRing) =>
    exportEvidence(context.dataSource, keyRing, {
      verificationId,
      reason: options.reason,
      tokenSha256: session.tokenSha256,
      operatorId: session.operatorId,
      origin,
    }),
  );
  try {
    await writeFile(options.file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatorError('file_unwritable', `${options.file}: ${code ?? 'cannot be written'}`);
  }
  context.out(JSON.stringify({ verification_id: options.verification, file: options.file, sha256 }));
}
