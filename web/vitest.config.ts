import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { sharedAlias } from "./vite.shared.ts";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: sharedAlias },
  test: {
    environment: "node",
    include: ["{console,staff,h5,phone,shared}/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
});
