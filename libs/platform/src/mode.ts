/** The two worlds of a tenant, which never meet: data, keys, anchors, revocation data and clock are per mode. */
export const MODES = ['live', 'test'] as const;
export type Mode = (typeof MODES)[number];
