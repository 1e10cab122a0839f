import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { backend, output, sharedAlias } from "../vite.shared.ts";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/staff/",
  plugins: [react()],
  resolve: { alias: sharedAlias },
  build: output("staff"),
  server: backend,
});
