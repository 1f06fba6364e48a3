import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/soffice', '/usr/bin/libreoffice', '/usr/lib/libreoffice/program/soffice'];

/** The spreadsheet that opens what is exported: LIBREOFFICE, or where Debian and others put it. */
export function findLibreOffice() {
  return [process.env.LIBREOFFICE, ...PLACES].find((path) => path && existsSync(path));
}
