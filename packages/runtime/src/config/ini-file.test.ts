import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryDisk } from "../../test/memory-disk.ts";
import { ConfigError } from "./config-problems.ts";
import { parseIni, readIniFile } from "./ini-file.ts";
import { readOptions } from "./option-reading.ts";
import { clientConf } from "./options/client-options.ts";
import { storageConf } from "./options/storage-options.ts";
import { trackerConf } from "./options/tracker-options.ts";
import { parseStorageIds } from "./storage-ids-file.ts";

function problemsOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

describe("ini dialect", () => {
  it("keeps sections, repeated keys, blanks and places apart", () => {
    const ini = parseIni("a = 1\r\n\t# comment\n[s]\na=2\n a = 3 = x \n[]\nb =\n", "t.conf");
    expect(ini.items).toEqual([
      { file: "t.conf", line: 1, section: "", key: "a", value: "1" },
      { file: "t.conf", line: 4, section: "s", key: "a", value: "2" },
      { file: "t.conf", line: 5, section: "s", key: "a", value: "3 = x" },
      { file: "t.conf", line: 7, section: "", key: "b", value: "" },
    ]);
    expect(ini.last("a", "s")?.value).toBe("3 = x");
    expect(ini.last("b", "s")).toBeUndefined();
    expect(ini.last("A")).toBeUndefined();
  });

  it("does not take ; or a # after a value for a comment", () => {
    const ini = parseIni("; x = 1\nport = 23000 # x\n", "t.conf");
    expect(ini.items.map(({ key, value }) => [key, value])).toEqual([
      ["; x", "1"],
      ["port", "23000 # x"],
    ]);
  });

  it("cuts long keys and values at their bytes, never through a character, with warnings", () => {
    const ini = parseIni(`${"k".repeat(64)}=${"é".repeat(128)}`, "t.conf");
    expect(ini.items[0]?.key).toBe("k".repeat(63));
    expect(ini.items[0]?.value).toBe("é".repeat(127));
    expect(ini.warnings).toHaveLength(2);
    expect(parseIni(`k=${"é".repeat(127)}`, "t.conf").warnings).toEqual([]);
  });

  it("refuses directives with file and line, all of them at once", () => {
    const message = problemsOf(() => parseIni("#@set x = 1\na=1\n  #@if %{x} in [1]\n", "t.conf"));
    expect(message).toContain("t.conf line 1: #@set is not supported");
    expect(message).toContain("t.conf line 3: #@if is not supported");
  });

  it("includes files relative to the main file and is in the global part afterwards", () => {
    const disk = new MemoryDisk()
      .put("/etc/fdfs/main.conf", "[s]\na=1\n#include sub/x.conf\nb=2\n")
      .put("/etc/fdfs/sub/x.conf", "c=3\n[t]\nd=4\n#include y.conf\n")
      .put("/etc/fdfs/y.conf", "e=5\n");
    const items = readIniFile(disk, "/etc/fdfs/main.conf").items;
    expect(items.map(({ file, line, section, key }) => `${file}:${line} [${section}] ${key}`)).toEqual([
      "/etc/fdfs/main.conf:2 [s] a",
      "/etc/fdfs/sub/x.conf:1 [] c",
      "/etc/fdfs/sub/x.conf:3 [t] d",
      "/etc/fdfs/y.conf:1 [] e",
      "/etc/fdfs/main.conf:4 [] b",
    ]);
  });

  it("refuses missing files, circles, web addresses and endless includes", () => {
    const disk = new MemoryDisk()
      .put("/a.conf", "#include b.conf\n#include http://x/y\n#include none.conf\n#include\n")
      .put("/b.conf", "#include a.conf\n");
    const message = problemsOf(() => readIniFile(disk, "/a.conf"));
    expect(message).toContain("/b.conf line 1: #include a.conf: /a.conf includes itself (/a.conf → /b.conf → /a.conf)");
    expect(message).toContain("/a.conf line 2: #include http://x/y: web addresses are not supported");
    expect(message).toContain("/a.conf line 3: #include none.conf: /none.conf does not exist.");
    expect(message).toContain("/a.conf line 4: #include : names no file");
    expect(problemsOf(() => readIniFile(disk, "/missing.conf"))).toContain("/missing.conf: does not exist.");
    disk.put("/many.conf", "#include c.conf\n".repeat(65)).put("/c.conf", "");
    expect(problemsOf(() => readIniFile(disk, "/many.conf"))).toContain("line 65");
    expect(problemsOf(() => parseIni("#include x", "answer"))).toContain("not possible here");
  });

  it("warns of bytes that are not UTF-8 and of a byte order mark", () => {
    const disk = new MemoryDisk().put("/a.conf", Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0x3d, 0xff, 0xfe, 0x0a]));
    const ini = readIniFile(disk, "/a.conf");
    expect(ini.items[0]?.key).toBe("a");
    expect(ini.warnings.map(({ text }) => text).join()).toMatch(/byte order mark.*not UTF-8/);
  });

  it("throws nothing but ConfigError, whatever the bytes", () => {
    const names = ["port", "tracker_server", "store_path0", "allow_hosts", "base_path", "log_level", "x"];
    const line = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.tuple(fc.constantFrom(...names), fc.string({ unit: "binary" })).map(([key, value]) => `${key}=${value}`),
      fc.constantFrom("#include a", "#@set x", "[error-log]", "[]", "allow_hosts=[1-99999999]", "thread_stack_size=1"),
    );
    const bytes = fc.oneof(
      fc.array(line).map((lines) => Buffer.from(lines.join("\n"))),
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        const disk = new MemoryDisk().put("/a", content);
        for (const conf of [trackerConf, storageConf, clientConf]) {
          problemsOf(() => readOptions<typeof conf.tables>(conf, readIniFile(disk, "/a")));
        }
        problemsOf(() => parseStorageIds(content.toString("utf8"), "/a"));
      }),
    );
  });
});
