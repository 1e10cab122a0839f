import { describe, expect, it } from "vitest";
import { entryOf, menu, menuFor } from "./menu";

describe("menu", () => {
  it("has the four parts of the business between Today and System", () => {
    expect(menu.map((part) => part.label)).toEqual([
      undefined,
      "menu.acquisition",
      "menu.retention",
      "menu.selling",
      "menu.customer_management",
      "menu.system",
    ]);
  });
  it.each([
    ["/", "/"],
    ["/customers/12", "/customers"],
    ["/system/callbacks", "/system/callbacks"],
    ["/codesx", "/"],
  ])("%s belongs to %s", (path, want) => expect(entryOf(path)).toBe(want));
  it("hides what a person may not open", () => {
    const paths = menuFor(["customer.read"]).flatMap((part) => part.entries.map((entry) => entry.path));
    expect(paths).toContain("/customers");
    expect(paths).not.toContain("/users");
    expect(paths).not.toContain("/system/jobs");
  });
});
