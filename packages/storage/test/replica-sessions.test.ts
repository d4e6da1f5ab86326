// What members say of themselves when they push, what that leads to, and names that no honest member pushes.
import { readFileSync } from "node:fs";
import { HEADER_BYTES, storageCommands } from "@fastdfs-ts/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readFile } from "./every-request.ts";
import { RawClient } from "./raw-client.ts";
import { emptyStatus, nameStating, push } from "./replica-pusher.ts";
import { type ServedStore, serveStore } from "./served-store.ts";
import { binlogLines, visibleFiles } from "./unharmed.ts";

let served: ServedStore;
let client: RawClient;

beforeAll(async () => {
  served = await serveStore({ powerLossMs: 1_700_000_000_123 });
  client = await RawClient.dial(served.port);
});
afterAll(async () => {
  await client.end();
  await served.remove();
});

const NAME = "M00/00/01/CmAAC2sCaA-ACKP8AAAAKnl8CjM577.txt";
const OTHER = "M00/00/02/CmAAC2sCaBOAPV4VAAAEG2Fs367708.txt";
const pathOf = (name: string) => served.store.paths.all[0]!.fileAt(name.slice(4));
const bytes = (count: number, letter = "x") => Buffer.alloc(count, letter);

describe("pushed names", () => {
  it("in directories that are not here are stored all the same", async () => {
    // The store has 4 × 4 directories.
    const far = NAME.replace("/00/01/", "/E0/F1/");
    expect(emptyStatus(await client.exchange(push.create(far, bytes(5))))).toBe(0);
    expect(readFileSync(pathOf(far))).toEqual(bytes(5));
    const link = NAME.replace("/00/01/", "/E1/00/");
    expect(emptyStatus(await client.exchange(push.link(link, far)))).toBe(0);
    expect(readFileSync(pathOf(link))).toEqual(bytes(5));
    const moved = nameStating(bytes(5), "005").replace("/00/00/", "/E2/00/");
    expect(emptyStatus(await client.exchange(push.rename(moved, far)))).toBe(0);
    expect(readFileSync(pathOf(moved))).toEqual(bytes(5));
  });

  const requests: Record<string, (name: string) => Buffer> = {
    16: (name) => push.create(name, bytes(5)),
    18: (name) => push.update(name, bytes(5)),
    17: (name) => push.delete(name),
    25: (name) => push.append(name, 0, bytes(5)),
    35: (name) => push.modify(name, 0, bytes(5)),
    37: (name) => push.truncate(name, 1, 2),
    "19, the link": (name) => push.link(name, OTHER),
    "19, the target": (name) => push.link(OTHER, name),
    "40, the new": (name) => push.rename(name, OTHER),
    "40, the old": (name) => push.rename(OTHER, name),
  };
  const bad = [
    NAME.replace("M00", "M01"),
    NAME.replace("M00", "MFF"),
    NAME.replace("/00/01/", "/../../"),
    "M00/00/00/../../../../../../../etc/passwd",
    `${NAME}\n1 C M00/00/00/forged`,
    `${NAME} x`,
    `${NAME}\x7f`,
    "M00/00/01/..",
  ];

  it.each(Object.entries(requests))("%s: those that no file here can have are refused", async (_, request) => {
    const before = { files: visibleFiles(served), log: binlogLines(served) };
    for (const name of bad) {
      const one = await RawClient.dial(served.port);
      expect(emptyStatus(await one.exchange(request(name))), JSON.stringify(name)).toBe(22);
      await one.closed;
    }
    expect({ files: visibleFiles(served), log: binlogLines(served) }).toEqual(before);
    expect(served.troubles).toEqual([]);
  });

  it("of files inside trunk files become files of their own, which are read (wire-protocol.md §12 no. 20)", async () => {
    const name = "M00/00/00/7YYBAGsCcPKICJMyAAAADKDhBDgAAAAAQAABQAAAAEA519.jpg";
    for (const [request, content] of [
      [push.create, bytes(12)],
      [push.update, bytes(12, "y")],
    ] as const) {
      expect(emptyStatus(await client.exchange(request(name, content)))).toBe(0);
      expect((await readFile(client, "group1", name)).subarray(HEADER_BYTES)).toEqual(content);
    }
  });

  it("on another store path than the old name are refused", async () => {
    const two = await serveStore({ storePathCount: 2 });
    try {
      const one = await RawClient.dial(two.port);
      expect(emptyStatus(await one.exchange(push.create(NAME, bytes(5))))).toBe(0);
      expect(emptyStatus(await one.exchange(push.rename(OTHER.replace("M00", "M01"), NAME)))).toBe(22);
    } finally {
      await two.remove();
    }
  });
});

describe("a truncation of a file that is not here", () => {
  it.each([
    ["nobody that is known", undefined, 17],
    ["a C server, which would repeat it for ever", push.reportId("10.0.0.9"), 17],
    ["one of ours, which pushes the file", push.hello("10.0.0.9"), 2],
  ])("from %s", async (_, introduction, status) => {
    const one = await RawClient.dial(served.port);
    if (introduction !== undefined) await one.exchange(introduction);
    expect(emptyStatus(await one.exchange(push.truncate(NAME.replace("/01/", "/03/"), 5, 3)))).toBe(status);
    await one.end();
  });
});

describe("the introduction of a peer", () => {
  it("by 122 is answered with our version and when the power was lost", async () => {
    const one = await RawClient.dial(served.port);
    for (const version of [1, 7]) {
      const answer = await one.exchange(push.hello("10.0.0.9", version));
      const { extensionVersion, powerLossMs } = storageCommands.peerHello.answer.decode(answer.subarray(HEADER_BYTES));
      expect(extensionVersion).toBe(Math.min(version, 3));
      expect(powerLossMs).toBe(1_700_000_000_123);
    }
    await one.end();
  });

  it.each(["", "a/b", "../x", "a b"])("as %j is refused", async (id) => {
    for (const request of [push.reportId(id), push.hello(id)]) {
      const one = await RawClient.dial(served.port);
      expect(emptyStatus(await one.exchange(request))).toBe(22);
      await one.closed;
    }
  });
});

describe("the progress of a source", () => {
  const fresh = (n: number) => NAME.replace("AAKnl8", `AAK${n.toString().padStart(3, "0")}`);

  it("is the highest time of its records, whichever way they were done", async () => {
    const one = await RawClient.dial(served.port);
    const get = () => served.stamps.get("10.0.0.21");
    await one.exchange(push.create(fresh(1), bytes(5), { seconds: 100 }));
    expect(get(), "it had not introduced itself").toBe(0);
    await one.exchange(push.reportId("10.0.0.21"));
    const steps: [Buffer, number][] = [
      [push.create(fresh(2), bytes(5), { seconds: 100 }), 100],
      [push.create(fresh(3), bytes(5), { seconds: 99 }), 100],
      [push.create(fresh(3), bytes(5), { seconds: 101 }), 101],
      [push.update(fresh(3), bytes(6), { seconds: 102 }), 102],
      [push.append(fresh(3), 6, bytes(4), { seconds: 103 }), 103],
      [push.append(fresh(3), 0, bytes(4), { seconds: 104 }), 104],
      [push.append(fresh(3), 99, bytes(4), { seconds: 200 }), 104],
      [push.modify(fresh(3), 0, bytes(4), { seconds: 105 }), 105],
      [push.modify(fresh(9), 0, bytes(4), { seconds: 200 }), 105],
      [push.truncate(fresh(3), 10, 5, { seconds: 106 }), 106],
      [push.link(fresh(4), fresh(3), { seconds: 107 }), 107],
      [push.rename(fresh(5), fresh(3), { seconds: 200 }), 107],
      [push.delete(fresh(5), { seconds: 108 }), 108],
      [push.delete(fresh(5), { seconds: 109 }), 109],
      [push.create(fresh(6), bytes(5), { seconds: 200, groupName: "group2" }), 109],
    ];
    for (const [request, stamp] of steps) {
      await one.exchange(request);
      expect(get()).toBe(stamp);
    }
    expect(served.stamps.stamps()).toContainEqual({ sourceStorageId: "10.0.0.21", untilSeconds: 109 });
    await one.cut();
  });

  it("is not moved by what may be ahead of its clock: slaves and metadata of a source of ours", async () => {
    for (const [introduction, storageId, stamp] of [
      [push.hello("10.0.0.22"), "10.0.0.22", 100],
      [push.reportId("10.0.0.23"), "10.0.0.23", 300],
    ] as const) {
      const one = await RawClient.dial(served.port);
      await one.exchange(introduction);
      await one.exchange(push.create(fresh(1), bytes(5), { seconds: 100 }));
      await one.exchange(push.create(`${fresh(1)}-m`, bytes(5), { seconds: 200 }));
      await one.exchange(push.delete(`${fresh(1)}-m`, { seconds: 300 }));
      expect(served.stamps.get(storageId)).toBe(stamp);
      await one.end();
    }
  });
});
