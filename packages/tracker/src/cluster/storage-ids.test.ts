import { parseStorageIds } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { StorageIds } from "./storage-ids.ts";

const ids = new StorageIds(
  parseStorageIds("20 group2 10.0.0.1:23001 rw=none\n100 group1 10.0.0.1\n3 group1 10.0.0.2,192.168.0.2\n", "ids"),
);

describe("the list of ids", () => {
  it("is in string order of the ids", () => {
    expect(ids.lines).toEqual([
      "100 group1 10.0.0.1:23000",
      "20 group2 10.0.0.1:23001 rw=none",
      "3 group1 10.0.0.2,192.168.0.2:23000",
    ]);
  });

  it("is found by id, and by group, address and port", () => {
    expect(ids.get("20")?.groupName).toBe("group2");
    expect(ids.get("21")).toBeUndefined();
    expect(ids.find("group1", "192.168.0.2", 23000)?.id).toBe(3);
    expect(ids.find("group2", "192.168.0.2", 23000)).toBeUndefined();
    expect(ids.find("group1", "10.0.0.1", 23001)).toBeUndefined();
    expect(ids.findByAddress("10.0.0.1", 23001)?.id).toBe(20);
  });

  it("is paged so that one more line would always have fitted", () => {
    const many = new StorageIds(
      parseStorageIds(
        Array.from({ length: 500 }, (_, index) => `${index + 1} group1 10.0.${index >> 8}.${index & 255}\n`).join(""),
        "ids",
      ),
    );
    const lines: string[] = [];
    let pages = 0;
    for (; lines.length < many.lines.length; pages++) {
      const page = many.page(lines.length, 1000, 128);
      expect(page.join("\n").length + 1).toBeLessThanOrEqual(1000);
      lines.push(...page);
    }
    expect(lines).toEqual(many.lines);
    expect(pages).toBeGreaterThan(10);
    expect(many.page(0, 65_536, 128).length).toBe(500);
  });
});
