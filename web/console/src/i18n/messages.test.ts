import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type MessageKey, messages } from ".";
import { acquisition } from "./acquisition";
import { archive } from "./archive";
import { callback } from "./callback";
import { kit } from "./kit";
import { people } from "./people";
import { retention } from "./retention";
import { setup } from "./setup";
import { shell } from "./shell";
import { statistic } from "./statistic";
import { sync } from "./sync";
import { system } from "./system";

const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

function* sources(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(name) && !name.includes(".test.")) yield path;
  }
}

describe("messages", () => {
  it.each(Object.keys(messages) as MessageKey[])(
    "%s says something in both languages, with the same parameters",
    (key) => {
      const [zh, en] = messages[key];
      expect(zh.trim()).not.toBe("");
      expect(en.trim()).not.toBe("");
      expect(holes(zh)).toEqual(holes(en));
    },
  );

  it("are not defined twice in different areas", () => {
    const all = [kit, shell, people, acquisition, retention, system, statistic, sync, callback, setup, archive].flatMap(
      (area) => Object.keys(area),
    );
    expect(all.filter((key, i) => all.indexOf(key) !== i)).toEqual([]);
  });

  it("keep Chinese out of the components", () => {
    const src = join(import.meta.dirname, "..");
    const strays: string[] = [];
    for (const path of sources(src)) {
      if (path.includes("/i18n/")) continue;
      readFileSync(path, "utf8")
        .split("\n")
        .forEach((line, i) => {
          const code = line.replace(/\/\/.*$/, "").replace(/"[、·（）/]"/g, "");
          if (/[\u4e00-\u9fff]/.test(code)) strays.push(`${path.slice(src.length)}:${i + 1}`);
        });
    }
    expect(strays).toEqual([]);
  });
});
