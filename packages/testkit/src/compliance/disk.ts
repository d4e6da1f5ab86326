// What every Disk must do, error codes included: they become status bytes on the wire.
import { type Disk, type OpenMode, systemErrorCode } from "@fastdfs-ts/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { type PassingTime, settled } from "./passing-time.ts";

export interface DiskUnderTest extends PassingTime {
  readonly disk: Disk;
  /** An empty directory for this test alone. */
  readonly root: string;
}

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return systemErrorCode(error) ?? String(error);
  }
  return undefined;
}

/** Declares the tests; `makeDisk` is called once for each. */
export function diskCompliance(name: string, makeDisk: () => DiskUnderTest): void {
  describe(`${name} complies with the Disk port`, () => {
    let disk: Disk;
    let root: string;
    let time: PassingTime;

    const at = (path: string) => `${root}/${path}`;
    const put = (path: string, content: string, mode: OpenMode = "replace") => {
      const file = disk.open(at(path), mode);
      file.write(Buffer.from(content), 0, Buffer.byteLength(content), 0);
      file.close();
    };
    const get = (path: string) => disk.readFile(at(path)).toString();

    beforeEach(() => {
      const underTest = makeDisk();
      ({ disk, root } = underTest);
      time = underTest;
    });

    describe("open modes", () => {
      const outcomes: Record<OpenMode, { missing: string | undefined; existing: string | undefined; kept: boolean }> = {
        read: { missing: "ENOENT", existing: undefined, kept: true },
        write: { missing: "ENOENT", existing: undefined, kept: true },
        create: { missing: undefined, existing: "EEXIST", kept: true },
        open: { missing: undefined, existing: undefined, kept: true },
        replace: { missing: undefined, existing: undefined, kept: false },
        append: { missing: undefined, existing: undefined, kept: true },
      };
      for (const [mode, { missing, existing, kept }] of Object.entries(outcomes) as [
        OpenMode,
        (typeof outcomes)[OpenMode],
      ][]) {
        it(`${mode}: missing file ${missing ?? "created"}, existing file ${existing ?? (kept ? "kept" : "emptied")}`, () => {
          const open = (path: string) => disk.open(at(path), mode).close();
          expect(codeOf(() => open("missing"))).toBe(missing);
          expect(disk.stat(at("missing")) !== undefined).toBe(missing === undefined);
          put("existing", "content");
          expect(codeOf(() => open("existing"))).toBe(existing);
          expect(get("existing")).toBe(kept ? "content" : "");
        });
      }

      it("write nothing through a file opened for reading", () => {
        put("a", "abc");
        const file = disk.open(at("a"), "read");
        expect(codeOf(() => file.write(Buffer.from("x"), 0, 1, 0))).toBe("EBADF");
        expect(codeOf(() => file.truncate(0))).toBe("EINVAL");
        file.close();
        expect(get("a")).toBe("abc");
      });

      it("append writes to the end whatever the position says, also after somebody else wrote", () => {
        put("log", "one ");
        const file = disk.open(at("log"), "append");
        file.write(Buffer.from("two "), 0, 4, 0);
        put("log", "ONE two other ", "write");
        file.write(Buffer.from("three"), 0, 5, 0);
        file.close();
        expect(get("log")).toBe("ONE two other three");
      });

      it("say what is wrong with a path", () => {
        put("file", "x");
        disk.makeDirectory(at("directory"));
        expect(codeOf(() => disk.open(at("no/such"), "create"))).toBe("ENOENT");
        expect(codeOf(() => disk.open(at("file/below"), "open"))).toBe("ENOTDIR");
        expect(codeOf(() => disk.open(at("directory"), "open"))).toBe("EISDIR");
        expect(codeOf(() => disk.open(at("directory"), "create"))).toBe("EEXIST");
        expect(codeOf(() => disk.open(at("n".repeat(256)), "create"))).toBe("ENAMETOOLONG");
      });
    });

    describe("an open file", () => {
      it("reads what is there, less at the end, nothing behind it", () => {
        put("a", "0123456789");
        const file = disk.open(at("a"), "read");
        const into = Buffer.alloc(8, "-");
        expect(file.read(into, 2, 4, 3)).toBe(4);
        expect(into.toString()).toBe("--3456--");
        expect(file.read(into, 0, 8, 6)).toBe(4);
        expect(file.read(into, 0, 8, 10)).toBe(0);
        expect(file.read(into, 0, 8, 1_000_000)).toBe(0);
        file.close();
      });

      it("writes the slice that was asked for, and zeros where nothing was written", () => {
        const file = disk.open(at("a"), "create");
        file.write(Buffer.from("xxABCxx"), 2, 3, 5);
        file.write(Buffer.from("z"), 0, 1, 0);
        expect(file.stat().sizeBytes).toBe(8);
        file.close();
        expect(get("a")).toBe("z\0\0\0\0ABC");
      });

      it("keeps large contents over page borders", () => {
        const content = Buffer.from(Array.from({ length: 20_000 }, (_, i) => i % 251));
        const file = disk.open(at("a"), "create");
        file.write(content, 0, 15_000, 0);
        file.write(content, 15_000, 5000, 15_000);
        file.write(content, 4000, 300, 4000);
        file.close();
        expect(disk.readFile(at("a")).equals(content)).toBe(true);
      });

      it("is cut and stretched by truncate; what comes back is zeros", () => {
        put("a", "0123456789");
        const file = disk.open(at("a"), "write");
        file.truncate(4);
        expect(file.stat().sizeBytes).toBe(4);
        file.truncate(6);
        file.close();
        expect(get("a")).toBe("0123\0\0");
      });

      it("keeps the times it is given", () => {
        put("a", "");
        const file = disk.open(at("a"), "write");
        file.setTimes(1_500_000_000);
        expect(file.stat().modifiedMs).toBe(1_500_000_000_000);
        file.close();
        expect(disk.stat(at("a"))?.modifiedMs).toBe(1_500_000_000_000);
      });

      it("is the same file for everyone who opened it, also after it lost its name", () => {
        put("a", "before");
        const writer = disk.open(at("a"), "write");
        const reader = disk.open(at("a"), "read");
        expect(writer.stat().inode).toBe(reader.stat().inode);
        disk.unlink(at("a"));
        writer.write(Buffer.from("after!"), 0, 6, 0);
        const into = Buffer.alloc(6);
        expect(reader.read(into, 0, 6, 0)).toBe(6);
        expect(into.toString()).toBe("after!");
        expect(disk.stat(at("a"))).toBeUndefined();
        writer.close();
        reader.close();
      });

      it("throws EBADF from every call after close", () => {
        const file = disk.open(at("a"), "create");
        file.close();
        const one = Buffer.alloc(1);
        const calls = [
          () => file.read(one, 0, 1, 0),
          () => file.write(one, 0, 1, 0),
          () => file.truncate(0),
          () => file.sync(),
          () => file.stat(),
          () => file.setTimes(0),
          () => file.close(),
        ];
        expect(calls.map(codeOf)).toEqual(calls.map(() => "EBADF"));
      });

      it("syncs in the foreground and in the background, and may be closed meanwhile", async () => {
        const file = disk.open(at("a"), "create");
        file.write(Buffer.from("x"), 0, 1, 0);
        file.sync();
        const syncs = [file.syncInBackground(), file.syncInBackground()];
        file.close();
        await settled(time, Promise.all(syncs));
        await expect(settled(time, file.syncInBackground())).rejects.toMatchObject({ code: "EBADF" });
        expect(get("a")).toBe("x");
      });
    });

    describe("stat", () => {
      it("is undefined where nothing is, also below a file", () => {
        put("file", "x");
        expect(disk.stat(at("missing"))).toBeUndefined();
        expect(disk.stat(at("missing/below"))).toBeUndefined();
        expect(disk.stat(at("file/below"))).toBeUndefined();
        expect(disk.linkStat(at("missing"))).toBeUndefined();
      });

      it("tells kinds, sizes and identities", () => {
        put("file", "12345");
        disk.symlink("file", at("link"));
        expect(disk.stat(root)?.kind).toBe("directory");
        expect(disk.stat(at("file"))).toMatchObject({ kind: "file", sizeBytes: 5 });
        expect(disk.stat(at("link"))).toEqual(disk.stat(at("file")));
        expect(disk.linkStat(at("link"))).toMatchObject({ kind: "symlink", sizeBytes: 4 });
        const inodes = ["file", "link", "."].map((path) => disk.linkStat(at(path))?.inode);
        expect(new Set(inodes).size).toBe(3);
      });
    });

    describe("names", () => {
      it("rename replaces the target and keeps the file", () => {
        put("a", "new");
        put("b", "old");
        const inode = disk.stat(at("a"))?.inode;
        disk.rename(at("a"), at("b"));
        expect(disk.readDirectory(root)).toEqual(["b"]);
        expect(get("b")).toBe("new");
        expect(disk.stat(at("b"))?.inode).toBe(inode);
      });

      it("rename moves directories with what is in them", () => {
        disk.makeDirectory(at("a/b"));
        put("a/b/file", "x");
        disk.makeDirectory(at("empty"));
        disk.rename(at("a"), at("empty"));
        expect(get("empty/b/file")).toBe("x");
        expect(disk.readDirectory(root)).toEqual(["empty"]);
      });

      it("rename refuses what makes no sense", () => {
        put("file", "x");
        disk.makeDirectory(at("directory/below"));
        expect(codeOf(() => disk.rename(at("missing"), at("x")))).toBe("ENOENT");
        expect(codeOf(() => disk.rename(at("file"), at("missing/x")))).toBe("ENOENT");
        expect(codeOf(() => disk.rename(at("file"), at("directory")))).toBe("EISDIR");
        expect(codeOf(() => disk.rename(at("directory"), at("file")))).toBe("ENOTDIR");
        disk.makeDirectory(at("other"));
        expect(codeOf(() => disk.rename(at("other"), at("directory")))).toBe("ENOTEMPTY");
        expect(codeOf(() => disk.rename(at("directory"), at("directory/below/x")))).toBe("EINVAL");
        disk.rename(at("file"), at("file"));
        expect(get("file")).toBe("x");
      });

      it("unlink removes files and links, not what they point to, and no directories", () => {
        put("file", "x");
        disk.symlink("file", at("link"));
        disk.unlink(at("link"));
        expect(get("file")).toBe("x");
        disk.unlink(at("file"));
        expect(codeOf(() => disk.unlink(at("file")))).toBe("ENOENT");
        disk.makeDirectory(at("directory"));
        // Linux says EISDIR, POSIX and macOS say EPERM.
        expect(["EISDIR", "EPERM"]).toContain(codeOf(() => disk.unlink(at("directory"))));
      });

      it("reads whole files only", () => {
        expect(codeOf(() => disk.readFile(root))).toBe("EISDIR");
        expect(codeOf(() => disk.readFile(at("missing")))).toBe("ENOENT");
      });
    });

    describe("symbolic links", () => {
      it("are followed, relative and absolute, as a name and on the way", () => {
        disk.makeDirectory(at("store/deep"));
        put("store/deep/file", "x");
        disk.symlink("deep", at("store/relative"));
        disk.symlink(at("store"), at("absolute"));
        expect(get("store/relative/file")).toBe("x");
        expect(get("absolute/relative/file")).toBe("x");
        expect(get("absolute/relative/../deep/./file")).toBe("x");
        expect(disk.readLink(at("store/relative"))).toBe("deep");
      });

      it("may dangle: stat finds nothing, open creates the target, create refuses", () => {
        disk.symlink("target", at("link"));
        expect(disk.stat(at("link"))).toBeUndefined();
        expect(disk.linkStat(at("link"))?.kind).toBe("symlink");
        expect(codeOf(() => disk.open(at("link"), "create"))).toBe("EEXIST");
        put("link", "x", "open");
        expect(get("target")).toBe("x");
      });

      it("are replaced, not followed, by rename", () => {
        put("file", "x");
        put("new", "y");
        disk.symlink("file", at("link"));
        disk.rename(at("new"), at("link"));
        expect(disk.linkStat(at("link"))?.kind).toBe("file");
        expect(get("file")).toBe("x");
      });

      it("fail as others do", () => {
        put("file", "x");
        disk.symlink("loop", at("loop"));
        expect(codeOf(() => disk.open(at("loop"), "read"))).toBe("ELOOP");
        expect(codeOf(() => disk.symlink("x", at("file")))).toBe("EEXIST");
        expect(codeOf(() => disk.readLink(at("file")))).toBe("EINVAL");
        expect(codeOf(() => disk.readLink(at("missing")))).toBe("ENOENT");
      });
    });

    describe("directories", () => {
      it("are made with what is missing above them, again without complaint", () => {
        disk.makeDirectory(at("a/b/c"));
        disk.makeDirectory(at("a/b/c"));
        expect(disk.stat(at("a/b/c"))?.kind).toBe("directory");
        put("file", "x");
        expect(codeOf(() => disk.makeDirectory(at("file")))).toBe("EEXIST");
        expect(codeOf(() => disk.makeDirectory(at("file/below")))).toBe("ENOTDIR");
      });

      it("list their names in order", () => {
        for (const name of ["b", "B", "a", "10", "9", "_"]) put(name, "");
        disk.makeDirectory(at("dir"));
        expect(disk.readDirectory(root)).toEqual(["10", "9", "B", "_", "a", "b", "dir"]);
        expect(codeOf(() => disk.readDirectory(at("a")))).toBe("ENOTDIR");
        expect(codeOf(() => disk.readDirectory(at("missing")))).toBe("ENOENT");
      });

      it("are removed when they are empty", () => {
        disk.makeDirectory(at("a/b"));
        put("file", "");
        expect(codeOf(() => disk.removeDirectory(at("a")))).toBe("ENOTEMPTY");
        expect(codeOf(() => disk.removeDirectory(at("file")))).toBe("ENOTDIR");
        expect(codeOf(() => disk.removeDirectory(at("missing")))).toBe("ENOENT");
        disk.removeDirectory(at("a/b"));
        disk.removeDirectory(at("a"));
        expect(disk.stat(at("a"))).toBeUndefined();
      });

      it("are synced", () => {
        put("file", "x");
        disk.syncDirectory(root);
        expect(codeOf(() => disk.syncDirectory(at("missing")))).toBe("ENOENT");
        expect(codeOf(() => disk.syncDirectory(at("file")))).toBe("ENOTDIR");
      });
    });

    it("tells the space of a file system", () => {
      const space = disk.space(root);
      expect(space.totalBytes).toBeGreaterThan(0);
      expect(space.availableBytes).toBeGreaterThan(0);
      expect(space.availableBytes).toBeLessThanOrEqual(space.totalBytes);
      expect(space.freeInodes).toBeLessThanOrEqual(space.totalInodes);
      expect(codeOf(() => disk.space(at("missing")))).toBe("ENOENT");
    });
  });
}
