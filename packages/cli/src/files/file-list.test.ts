import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { CommandFailure } from "../failure.ts";
import { pathBelow } from "../commands/download.ts";
import { parseListedFile, printListedFile } from "./file-list.ts";
import { parseMetadataPairs } from "./metadata-pairs.ts";

describe("lists of files", () => {
  it("read back what they print, whatever the file is called", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (path, strange) => {
        const file = { fileId: "group1/M00/00/00/x", path: `${path}\\${strange}\n\t\\n` };
        const line = printListedFile(file);
        expect(line).not.toMatch(/[\n\r]/);
        expect(parseListedFile(line)).toEqual(file);
      }),
    );
  });

  it("may have ids alone", () => {
    expect(parseListedFile("group1/M00/00/00/x")).toEqual({ fileId: "group1/M00/00/00/x", path: "" });
  });

  it("say what is no file id", () => {
    expect(parseListedFile("hello\tworld")).toBe('"hello" is not a file id');
  });
});

describe("paths of a list", () => {
  it.each([
    ["a/b", "/to/a/b"],
    ["/etc/passwd", "/to/etc/passwd"],
    ["a/../b", "/to/b"],
    ["..a", "/to/..a"],
  ])("%s lies at %s", (listed, path) => {
    expect(pathBelow("/to", listed)).toBe(path);
  });

  it.each(["..", "../x", "a/../../x", ".", "a\0b"])("%j is refused", (listed) => {
    expect(() => pathBelow("/to", listed)).toThrow(CommandFailure);
  });
});

describe("metadata on the command line", () => {
  it("is name=value, the value with anything in it", () => {
    expect(parseMetadataPairs(["a=1", "b==x=", "a=2", "__proto__=y"])).toEqual(
      Object.fromEntries([
        ["a", "2"],
        ["b", "=x="],
        ["__proto__", "y"],
      ]),
    );
  });

  it.each(["", "x", "=x"])("%j is refused", (pair) => {
    expect(() => parseMetadataPairs([pair])).toThrow("is not name=value");
  });
});
