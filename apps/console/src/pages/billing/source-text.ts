import { sources } from '../../messages/sources';
import type { Language } from '../../texts';

/** Where a rate comes from, in the reader's language when it is one of those an installation begins with. */
export function sourceText(language: Language, written: string): string {
  const known = Object.values(sources).find(({ en }) => en === written);
  return known?.[language] ?? written;
}
