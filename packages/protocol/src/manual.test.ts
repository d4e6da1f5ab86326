import { describe, expect, it } from "vitest";

import { commands } from "./commands.ts";
import { renderProtocolManual } from "./manual.ts";

describe("the manual", () => {
  const manual = renderProtocolManual();

  it("has a row for every command", () => {
    for (const table of [commands.tracker, commands.storage]) {
      for (const [name, { code }] of Object.entries(table)) expect(manual).toContain(`| ${code} | \`${name}\` |`);
    }
  });

  it("has a target for every link", () => {
    const links = [...manual.matchAll(/\]\(#(\w+)\)/g)].map(([, target]) => target);
    const titles = new Set([...manual.matchAll(/^### (\w+)$/gm)].map(([, title]) => title!.toLowerCase()));
    expect(links.filter((target) => !titles.has(target!))).toEqual([]);
    expect(links.length).toBeGreaterThan(100);
  });

  it("states offsets, sizes and meanings as in the reference", () => {
    expect(manual).toContain("### UploadRequest\n\n15 bytes.");
    expect(manual).toContain("| 9 | 6 | text(6) | `extension` | without the dot, may be empty |");
    expect(manual).toContain("### StorageRecord\n\n487 bytes.");
    expect(manual).toContain("### GroupRecord\n\n113 bytes.");
  });
});
