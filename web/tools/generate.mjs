// Writes shared/api/{console,staff,h5}.d.ts from the OpenAPI documents that `qunce openapi` emits.
import { existsSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../../", import.meta.url);
let missing = 0;
for (const name of ["console", "staff", "h5"]) {
  const source = new URL(`docs/openapi/${name}.json`, root);
  if (!existsSync(source)) {
    console.error(`docs/openapi/${name}.json is missing: run \`qunce openapi\` first`);
    missing++;
    continue;
  }
  const types = astToString(await openapiTS(source));
  const note = "// Generated from docs/openapi by `npm run generate`. Never edited by hand.\n/* eslint-disable */\n";
  writeFileSync(new URL(`web/shared/api/${name}.d.ts`, root), note + types);
  console.log(`shared/api/${name}.d.ts`);
}
process.exit(missing ? 1 : 0);
