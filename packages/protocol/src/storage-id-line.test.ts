import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FdfsError } from "./errors.ts";
import { parseStorageIdLine, printStorageIdLine } from "./storage-id-line.ts";

describe("lines of the storage id list", () => {
  it.each([
    ["100001 group1 10.98.0.11:23000", { hosts: ["10.98.0.11"], port: 23_000, rwMode: "both" }],
    ["100001 group1 10.98.0.11,192.168.0.1:23000 rw=read", { hosts: ["10.98.0.11", "192.168.0.1"], rwMode: "read" }],
    ["100001 group1 [fe80::1,fe80::2]:23000", { hosts: ["fe80::1", "fe80::2"], port: 23_000 }],
    ["100001 group1 storage.example", { hosts: ["storage.example"], port: undefined }],
  ])("%s", (line, facts) => {
    const entry = parseStorageIdLine(line);
    expect(entry).toMatchObject({ storageId: "100001", groupName: "group1", ...facts });
    expect(printStorageIdLine(entry)).toBe(line);
  });

  it.each(["", "x group1 1.2.3.4", "1 group1", "1 gr-oup 1.2.3.4", "1 g 1.2.3.4:0", "1 g 1.2.3.4:65536", "1 g h rw=x"])(
    "%j is refused",
    (line) => {
      expect(() => parseStorageIdLine(line)).toThrow(FdfsError);
    },
  );

  it("throw nothing but an FdfsError", () => {
    fc.assert(
      fc.property(fc.string(), (line) => {
        try {
          parseStorageIdLine(line);
        } catch (error) {
          expect(error).toBeInstanceOf(FdfsError);
        }
      }),
    );
  });
});
