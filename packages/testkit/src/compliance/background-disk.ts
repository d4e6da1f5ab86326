// What every BackgroundDisk must do: the same as its disk, one call after the other, without anybody waiting for one that
// hangs.
import { type BackgroundDisk, type Disk, type DiskFile, systemErrorCode } from "@fastdfs-ts/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PassingTime, settled } from "./passing-time.ts";

/** A place where a call hangs. */
export interface HangingPlace {
  /** Opening this path for reading does not return before `release`. */
  readonly path: string;
  release(): void;
}

export interface BackgroundDiskUnderTest extends PassingTime {
  readonly disk: Disk;
  /** An empty directory for this test alone. */
  readonly root: string;
  hang(): HangingPlace;
}

/** Declares the tests; `makeDisk` is called once for each. */
export function backgroundDiskCompliance(name: string, makeDisk: () => BackgroundDiskUnderTest): void {
  describe(`${name} complies with the BackgroundDisk port`, () => {
    let underTest: BackgroundDiskUnderTest;
    let disk: Disk;
    let background: BackgroundDisk;

    const at = (path: string) => `${underTest.root}/${path}`;
    const done = <T>(work: Promise<T>): Promise<T> => settled(underTest, work);
    const codeOf = async (work: Promise<unknown>): Promise<string | undefined> => {
      try {
        await done(work);
        return undefined;
      } catch (error) {
        return systemErrorCode(error) ?? String(error);
      }
    };
    const bytes = (text: string) => Buffer.from(text);
    const readAll = (file: DiskFile): string => {
      const into = Buffer.alloc(100);
      return into.toString("latin1", 0, file.read(into, 0, into.length, 0));
    };

    beforeEach(() => {
      underTest = makeDisk();
      disk = underTest.disk;
      background = disk.background("test");
    });
    afterEach(() => background.close());

    it("writes, reads, cuts and closes files", async () => {
      const file = background.through(await done(background.open(at("a"), "create")));
      await done(file.write(bytes("xxHello, diskxx"), 2, 11, 0));
      await done(file.write(bytes("D"), 0, 1, 7));
      await done(file.truncate(10));
      await done(file.sync());
      await done(file.setTimes(1_500_000_000));
      expect(await done(file.stat())).toMatchObject({ kind: "file", sizeBytes: 10, modifiedMs: 1_500_000_000_000 });
      const into = Buffer.alloc(14, "-");
      expect(await done(file.read(into, 2, 12, 0))).toBe(10);
      expect(into.toString()).toBe("--Hello, Dis--");
      expect(await done(file.read(into, 0, 4, 10))).toBe(0);
      await done(file.close());
      expect(disk.readFile(at("a")).toString()).toBe("Hello, Dis");
    });

    it("does everything that its disk does with names", async () => {
      await done(background.makeDirectory(at("dir/below")));
      (await done(background.open(at("dir/file"), "append"))).close();
      await done(background.symlink("file", at("dir/link")));
      expect(await done(background.readDirectory(at("dir")))).toEqual(["below", "file", "link"]);
      expect(await done(background.readLink(at("dir/link")))).toBe("file");
      for (const path of ["dir", "dir/file", "dir/link", "missing", "dir/file/below"]) {
        expect(await done(background.stat(at(path)))).toEqual(disk.stat(at(path)));
        expect(await done(background.linkStat(at(path)))).toEqual(disk.linkStat(at(path)));
      }
      await done(background.syncDirectory(at("dir")));
      await done(background.rename(at("dir/file"), at("dir/new")));
      await done(background.unlink(at("dir/link")));
      await done(background.removeDirectory(at("dir/below")));
      expect(disk.readDirectory(at("dir"))).toEqual(["new"]);
      expect(await done(background.readFile(at("dir/new")))).toEqual(Buffer.alloc(0));
      expect((await done(background.space(at("dir")))).totalBytes).toBe(disk.space(at("dir")).totalBytes);
    });

    it("fails as its disk does", async () => {
      disk.makeDirectory(at("dir/below"));
      expect(await codeOf(background.open(at("missing"), "read"))).toBe("ENOENT");
      expect(await codeOf(background.open(at("dir"), "create"))).toBe("EEXIST");
      expect(await codeOf(background.readFile(at("dir")))).toBe("EISDIR");
      expect(await codeOf(background.removeDirectory(at("dir")))).toBe("ENOTEMPTY");
      expect(await codeOf(background.unlink(at("missing")))).toBe("ENOENT");
      expect(await codeOf(background.readLink(at("dir")))).toBe("EINVAL");
      expect(await codeOf(background.space(at("missing")))).toBe("ENOENT");
      const file = disk.open(at("a"), "create");
      const readOnly = background.through(disk.open(at("a"), "read"));
      expect(await codeOf(readOnly.write(bytes("x"), 0, 1, 0))).toBe("EBADF");
      await done(readOnly.close());
      expect(await codeOf(readOnly.stat())).toBe("EBADF");
      file.close();
    });

    it("shares open files with its disk", async () => {
      const inline = disk.open(at("a"), "create");
      const through = background.through(inline);
      inline.write(bytes("one "), 0, 4, 0);
      await done(through.write(bytes("two"), 0, 3, 4));
      expect(readAll(inline)).toBe("one two");
      const opened = await done(background.open(at("a"), "read"));
      expect(readAll(opened)).toBe("one two");
      opened.close();
      await done(through.close());
      expect(() => inline.stat()).toThrow(/EBADF/);
    });

    it("runs one call after the other, in order", async () => {
      const file = background.through(disk.open(at("a"), "append"));
      const order: number[] = [];
      const writes = Array.from({ length: 20 }, async (_, i) => {
        await file.write(bytes(String.fromCharCode(97 + i)), 0, 1, 0);
        order.push(i);
      });
      const closing = file.close();
      expect(background.outstanding).toBe(21);
      await done(Promise.all([...writes, closing]));
      expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(disk.readFile(at("a")).toString()).toBe("abcdefghijklmnopqrst");
      expect(background).toMatchObject({ outstanding: 0, ended: 21 });
      expect(background.lastCallMs).toBeGreaterThanOrEqual(0);
    });

    it("lets a file be closed inline: what has not begun gets EBADF", async () => {
      const file = disk.open(at("a"), "create");
      const writes = [bytes("a"), bytes("b")].map((content) => background.through(file).write(content, 0, 1, 0));
      const outcomes = Promise.allSettled(writes);
      file.close();
      expect((await done(outcomes))[1]).toMatchObject({ reason: { code: "EBADF" } });
    });

    it("refuses more calls than may wait, but never to close a file", async () => {
      const file = disk.open(at("a"), "create");
      const taken: Promise<unknown>[] = [];
      let refused: string | undefined;
      while (refused === undefined) {
        const before = background.outstanding;
        const call = background.stat(at("a"));
        if (background.outstanding > before) taken.push(call);
        else refused = await codeOf(call);
        expect(taken.length).toBeLessThan(100_000);
      }
      expect(refused).toBe("EAGAIN");
      taken.push(background.through(file).close());
      await done(Promise.all(taken));
      expect(() => file.stat()).toThrow(/EBADF/);
    });

    describe("in a call that hangs", () => {
      let place: HangingPlace;
      let hanging: Promise<DiskFile>;

      beforeEach(() => {
        place = underTest.hang();
        hanging = background.open(place.path, "read");
      });
      // Where a test is about not waiting, the thread would otherwise outlive it.
      afterEach(() => place.release());

      it("lets its disk, and other background disks, go on", async () => {
        const other = disk.background("other");
        expect(await done(other.stat(underTest.root))).toMatchObject({ kind: "directory" });
        expect(disk.stat(underTest.root)).toMatchObject({ kind: "directory" });
        expect(background.outstanding).toBe(1);
        other.close();
        place.release();
        (await done(hanging)).close();
      });

      it("sends its callers away, and makes up for what they relied on", async () => {
        const file = disk.open(at("a"), "create");
        file.write(bytes("content"), 0, 7, 0);
        const through = background.through(file);
        const into = Buffer.alloc(7);
        const calls = [
          hanging,
          through.read(into, 0, 7, 0),
          through.write(bytes("changed"), 0, 7, 0),
          through.truncate(4),
          background.rename(at("a"), at("b")),
          background.open(at("never"), "create"),
          through.close(),
        ];
        const outcomes = Promise.allSettled(calls);
        background.giveUp(new Error("the disk hangs"));
        for (const outcome of await done(outcomes)) {
          expect(outcome).toMatchObject({ status: "rejected", reason: { message: "the disk hangs" } });
        }
        const afterwards = background.stat(at("b"));
        place.release();
        expect(await done(afterwards)).toMatchObject({ sizeBytes: 4 });
        expect(disk.readFile(at("b")).toString()).toBe("cont");
        expect(into).toEqual(Buffer.alloc(7));
        expect(disk.stat(at("never"))).toBeUndefined();
        expect(() => file.stat()).toThrow(/EBADF/);
      });

      it("is closed without waiting", async () => {
        const waiting = background.stat(underTest.root);
        const outcomes = Promise.all([hanging, waiting].map(codeOf));
        background.close();
        background.close();
        expect(await outcomes).toEqual(["EBADF", "EBADF"]);
        expect(await codeOf(background.stat(underTest.root))).toBe("EBADF");
      });
    });
  });
}
