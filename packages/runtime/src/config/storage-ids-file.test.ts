import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "./config-problems.ts";
import { printStorageIdsSample } from "./sample.ts";
import { parseStorageIdLine, parseStorageIds, printStorageIdLine, printStorageIds } from "./storage-ids-file.ts";

function refusal(text: string): string {
  try {
    parseStorageIds(text, "ids");
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "";
}

describe("storage_ids.conf", () => {
  it("reads the lines of storage-formats.md §6.8", () => {
    const text =
      "# ids\n\n100001 group1 10.98.0.11\r\n100002\tgroup1  10.98.0.12,192.0.2.12:23001 RW=ReadOnly\n100003 group1 [2001:db8::3]:23001 rw=none";
    expect(parseStorageIds(text, "ids")).toEqual([
      { id: 100001, groupName: "group1", hosts: ["10.98.0.11"], port: 23000, rwMode: "both" },
      { id: 100002, groupName: "group1", hosts: ["10.98.0.12", "192.0.2.12"], port: 23001, rwMode: "read" },
      { id: 100003, groupName: "group1", hosts: ["2001:db8::3"], port: 23001, rwMode: "none" },
    ]);
  });

  it.each([
    ["0 g 10.0.0.1", "line 1: the id"],
    ["01 g 10.0.0.1", "line 1: the id"],
    ["+1 g 10.0.0.1", "line 1: the id"],
    ["16777216 g 10.0.0.1", "line 1: the id"],
    ["1 g-1 10.0.0.1", "is not a group name"],
    ["1 g", "three or four columns"],
    ["1 g 10.0.0.1 rw=read x", "three or four columns"],
    ["1 g 10.0.0.1 rw=some", "fourth column"],
    ["1 g 10.0.0.1 read", "fourth column"],
    ["1 g 10.0.0.1:0", "the port"],
    ["1 g 10.0.0.1,10.0.0.2", "same kind"],
    ["1 g 10.0.0.1\n1 g 10.0.0.2", "line 2: the id 1 is already used in line 1"],
    ["1 g 10.0.0.1\n2 h 10.0.0.1:23000", "line 2: the address 10.0.0.1:23000 is already used in line 1"],
    ["# only a comment", "has no entry"],
  ])("refuses %j", (text, reason) => expect(refusal(text)).toContain(reason));

  it("lets storages of one host differ by port", () => {
    expect(parseStorageIds("1 g 10.0.0.1:1\n2 g 10.0.0.1:2\n16777215 g h rw=ALL", "ids")).toHaveLength(3);
  });

  it("reports all bad lines at once", () => {
    expect(refusal("x\ny\n").split("\n")).toHaveLength(2);
  });

  it("prints what it reads back, lines as command 69 sends them", () => {
    const entry = fc.record({
      id: fc.integer({ min: 1, max: 16777215 }),
      groupName: fc.stringMatching(/^[A-Za-z0-9]{1,16}$/),
      hosts: fc.constantFrom(["10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["2001:db8::3"], ["::1", "10.0.0.1"], ["host-1.x"]),
      port: fc.integer({ min: 1, max: 65535 }),
      rwMode: fc.constantFrom("none", "read", "write", "both"),
    });
    fc.assert(
      fc.property(entry, (value) => {
        expect(parseStorageIdLine(printStorageIdLine(value))).toEqual(value);
      }),
    );
    const line = "100002 group1 10.98.0.12,192.0.2.12:23001 rw=read";
    expect(printStorageIds(parseStorageIds(line, "ids"))).toBe(`${line}\n`);
    expect(parseStorageIds(printStorageIdsSample(), "ids")).toHaveLength(3);
  });
});
