import { defineConfig } from 'vitest/config';

/** `npm run dev` asks a running `venuenet serve` for the data. */
const API = 'http://localhost:8000';
const ROUTES = ['/coverage', '/gaps', '/venues', '/standards', '/map', '/reports'];
/** The review answers only to its own origin, so its requests keep the name they were asked by. */
const REVIEW = { '/review/': { target: API, changeOrigin: false } };

export default defineConfig({
  base: './',
  build: {
    outDir: '../api/static',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    license: { fileName: 'licences.md' },
    rolldownOptions: { input: ['index.html', 'review.html'] },
  },
  server: { proxy: { ...Object.fromEntries(ROUTES.map((route) => [route, API])), ...REVIEW } },
  test: { include: ['test/**/*.test.ts'] },
});
