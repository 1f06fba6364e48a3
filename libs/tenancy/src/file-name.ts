import { FILE_TYPES, type FileType } from './file-type.js';

const MAX_LENGTH = 150;

/**
 * A file's name as it may be shown and saved anywhere: without folders, without characters that are invisible, turn the
 * writing direction or mean something to a file system. Empty when nothing remains.
 */
export function cleanFileName(given: string): string {
  const last = given.normalize('NFC').split(/[/\\]/u).at(-1)!;
  const plain = last
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}<>:"|?*]/gu, '')
    .replace(/\s+/gu, ' ')
    .replace(/^[. ]+|[. ]+$/gu, '');
  if (plain.length <= MAX_LENGTH) return plain;
  // The ending says what it is and stays.
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(plain)?.[0] ?? '';
  return `${plain.slice(0, MAX_LENGTH - ending.length).replace(/[\uD800-\uDBFF]$/u, '')}${ending}`;
}

/** Whether a name has an ending of its type. */
export const hasEndingOf = (name: string, type: FileType): boolean =>
  FILE_TYPES[type].some((ending) => name.toLowerCase().endsWith(ending) && name.length > ending.length);
