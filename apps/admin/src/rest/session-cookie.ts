/**
 * The cookie that holds the session's token. Over HTTPS its prefix makes the browser refuse one that was set by another
 * host or without Secure (RFC 6265bis §4.1.3.2); without HTTPS, on a developer's machine, the prefix is not allowed.
 */
export const cookieName = (publicUrl: string): string =>
  isHttps(publicUrl) ? '__Host-shomei_session' : 'shomei_session';

const isHttps = (publicUrl: string): boolean => publicUrl.startsWith('https://');

const attributes = (publicUrl: string): string =>
  `Path=/; HttpOnly; SameSite=Strict${isHttps(publicUrl) ? '; Secure' : ''}`;

/** Without an expiry: the cookie goes with the browser, the session has limits of its own. */
export const sessionCookie = (publicUrl: string, token: string): string =>
  `${cookieName(publicUrl)}=${token}; ${attributes(publicUrl)}`;

export const clearedCookie = (publicUrl: string): string =>
  `${cookieName(publicUrl)}=; Max-Age=0; ${attributes(publicUrl)}`;

/** The token of a Cookie header. Two cookies of the name: somebody planted one, and nobody knows which. */
export function readSessionCookie(header: string | undefined, publicUrl: string): string | undefined {
  const name = cookieName(publicUrl);
  const found = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return found.length === 1 ? found[0] : undefined;
}
