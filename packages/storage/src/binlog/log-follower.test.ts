import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { logStart } from "./binlog-position.ts";
import { BinlogReader } from "./binlog-reader.ts";
import { BinlogWriter } from "./binlog-writer.ts";
import { ContentRing } from "./content-ring.ts";
import { type FollowedEntry, LogFollower } from "./log-follower.ts";
import { LogTail } from "./log-tail.ts";

const FOLDER = "/base/data/sync";

function setUp(tail: LogTail, partBytes?: number) {
  const { world } = SimWorld.create(1).host("192.0.2.1");
  const log = Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
  return { disk: world.disk, binlog: BinlogWriter.open(world, FOLDER, log, partBytes, tail) };
}

const withoutContent = ({ kind, at, after, ...rest }: FollowedEntry) => ({
  kind,
  at,
  after,
  what: "record" in rest ? rest.record : rest.reason,
});

describe("LogFollower", () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: 6 }) }),
    },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("read" as const), count: fc.integer({ min: 1, max: 9 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom("follow" as const, "leave" as const), count: fc.nat(0) }),
    },
  );

  it("gives the entries that a reader gives, whatever of them is in memory", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 60, max: 400 }), (steps, partBytes) => {
        const { disk, binlog } = setUp(new LogTail(5, 100), partBytes);
        const follower = LogFollower.open(disk, binlog, logStart);
        const seen: FollowedEntry[] = [];
        let leave = binlog.tail.follow();
        let written = 0;
        const read = (count: number) => {
          for (let entry; count > 0 && (entry = follower.next()) !== undefined; count--) seen.push(entry);
        };
        for (const { kind, count } of steps) {
          if (kind === "append") {
            const records = Array.from({ length: count }, () => {
              return { seconds: 1, op: "C", logicalName: `M00/00/00/${written++}`, extra: undefined } as const;
            });
            binlog.appendAll(records);
          } else if (kind === "read") read(count);
          else if (kind === "leave") leave();
          else leave = binlog.tail.follow();
        }
        read(Infinity);
        expect(seen).toHaveLength(written);
        const reader = BinlogReader.open(disk, FOLDER, logStart);
        for (const entry of seen) {
          const same = reader.next();
          expect(same && withoutContent(same)).toEqual(withoutContent(entry));
        }
        expect(reader.next()).toBeUndefined();
      }),
    );
  });

  it("has the content of a file that was kept, until others take its place or nobody follows", () => {
    const tail = new LogTail(5, 10);
    const { disk, binlog } = setUp(tail);
    const contentOf = (entry: FollowedEntry | undefined) =>
      entry?.kind === "record" && entry.content !== undefined ? tail.content(entry.content)?.toString() : undefined;
    const follower = LogFollower.open(disk, binlog, logStart);
    const leave = tail.follow();
    binlog.append(1, "C", "M00/00/00/a");
    tail.keepContent("M00/00/00/b", Buffer.from("of another"));
    tail.keepContent("M00/00/00/a", Buffer.from("first"));
    binlog.append(1, "C", "M00/00/00/b");
    tail.keepContent("M00/00/00/b", Buffer.from("next"));
    const [a, b] = [follower.next(), follower.next()];
    expect([contentOf(a), contentOf(b)]).toEqual(["first", "next"]);
    binlog.append(1, "C", "M00/00/00/c");
    tail.keepContent("M00/00/00/c", Buffer.from("last"));
    const c = follower.next();
    expect([contentOf(a), contentOf(b), contentOf(c)]).toEqual([undefined, "next", "last"]);
    leave();
    leave();
    expect(contentOf(c)).toBeUndefined();
    tail.follow();
    binlog.append(1, "C", "M00/00/00/d");
    tail.keepContent("M00/00/00/d", Buffer.from("much later"));
    expect([a, b, c, follower.next()].map(contentOf)).toEqual([undefined, undefined, undefined, "much later"]);
  });
});

describe("ContentRing", () => {
  it("gives what was put in, or says that it is gone", () => {
    const contents = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 });
    fc.assert(
      fc.property(contents, fc.integer({ min: 1, max: 64 }), (all, bytes) => {
        const ring = new ContentRing(bytes);
        const kept = all.map((content) => ({ content, place: ring.keep(content) }));
        for (const { content, place } of kept) {
          expect(place === undefined).toBe(content.length > bytes);
          const read = place && ring.read(place);
          if (read !== undefined) expect(Buffer.from(content).equals(read)).toBe(true);
        }
        const last = kept.at(-1)?.place;
        if (last !== undefined) expect(ring.read(last)).toBeDefined();
      }),
    );
  });
});
