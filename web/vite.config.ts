import { defineConfig } from 'vitest/config';

/** `npm run dev` asks a running `venuenet serve` for the data. */
const API = 'http://localhost:8000';
const ROUTES = ['/coverage', '/gaps', '/venues', '/standards', '/map', '/reports'];

export default defineConfig({
  base: './',
  build: {
    outDir: '../api/static',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    license: { fileName: 'licences.md' },
  },
  server: { proxy: Object.fromEntries(ROUTES.map((route) => [route, API])) },
  test: { include: ['test/**/*.test.ts'] },
});
