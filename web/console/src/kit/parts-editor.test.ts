import type { ContentPart } from "@shared/api/types";
import { describe, expect, it } from "vitest";
import { fileOf, moved } from "./parts-editor";

const link: ContentPart = { type: "link", title: "a", url: "https://a" };
const image: ContentPart = { type: "image", file_id: 7, title: "a.png" };

describe("parts of a content", () => {
  it("move by one place and stay whole at the ends", () => {
    expect(moved([link, image], 0, 1)).toEqual([image, link]);
    expect(moved([link, image], 1, -1)).toEqual([image, link]);
    expect(moved([link, image], 0, -1)).toEqual([link, image]);
    expect(moved([link, image], 1, 1)).toEqual([link, image]);
  });

  it("know where their file is", () => {
    expect(fileOf(image)).toBe("/api/files/7/content");
    expect(fileOf(link)).toBeUndefined();
  });
});
