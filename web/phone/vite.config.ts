import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { backend, output, sharedAlias } from "../vite.shared.ts";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/phone/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: { alias: sharedAlias },
  build: output("phone"),
  server: backend,
});
