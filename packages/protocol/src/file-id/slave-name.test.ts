import { describe, expect, it } from "vitest";

import { FdfsError } from "../errors.ts";
import { extensionOfLocalName, extensionOfStoredName } from "./file-extension.ts";
import { deriveSlaveName, slaveName } from "./slave-name.ts";

const MASTER = "M00/07/08/CmMAC2sCbBqAAX3xAAAABTYQpoY390.txt";
const STEM = "M00/07/08/CmMAC2sCbBqAAX3xAAAABTYQpoY390";

describe("slave names", () => {
  it.each([
    ["_80x80", "jpg", `${STEM}_80x80.jpg`],
    ["-big", "", `${STEM}-big`],
    ["_thumb", "tar.gz", `${STEM}_thumb.tar.gz`],
    ["-m", "txt", `${STEM}-m.txt`],
  ])("prefix %j, extension %j", (prefix, extension, expected) => {
    expect(slaveName(MASTER, prefix, extension)).toBe(expected);
  });

  it("keep the whole name of a master without an extension", () => {
    expect(slaveName(`${STEM}4567`, "_s", "txt")).toBe(`${STEM}4567_s.txt`);
  });

  it.each([
    ["an empty prefix", MASTER, "", "jpg"],
    ["the metadata file", MASTER, "-m", ""],
    ["a slash", MASTER, "a/b", "jpg"],
    ["a long prefix", MASTER, "12345678901234567", "jpg"],
    ["a long extension", MASTER, "_s", "1234567"],
    ["a short master", "M00/07/08/short.txt", "_s", "jpg"],
    ["a long result", `${STEM}${"x".repeat(86)}`, "_s", "jpg"],
  ])("are refused: %s", (_why, master, prefix, extension) => {
    expect(() => slaveName(master, prefix, extension)).toThrow(FdfsError);
  });

  it("inherit the extension at the client", () => {
    expect(deriveSlaveName(MASTER, "_s")).toBe(`${STEM}_s.txt`);
    expect(deriveSlaveName(MASTER, "_s", "")).toBe(`${STEM}_s`);
    expect(deriveSlaveName(MASTER, "", "jpg")).toBe(`${STEM}.jpg`);
    expect(() => deriveSlaveName(MASTER, "")).toThrow(FdfsError);
  });
});

describe("extensions", () => {
  it.each([
    ["a.tar.gz", "tar.gz"],
    ["b.min.js", "min.js"],
    ["c.backup.gz", "gz"],
    ["photo.JPEG", "JPEG"],
    ["noext", ""],
    ["x.toolong", ""],
    ["dir.d/file", ""],
    [".bashrc", "bashrc"],
    [".a.b", "a.b"],
    ["dir.x/y.c", "c"],
    ["ends.", ""],
    ["", ""],
  ])("of the local name %j is %j", (name, extension) => {
    expect(extensionOfLocalName(name)).toBe(extension);
  });

  it("of a stored name begin at the first dot of the last seven characters", () => {
    expect(extensionOfStoredName("x.y.CmMAC2s.tar.gz")).toBe("tar.gz");
    expect(extensionOfStoredName("CmMAC2s1234567")).toBe("");
    expect(extensionOfStoredName("a")).toBe("");
  });
});
