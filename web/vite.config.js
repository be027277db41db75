// Builds the page into app/static. The server writes the HTML itself (schema/transport/page.py), by the manifest.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./", // whatever path a proxy puts in front
  publicDir: false,
  build: {
    outDir: "../app/static",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2023",
    assetsInlineLimit: 0, // files, not data: addresses: our policy knows 'self' alone
    reportCompressedSize: false,
    chunkSizeWarningLimit: 5000, // Monaco is large; it is loaded once and kept for ever
    rolldownOptions: {
      input: "src/main.tsx",
      onwarn: (warning, tell) => warning.code === "MODULE_LEVEL_DIRECTIVE" || tell(warning),
    },
  },
  worker: { format: "es" },
});
