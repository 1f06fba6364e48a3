import { join } from 'node:path';
import { defineConfig } from 'vite';

/**
 * The build is served by apps/admin: hashed files below /assets, and index.html in which each answer gets a nonce of its
 * own in place of CSP_NONCE.
 */
export default defineConfig({
  root: import.meta.dirname,
  html: { cspNonce: 'CSP_NONCE' },
  build: {
    outDir: join(import.meta.dirname, '..', '..', 'dist', 'apps', 'console'),
    emptyOutDir: true,
    target: 'es2022',
    // Data: URLs of pictures would hide their size, and a policy without them stays the narrower one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
