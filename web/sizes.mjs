// Prints what each build weighs and fails when the customer page outgrows its budget.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const budgetKB = { h5: 80 };

function* files(dir) {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

let failed = false;
for (const app of ["console", "staff", "h5", "phone"]) {
  const scripts = [...files(join(import.meta.dirname, "dist", app))].filter((f) => f.endsWith(".js"));
  const kb = scripts.reduce((sum, f) => sum + gzipSync(readFileSync(f)).length, 0) / 1024;
  const entry = readFileSync(join(import.meta.dirname, "dist", app, "index.html"), "utf8");
  const first = scripts.filter((f) => entry.includes(f.split("/").pop()));
  const firstKB = first.reduce((sum, f) => sum + gzipSync(readFileSync(f)).length, 0) / 1024;
  const over = budgetKB[app] !== undefined && kb > budgetKB[app];
  failed ||= over;
  console.log(
    `${app.padEnd(8)} script ${kb.toFixed(1)} KB gzip in ${scripts.length} files, ${firstKB.toFixed(1)} KB at first paint${over ? ` OVER ${budgetKB[app]} KB` : ""}`,
  );
}
process.exit(failed ? 1 : 0);
