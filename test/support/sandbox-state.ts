import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A directory for a sandbox of its own, with the authorities and cards that `npm test` has had made; whoever asks for it
 * removes it. Fresh without `npm test`.
 */
export function newSandboxState(): string {
  const directory = mkdtempSync(join(tmpdir(), 'shomei-sandbox-'));
  const { TEST_SANDBOX_STATE: made } = process.env;
  if (made !== undefined) cpSync(made, directory, { recursive: true });
  return directory;
}
