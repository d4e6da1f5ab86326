import { describe, expect, it } from "vitest";

import { Changelog } from "./changelog.ts";

const entry = { atSeconds: 1795320624, groupName: "group1", id: "10.98.0.12", status: 4, newId: "" } as const;

describe("the changelog", () => {
  it("hands on what a reader has not seen, in whole lines", () => {
    const lines: string[] = [];
    const changelog = new Changelog(Buffer.alloc(0), (line) => lines.push(line.toString()));
    changelog.add(entry);
    changelog.add({ ...entry, status: 3, newId: "10.98.0.13" });
    expect(lines).toEqual(["1795320624 group1 10.98.0.12 4 \n", "1795320624 group1 10.98.0.12 3 10.98.0.13\n"]);
    expect(changelog.size).toBe(lines.join("").length);
    expect(changelog.read(0, 8192).toString()).toBe(lines.join(""));
    expect(changelog.read(0, lines[0]!.length + 5).toString()).toBe(lines[0]);
    expect(changelog.read(lines[0]!.length, 8192).toString()).toBe(lines[1]);
    expect(changelog.read(changelog.size, 8192).length).toBe(0);
    // A position from another life of the file.
    expect(changelog.read(99_999, 8192).length).toBe(0);
    // A line that fits nowhere is sent in pieces rather than never.
    expect(changelog.read(0, 5).length).toBe(5);
  });

  it("tells where members of a group went, from its file and since", () => {
    const changelog = new Changelog(
      Buffer.from("1 group1 10.98.0.12 3 10.98.0.13\n2 group2 10.98.0.9 4 \nnonsense\n"),
      () => {},
    );
    changelog.add({ ...entry, id: "10.98.0.13", status: 3, newId: "10.98.0.14" });
    expect(changelog.movesOf("group1")).toEqual([
      { from: "10.98.0.12", to: "10.98.0.13" },
      { from: "10.98.0.13", to: "10.98.0.14" },
    ]);
    expect(changelog.movesOf("group2")).toEqual([]);
    changelog.replace(Buffer.from("1 group2 10.98.0.9 3 10.98.0.8\n"));
    expect(changelog.movesOf("group1")).toEqual([]);
    expect(changelog.movesOf("group2")).toEqual([{ from: "10.98.0.9", to: "10.98.0.8" }]);
  });

  it("has not got what could not be written", () => {
    const changelog = new Changelog(Buffer.alloc(0), () => {
      throw new Error("disk full");
    });
    expect(() => changelog.add(entry)).toThrow("disk full");
    expect(changelog.size).toBe(0);
  });
});
