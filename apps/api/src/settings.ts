/** Injection token: base of the links in answers. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');
