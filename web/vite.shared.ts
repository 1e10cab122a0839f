// What the four builds have in common: one output folder, one alias, one backend behind the dev server.
import { fileURLToPath } from "node:url";
import type { BuildOptions, ServerOptions } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const sharedAlias = { "@shared": here("./shared") };

export function output(name: string): BuildOptions {
  return {
    outDir: here(`./dist/${name}`),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: false,
  };
}

const target = process.env.QUNCE_URL ?? "http://127.0.0.1:8080";

export const backend: ServerOptions = {
  host: "127.0.0.1",
  proxy: Object.fromEntries(
    ["/api", "/staff/api", "/staff/login", "/h5/api", "/phone/sim", "/phone/connect", "/qr"].map((path) => [
      path,
      { target },
    ]),
  ),
};
