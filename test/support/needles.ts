/** Shorter ones are found by chance in sealed octets, and make the search slow. */
const MIN_OCTETS = 6;
const WORD = /(?<![0-9A-Za-z])[0-9A-Za-z]{6,12}(?![0-9A-Za-z])/g;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/**
 * What must not be in a log or a database, in every form in which it could be there: octets, hexadecimal, base64 wherever
 * in a longer text it begins, URL- and JSON-escaped. What is found is told by its name, never by its value.
 */
export class Needles {
  private readonly byStart = new Map<string, { what: string; octets: string }[]>();
  /** Whether two octets begin any needle: most places are passed over by this alone. */
  private readonly begins = new Uint8Array(65_536);
  private readonly words = new Map<string, string>();

  /** A text of at least six octets, such as a name, an address or a secret. */
  addText(what: string, text: string): void {
    this.addOctets(what, Buffer.from(text));
    this.add(what, encodeURIComponent(text));
    const escaped = text.replace(/[^\x20-\x7e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
    if (escaped !== text) this.add(what, escaped);
  }

  /** Octets, such as a part of a certificate. */
  addOctets(what: string, octets: Buffer): void {
    this.add(what, octets.toString('latin1'));
    this.add(what, octets.toString('hex'));
    this.add(what, octets.toString('hex').toUpperCase());
    for (const shift of [0, 1, 2]) {
      const text = base64At(octets, shift);
      if (text.length < MIN_OCTETS + 2) continue;
      this.add(what, text);
      this.add(what, text.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }

  /** A short number or date, which counts where it stands alone: within hexadecimal text it would be found by chance. */
  addWord(what: string, word: string): void {
    this.words.set(word.toLowerCase(), what);
  }

  /** A serial number: decimal, hexadecimal, and as the INTEGER of a certificate or list. */
  addSerial(what: string, serial: bigint): void {
    const hex = serial.toString(16);
    const even = hex.length % 2 === 0 ? hex : `0${hex}`;
    for (const word of [serial.toString(), hex, even, `0x${hex}`, `0x${even}`]) this.addWord(what, word);
    const content = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
    this.add(what, Buffer.concat([Buffer.from([2, content.length]), content]).toString('latin1'));
  }

  /** Names of what is in there, each once. A text is searched by its octets. */
  find(haystack: string | Buffer): string[] {
    const octets = (typeof haystack === 'string' ? Buffer.from(haystack) : haystack).toString('latin1');
    const found = new Set<string>();
    for (let at = 0; at + MIN_OCTETS <= octets.length; at++) {
      if (this.begins[(octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1)] === 0) continue;
      for (const needle of this.byStart.get(octets.slice(at, at + MIN_OCTETS)) ?? [])
        if (octets.startsWith(needle.octets, at)) found.add(needle.what);
    }
    for (const word of octets.replace(UUID, ' ').match(WORD) ?? []) {
      const what = this.words.get(word.toLowerCase());
      if (what !== undefined) found.add(what);
    }
    return [...found].sort();
  }

  private add(what: string, octets: string): void {
    if (octets.length < MIN_OCTETS) throw new Error(`${what} is too short to search for`);
    const start = octets.slice(0, MIN_OCTETS);
    const needles = this.byStart.get(start) ?? [];
    needles.push({ what, octets });
    this.byStart.set(start, needles);
    this.begins[(octets.charCodeAt(0) << 8) | octets.charCodeAt(1)] = 1;
  }
}

/** The base64 that octets give wherever they stand `shift` octets after a multiple of three, without what their neighbours change. */
function base64At(octets: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), octets]).toString('base64');
  const length = Math.floor(((shift + octets.length) * 8) / 6);
  return text.slice(shift === 0 ? 0 : shift + 1, length);
}
