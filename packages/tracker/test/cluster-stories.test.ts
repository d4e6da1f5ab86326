// Stories about storages and a tracker: who is in which state, who is sent where, what is told to whom.
import {
  composeName,
  DeleteStorageRequest,
  FileLocationIpv6,
  FileQuery,
  GroupRequest,
  IpChanged,
  isStanding,
  SetTrunkServerRequest,
  sourceOfStorageId,
  sourceOfIp,
} from "@fastdfs-ts/protocol";
import { parseStorageIds } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { checkLiveness } from "../src/cluster/liveness.ts";
import { restoreCluster, storeCluster } from "../src/cluster/stored-cluster.ts";
import { activeGroup, ClientInTest, groupOf, nameFrom, StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

function nameOfId(id: number, createdSeconds: number): string {
  const source = sourceOfStorageId(String(id));
  return `M00/00/00/${composeName({ source, createdSeconds, kind: "normal", fileBytes: 100, crc32: 1, extension: "txt" }, 0, "123.txt")}`;
}

describe("a new member", () => {
  it("of an empty group is complete at once", async () => {
    const tracker = new TrackerInMemory();
    const storage = new StorageInTest(tracker, "10.96.0.11");
    expect(await storage.join()).toBe(0);
    expect(storage.node.status).toBe("INIT");
    await storage.beat();
    expect(storage.node.status).toBe("INIT");
    await storage.ask(87);
    expect(storage.node.status).toBe("ONLINE");
    await storage.reportDisks(5000);
    expect(storage.node.status).toBe("ACTIVE");
    expect(await new ClientInTest(tracker).upload()).toBe("10.96.0.11/0");
  });

  it("of a group with files is filled before it serves", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await groupOf(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    expect(second.node).toMatchObject({ status: "WAIT_SYNC", syncUntil: tracker.now });
    const client = new ClientInTest(tracker);
    expect([await client.upload(), await client.upload()]).toEqual(["10.96.0.11/0", "10.96.0.11/0"]);
    await first.report(second, "SYNCING");
    await second.beat();
    expect(second.node.status).toBe("SYNCING");
    await first.report(second, "OFFLINE");
    expect(second.node.status).toBe("OFFLINE");
    await second.beat();
    await second.reportDisks(5000);
    expect([await client.upload(), await client.upload()]).toEqual(["10.96.0.11/0", "10.96.0.12/0"]);
  });

  it("waits while nobody can fill it", async () => {
    const tracker = new TrackerInMemory();
    const [first] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    first.disconnect();
    const second = new StorageInTest(tracker, "10.96.0.12");
    await second.join();
    expect((await second.ask(87)).status).toBe(2);
    expect(second.node.status).toBe("INIT");
  });

  it("that lost its source has to ask for another one, and does not turn active and empty", async () => {
    const tracker = new TrackerInMemory();
    const storages = await activeGroup(tracker, "10.96.0.11", "10.96.0.12");
    const third = await new StorageInTest(tracker, "10.96.0.13").start();
    storages[0]!.disconnect();
    const admin = tracker.connect("10.96.0.100");
    const request = DeleteStorageRequest.encode({ groupName: "group1", storageId: "10.96.0.11" });
    expect((await tracker.ask(admin, 93, request)).status).toBe(0);
    expect(third.node.syncSource).toBeUndefined();
    third.disconnect();
    await third.join({ isNew: false });
    expect(await third.tellSource("")).toBe(2);
    expect(third.node.status).toBe("WAIT_SYNC");
    await third.join({ isNew: true });
    expect((await third.ask(87)).body.toString("latin1", 0, 10)).toBe("10.96.0.12");
  });

  it("tells a second tracker which source the first one named", async () => {
    const tracker = new TrackerInMemory();
    const storages = await groupOf(tracker, "10.96.0.11");
    const second = new StorageInTest(tracker, "10.96.0.12");
    await second.join();
    expect(await second.tellSource("10.96.0.99")).toBe(2);
    expect(await second.tellSource("10.96.0.11", 77)).toBe(0);
    expect(second.node).toMatchObject({ status: "WAIT_SYNC", syncUntil: 77 });
    expect(second.node.syncSource).toBe(storages[0]!.node);
    const third = new StorageInTest(tracker, "10.96.0.13");
    await third.join();
    expect(await third.tellSource("")).toBe(0);
    expect(third.node.status).toBe("ONLINE");
  });
});

describe("a join", () => {
  it.each([
    ["another port", { port: 23001 }, 22],
    ["fewer store paths", { paths: 1 }, 22],
    ["another sub directory count", { subdirs: 16 }, 22],
    ["a tracker list without this one", { trackers: ["10.96.0.9:22122"] }, 0],
    ["a status it cannot have", { isNew: false, status: -1 }, 14],
    ["DELETED", { isNew: false, status: 4 }, 14],
    ["an unknown status", { isNew: false, status: 8 }, 14],
    ["a status it can have", { isNew: false, status: 7 }, 0],
  ])("with %s", async (_what, facts, status) => {
    const tracker = new TrackerInMemory();
    await new StorageInTest(tracker, "10.96.0.11", { paths: 2 }).start();
    const other = new StorageInTest(tracker, "10.96.0.12", { paths: 2, ...facts });
    expect(await other.join()).toBe(status);
    expect(tracker.cluster.findGroup("group1")!.members.length).toBe(status === 0 ? 2 : 1);
  });

  it("is refused by a tracker that is not in the list, and by one that would know too many", async () => {
    const tracker = new TrackerInMemory();
    const storage = new StorageInTest(tracker, "10.96.0.11", { trackers: ["10.96.0.9:22122", "10.96.0.1:22123"] });
    expect(await storage.join()).toBe(2);
    const many = Array.from({ length: 16 }, (_, index) => `10.96.1.${index}:22122`);
    expect(await storage.join({ trackers: ["10.96.0.1:22122"] })).toBe(0);
    expect(await storage.join({ trackers: many })).toBe(28);
    expect(tracker.cluster.groups.length).toBe(1);
    expect(tracker.events.map(({ event }) => event)).toContain("join.refused");
  });

  it("with a status goes on from there", async () => {
    const tracker = new TrackerInMemory();
    const storage = new StorageInTest(tracker, "10.96.0.11", { isNew: false, status: 2 });
    await storage.join();
    expect(storage.node.status).toBe("SYNCING");
    const back = new StorageInTest(tracker, "10.96.0.12", { isNew: false, status: 5 });
    await back.join();
    expect(back.node.status).toBe("ONLINE");
  });

  it("of the last member with a new port, path or directory count moves the group there", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    const group = tracker.cluster.findGroup("group1")!;
    expect(await first.join({ port: 23001 })).toBe(22);
    expect(await second.join({ port: 23001 })).toBe(0);
    expect(group.port).toBe(23001);
    const shape = { port: 23001, paths: 3 };
    // C lets it join and refuses its disk reports, so it joins again each second (W26).
    expect(await first.join(shape)).toBe(22);
    expect(await second.join(shape)).toBe(0);
    expect(group.storePathCount).toBe(3);
    expect(await first.join(shape)).toBe(0);
    expect(await first.reportDisks(1000, 3)).toBe(0);
    expect(await first.join({ ...shape, subdirs: 16 })).toBe(22);
    expect(await second.join({ ...shape, subdirs: 16 })).toBe(0);
    expect(group.subdirCount).toBe(16);
  });

  it("beyond 32 members is refused, until one of them is deleted", async () => {
    const tracker = new TrackerInMemory();
    for (let index = 0; index < 32; index++) {
      expect(await new StorageInTest(tracker, `10.97.0.${index}`).join()).toBe(0);
    }
    const late = new StorageInTest(tracker, "10.96.0.11");
    expect(await late.join()).toBe(28);
    const group = tracker.cluster.findGroup("group1")!;
    const request = DeleteStorageRequest.encode({ groupName: "group1", storageId: "10.97.0.7" });
    expect((await late.ask(93, request)).status).toBe(0);
    expect(await late.join()).toBe(0);
    expect([group.members.length, group.find("10.97.0.7")]).toEqual([32, undefined]);
    expect((await late.beat()).storages?.length).toBe(32);
  });

  it("twice on two connections keeps the member in service until both are gone", async () => {
    const tracker = new TrackerInMemory();
    const [storage] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    const again = new StorageInTest(tracker, "10.96.0.11");
    await again.join();
    storage.disconnect();
    expect(storage.node.status).toBe("ACTIVE");
    again.disconnect();
    expect(storage.node).toMatchObject({ status: "OFFLINE", upTime: 0 });
  });
});

describe("storage ids", () => {
  const ids = parseStorageIds(
    "100001 group1 10.96.0.11:23000\n100002 group1 10.96.0.11:23001 rw=read\n100003 group1 10.96.0.12 rw=none\n" +
      "100004 group1 192.168.0.4,10.96.0.14 rw=write\n100009 group2 10.96.0.11:23002\n",
    "storage_ids.conf",
  );
  const config = { useStorageId: true, idTypeInFileName: "id", storageIds: ids } as const;

  it("let several storages share a host, each by its port", async () => {
    const tracker = new TrackerInMemory(config);
    const first = new StorageInTest(tracker, "10.96.0.11");
    const second = new StorageInTest(tracker, "10.96.0.11", { port: 23001 });
    expect(await first.join()).toBe(0);
    expect(await second.join()).toBe(0);
    const group = tracker.cluster.findGroup("group1")!;
    expect(group.sorted.map(({ id, port }) => [id, port])).toEqual([
      ["100001", 23000],
      ["100002", 23001],
    ]);
    expect(group.port).toBe(-1);
  });

  it("refuse unknown ones and those of another group", async () => {
    const tracker = new TrackerInMemory(config);
    expect(await new StorageInTest(tracker, "10.96.0.99").join()).toBe(2);
    expect(await new StorageInTest(tracker, "10.96.0.11", { id: "100099" }).join()).toBe(2);
    expect(await new StorageInTest(tracker, "10.96.0.11", { id: "100009" }).join()).toBe(22);
    expect(tracker.cluster.groups).toEqual([]);
  });

  it("are looked up by address when they are not trusted", async () => {
    const tracker = new TrackerInMemory({ ...config, trustStorageServerId: false });
    await new StorageInTest(tracker, "10.96.0.11", { id: "100002" }).join();
    expect(tracker.cluster.findGroup("group1")!.members.map(({ id }) => id)).toEqual(["100001"]);
  });

  it("say who may be read from and written to, and which address suits a client", async () => {
    const tracker = new TrackerInMemory(config);
    const ports = { "100001": 23000, "100002": 23001, "100003": 23000, "100004": 23000 };
    for (const [id, port] of Object.entries(ports)) {
      const storage = new StorageInTest(tracker, "10.96.0.11", { id, port, isNew: false, status: 7 });
      await storage.join();
      await storage.reportDisks(5000);
    }
    const group = tracker.cluster.findGroup("group1")!;
    expect(group.readable.map(({ id }) => id)).toEqual(["100001", "100002"]);
    expect(group.writable.map(({ id }) => id)).toEqual(["100001", "100004"]);
    expect(group.members.every(({ status }) => status === "ACTIVE")).toBe(true);
    group.writeCursor = 1;
    expect(await new ClientInTest(tracker, "10.1.1.1").upload()).toBe("10.96.0.14/0");
    group.writeCursor = 1;
    expect(await new ClientInTest(tracker, "192.168.7.7").upload()).toBe("192.168.0.4/0");
    group.writeCursor = 1;
    expect(await new ClientInTest(tracker, "203.0.113.5").upload()).toBe("192.168.0.4/0");
  });

  it("give IPv6 storages a name, and clients of either kind an address of theirs", async () => {
    const dual = parseStorageIds(
      "1 group1 [2001:db8::11,10.96.0.11]:23000\n2 group1 [2001:db8::12]:23000\n",
      "storage_ids.conf",
    );
    const tracker = new TrackerInMemory({ ...config, storageIds: dual, responseAddressBytes: 46 });
    const first = new StorageInTest(tracker, "2001:db8::11", { id: "1" });
    const second = new StorageInTest(tracker, "2001:db8::12", { id: "2" });
    for (const storage of [first, second]) {
      expect(await storage.join({ isNew: false, status: 7 })).toBe(0);
      await storage.reportDisks(5000);
    }
    const sees = async (client: string) => {
      const session = tracker.connect(client);
      const query = FileQuery.encode({ groupName: "group1", logicalName: nameOfId(1, tracker.now) });
      return FileLocationIpv6.decode((await tracker.ask(session, 102, query)).body).storageIp;
    };
    expect(await sees("2001:db8::99")).toBe("2001:db8::11");
    expect(await sees("10.1.1.1")).toBe("10.96.0.11");
    // Without ids there is no room for such an address.
    expect(await new StorageInTest(new TrackerInMemory(), "2001:db8::12").join()).toBe(22);
  });

  it("keep ports apart only when names carry ids", async () => {
    const tracker = new TrackerInMemory({ ...config, idTypeInFileName: "ip" });
    expect(await new StorageInTest(tracker, "10.96.0.11").join()).toBe(0);
    expect(await new StorageInTest(tracker, "10.96.0.11", { port: 23001 }).join()).toBe(22);
  });
});

describe("files", () => {
  it("are read where they are, and by turns once they are everywhere", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    const client = new ClientInTest(tracker);
    const name = nameFrom("10.96.0.11", tracker.now);
    expect([await client.find(102, name), await client.find(102, name)]).toEqual(["10.96.0.11", "10.96.0.11"]);
    await second.reportSync({ "10.96.0.11": tracker.now + 1, "10.96.0.12": 0 });
    const answers = [await client.find(102, name), await client.find(102, name), await client.find(102, name)];
    expect(new Set(answers)).toEqual(new Set(["10.96.0.11", "10.96.0.12"]));
  });

  it("are changed at their source, or elsewhere when it is gone", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    const client = new ClientInTest(tracker);
    const name = nameFrom("10.96.0.11", tracker.now, "appender");
    expect([await client.find(103, name), await client.find(102, name)]).toEqual(["10.96.0.11", "10.96.0.11"]);
    first.disconnect();
    // Nobody else has it, as far as is known. C names a server without looking (W11).
    expect([await client.find(103, name), await client.find(102, name)]).toEqual(["10.96.0.12", 2]);
    await second.reportSync({ "10.96.0.11": tracker.now + 1 });
    expect([await client.find(103, name), await client.find(102, name)]).toEqual(["10.96.0.12", "10.96.0.12"]);
  });

  it("of odd names are answered as well", async () => {
    const tracker = new TrackerInMemory();
    await activeGroup(tracker, "10.96.0.11", "10.96.0.12");
    const client = new ClientInTest(tracker);
    for (const name of ["!".repeat(22), "M00/00/00/" + "\u00ff".repeat(30), "x".repeat(127)]) {
      expect(await client.find(102, name)).toBe("10.96.0.11");
    }
    expect(await client.find(102, nameFrom("10.96.0.11", 0), "nobody")).toBe(2);
  });
});

describe("sync reports", () => {
  it.each([
    ["round-robin", 40, 40],
    ["first-by-address", 50, 50],
  ] as const)("with %s", async (uploadStorageChoice, synced, afterOlder) => {
    const tracker = new TrackerInMemory({ uploadStorageChoice });
    const storages = await activeGroup(tracker, "10.96.0.11", "10.96.0.12", "10.96.0.13");
    const third = storages[2]!;
    await third.reportSync({ "10.96.0.11": 50, "10.96.0.12": 40, "10.96.0.13": 0, "10.96.0.99": 1 });
    expect(third.node.lastSyncedTimestamp).toBe(synced);
    // A source that is not in service does not count.
    storages[0]!.disconnect();
    await third.reportSync({ "10.96.0.11": 1 });
    await third.reportSync({ "10.96.0.12": 40 });
    expect(third.node.lastSyncedTimestamp).toBe(afterOlder);
    // The matrix does not forget what was once said.
    const { sync } = tracker.cluster.findGroup("group1")!;
    const fromFirst = (node: { readonly slot: number }) => sync.get(storages[0]!.node.slot, node.slot);
    // It was filled by the first, a C server, up to now.
    expect(fromFirst(third.node)).toBe(tracker.now);
    await third.reportSync({ "10.96.0.11": tracker.now + 7 });
    await third.reportSync({ "10.96.0.11": 1 });
    expect(fromFirst(third.node)).toBe(tracker.now + 7);
  });
});

describe("space", () => {
  it("decides about uploads, and says 28 when there is none", async () => {
    const tracker = new TrackerInMemory({ reservedSpace: { kind: "bytes", bytes: 1024 ** 3 } });
    const [storage] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    const client = new ClientInTest(tracker);
    expect(await client.upload()).toBe("10.96.0.11/0");
    await storage.reportDisks(1024);
    expect([await client.upload(), await client.upload("group1"), await client.upload("nobody")]).toEqual([28, 28, 2]);
    await storage.reportDisks(1025);
    expect(await client.upload()).toBe("10.96.0.11/0");
  });

  it("moves the uploads to the group with most of it when that is reported", async () => {
    const tracker = new TrackerInMemory({ groupChoice: "most-free" });
    const small = await new StorageInTest(tracker, "10.96.0.11", { groupName: "a" }).start(5000);
    await new StorageInTest(tracker, "10.96.0.12", { groupName: "b" }).start(6000);
    const client = new ClientInTest(tracker);
    expect([await client.upload(), await client.upload()]).toEqual(["10.96.0.12/0", "10.96.0.12/0"]);
    await small.reportDisks(7000);
    expect(await client.upload()).toBe("10.96.0.11/0");
  });

  it("rotates over groups and paths otherwise, and new groups do not disturb that", async () => {
    const tracker = new TrackerInMemory();
    await new StorageInTest(tracker, "10.96.0.12", { groupName: "b", paths: 2 }).start();
    const client = new ClientInTest(tracker);
    expect([await client.upload(), await client.upload()]).toEqual(["10.96.0.12/0", "10.96.0.12/1"]);
    await new StorageInTest(tracker, "10.96.0.11", { groupName: "a" }).start();
    const answers = [await client.upload(), await client.upload(), await client.upload(), await client.upload()];
    expect(answers.filter((answer) => answer === "10.96.0.11/0").length).toBe(2);
  });
});

describe("silence", () => {
  it("takes an active member out of service, and its next beat brings it back", async () => {
    const tracker = new TrackerInMemory({ checkActiveIntervalMs: 100_000 });
    const [storage] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    tracker.now += 100;
    checkLiveness(tracker.cluster);
    expect(storage.node.status).toBe("ACTIVE");
    tracker.now += 1;
    checkLiveness(tracker.cluster);
    expect(storage.node.status).toBe("OFFLINE");
    expect(await new ClientInTest(tracker).upload()).toBe(2);
    const list = await storage.beat();
    expect(storage.node.status).toBe("ACTIVE");
    expect(list.storages?.length).toBe(1);
  });
});

describe("the list of changes", () => {
  it("is told once per change and storage, the leader once per connection", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    await first.beat();
    await second.beat();
    expect(await first.beat()).toEqual({ leader: undefined, trunkServer: undefined, storages: undefined });
    second.disconnect();
    expect((await first.beat()).storages?.map(({ status }) => status)).toEqual([7, 5]);
    await second.join({ isNew: false });
    const list = await second.beat();
    expect(list.leader?.storageIp).toBe("10.96.0.1");
    expect(list.storages?.length).toBe(2);
  });

  it("names the trunk server when there is one", async () => {
    const tracker = new TrackerInMemory({ useTrunkFile: true });
    const [first] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    await first.beat();
    const group = tracker.cluster.findGroup("group1")!;
    group.trunkServer = first.node;
    group.trunkServerVersion++;
    expect((await first.beat()).trunkServer?.storageId).toBe("10.96.0.11");
    group.trunkServer = undefined;
    group.trunkServerVersion++;
    expect((await first.beat()).trunkServer).toEqual({ status: 0, storagePort: 0, storageId: "", storageIp: "" });
  });

  it("is asked of the trunk server alone, but a follower that has not heard who it is takes its reports (wire-protocol.md §12 no. 15)", async () => {
    const report = (storage: StorageInTest, command: number, value: number) => {
      const body = Buffer.alloc(command === 73 ? 4 : 8);
      if (command === 73) body.writeInt32BE(value);
      else body.writeBigInt64BE(BigInt(value));
      return storage.ask(command, body).then(({ status }) => status);
    };
    for (const [trackers, status] of [
      [["10.96.0.1:22122"], 22],
      [["10.96.0.1:22122", "10.96.0.2:22122"], 0],
    ] as const) {
      const tracker = new TrackerInMemory();
      const storage = await new StorageInTest(tracker, "10.96.0.11", { trackers: [...trackers] }).start();
      for (const command of [73, 74]) expect(await report(storage, command, 7)).toBe(status);
      expect(storage.node.group).toMatchObject({ currentTrunkFileId: 0, trunkFreeMib: 0 });
    }
  });

  it("is kept back by a tracker that does not lead", async () => {
    const tracker = new TrackerInMemory();
    const trackers = ["10.96.0.1:22122", "10.96.0.2:22122"];
    const storage = new StorageInTest(tracker, "10.96.0.11", { trackers });
    await storage.start();
    expect(await storage.beat()).toEqual({ leader: undefined, trunkServer: undefined, storages: undefined });
    expect((await storage.ask(95)).status).toBe(2);
    expect((await storage.ask(96, Buffer.alloc(3))).status).toBe(95);
    expect((await storage.ask(64)).body[0]).toBe(0);
  });

  it("is told again after the leader resigned and came back", async () => {
    const tracker = new TrackerInMemory();
    const [storage] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    await storage.beat();
    expect((await storage.ask(68)).status).toBe(0);
    expect((await storage.ask(95)).status).toBe(2);
    expect((await storage.ask(68)).status).toBe(95);
    tracker.cluster.leadership.introduce();
    expect((await storage.beat()).leader?.storageIp).toBe("10.96.0.1");
  });
});

describe("reports about others", () => {
  it("create members that this tracker does not know, but only such that can exist", async () => {
    const tracker = new TrackerInMemory();
    const [first] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    const other = new StorageInTest(tracker, "10.96.0.12");
    for (const status of ["DELETED", "IP_CHANGED", "ONLINE", "ACTIVE", "NONE"] as const)
      await first.report(other, status);
    expect(tracker.cluster.findGroup("group1")!.members.length).toBe(1);
    await first.report(other, "SYNCING");
    expect(other.node).toMatchObject({ status: "SYNCING", port: 23000 });
  });

  it("do not bring a deleted member back", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await groupOf(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    const request = DeleteStorageRequest.encode({ groupName: "group1", storageId: "10.96.0.12" });
    await tracker.ask(first.session, 93, request);
    await first.report(second, "OFFLINE");
    await second.beat();
    await second.reportDisks(5000);
    expect(second.node.status).toBe("DELETED");
    expect((await second.ask(87)).status).toBe(2);
    expect(await second.tellSource("10.96.0.11")).toBe(2);
    second.disconnect();
    await second.join();
    expect(second.node.status).toBe("INIT");
  });
});

describe("what an administrator does", () => {
  it("needs a stopped member, and an empty group", async () => {
    const tracker = new TrackerInMemory();
    const [first] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    const admin = tracker.connect("10.96.0.100");
    const remove = async (storageId: string) =>
      (await tracker.ask(admin, 93, DeleteStorageRequest.encode({ groupName: "group1", storageId }))).status;
    const removeGroup = async () =>
      (await tracker.ask(admin, 108, GroupRequest.encode({ groupName: "group1" }))).status;
    expect([await remove("10.96.0.11"), await remove("10.96.0.99")]).toEqual([16, 2]);
    first.disconnect();
    expect([await removeGroup(), await remove("10.96.0.11"), await remove("10.96.0.11")]).toEqual([16, 0, 114]);
    // After a restart the deleted record is gone.
    const restarted = new TrackerInMemory();
    expect(restoreCluster(restarted.cluster, storeCluster(tracker.cluster))).toEqual([]);
    expect(restarted.cluster.findGroup("group1")!.members).toEqual([]);
    // C needs that restart before the group can be deleted (W31).
    expect([await removeGroup(), tracker.cluster.groups.length]).toEqual([0, 0]);
  });

  it("cannot name a trunk server that cannot be one", async () => {
    const tracker = new TrackerInMemory({ useTrunkFile: true });
    const [first] = (await groupOf(tracker, "10.96.0.11")) as [StorageInTest];
    const ask = async (storageId: string) =>
      (await first.ask(94, SetTrunkServerRequest.encode({ groupName: "group1", storageId }))).status;
    expect([await ask("10.96.0.99"), await ask("10.96.0.11"), await ask("")]).toEqual([2, 95, 95]);
  });
});

describe("a tracker that restarts", () => {
  it("knows everything but who is in service", async () => {
    const tracker = new TrackerInMemory({ useTrunkFile: true });
    const storages = await activeGroup(tracker, "10.96.0.12", "10.96.0.11");
    const third = await new StorageInTest(tracker, "10.96.0.13").start();
    await storages[0]!.reportSync({ "10.96.0.11": 1234 });
    const group = tracker.cluster.findGroup("group1")!;
    group.trunkServer = storages[0]!.node;
    group.currentTrunkFileId = 5;
    const stored = storeCluster(tracker.cluster);

    const restarted = new TrackerInMemory({ useTrunkFile: true });
    expect(restoreCluster(restarted.cluster, stored)).toEqual([]);
    expect(storeCluster(restarted.cluster)).toEqual({
      ...stored,
      storages: stored.storages.map((storage) => ({ ...storage, status: storage.ip === third.ip ? 1 : 5 })),
    });
    const back = restarted.cluster.findGroup("group1")!;
    expect(back.members.map(({ id, status }) => [id, status])).toEqual([
      ["10.96.0.12", "OFFLINE"],
      ["10.96.0.11", "OFFLINE"],
      ["10.96.0.13", "WAIT_SYNC"],
    ]);
    expect(back.find("10.96.0.13")!.syncSource?.id).toBe("10.96.0.11");
    expect(back.trunkServer?.id).toBe("10.96.0.12");
    expect(back.sync.get(back.find("10.96.0.11")!.slot, back.find("10.96.0.12")!.slot)).toBe(1234);
    expect(await new ClientInTest(restarted).upload()).toBe(2);
  });

  it("says what it cannot place, and goes on", async () => {
    const tracker = new TrackerInMemory();
    await groupOf(tracker, "10.96.0.11", "10.96.0.12");
    const stored = storeCluster(tracker.cluster);
    const restarted = new TrackerInMemory();
    const complaints = restoreCluster(restarted.cluster, {
      ...stored,
      groups: stored.groups.map((group) => ({ ...group, trunkServer: "10.96.0.99" })),
      storages: [...stored.storages.map((storage) => ({ ...storage, syncSource: "10.96.0.98" })), stored.storages[0]!],
    });
    expect(complaints.join("\n")).toMatch(/there twice[^]*98[^]*99/);
    expect(restarted.cluster.findGroup("group1")!.members.length).toBe(2);
  });

  it("finds its members under their ids when ids were turned on", async () => {
    const tracker = new TrackerInMemory();
    await groupOf(tracker, "10.96.0.11", "10.96.0.12");
    const ids = parseStorageIds("7 group1 10.96.0.11\n8 group1 10.96.0.12\n", "storage_ids.conf");
    const restarted = new TrackerInMemory({ useStorageId: true, storageIds: ids });
    expect(restoreCluster(restarted.cluster, storeCluster(tracker.cluster))).toEqual([]);
    const group = restarted.cluster.findGroup("group1")!;
    expect(group.members.map(({ id }) => id)).toEqual(["7", "8"]);
    expect(group.find("8")!.syncSource?.id).toBe("7");
  });

  it("keeps what it knew of replication when ids were turned on", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    await second.reportSync({ "10.96.0.11": tracker.now + 9 });
    const ids = parseStorageIds("7 group1 10.96.0.11\n8 group1 10.96.0.12\n", "storage_ids.conf");
    const restarted = new TrackerInMemory({ useStorageId: true, idTypeInFileName: "id", storageIds: ids });
    restarted.now = tracker.now;
    restoreCluster(restarted.cluster, storeCluster(tracker.cluster));
    const back = new StorageInTest(restarted, "10.96.0.12", { id: "8", isNew: false, status: 7 });
    await back.join();
    await back.reportDisks(5000);
    const client = new ClientInTest(restarted);
    // Old names carry the address, new ones the id: both are files of storage 7, which is not there.
    expect(await client.find(102, nameFrom("10.96.0.11", tracker.now + 8))).toBe("10.96.0.12");
    expect(await client.find(102, nameOfId(7, tracker.now + 8))).toBe("10.96.0.12");
    expect(await client.find(102, nameOfId(7, tracker.now + 9))).toBe(2);
  });
});

describe("an address that changes (ip mode)", () => {
  async function move(tracker: TrackerInMemory, oldIp: string, newIp: string): Promise<number> {
    const request = IpChanged.encode({ groupName: "group1", oldIp, newIp });
    return (await tracker.ask(tracker.connect(newIp), 78, request)).status;
  }

  it("takes the history along: what it has of others, and what others have of it (check 36)", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    await second.reportSync({ "10.96.0.11": tracker.now + 9 });
    expect(await move(tracker, "10.96.0.12", "10.96.0.22")).toBe(16);
    second.disconnect();
    expect(await move(tracker, "10.96.0.12", "10.96.0.22")).toBe(0);
    const moved = new StorageInTest(tracker, "10.96.0.22", { isNew: false, status: 7 });
    await moved.join();
    await moved.reportDisks(5000);
    expect(moved.node.status).toBe("ACTIVE");
    const group = tracker.cluster.findGroup("group1")!;
    expect(group.find("10.96.0.12")!.status).toBe("IP_CHANGED");
    first.disconnect();
    expect(await new ClientInTest(tracker).find(102, nameFrom("10.96.0.11", tracker.now + 8))).toBe("10.96.0.22");
    expect((await moved.ask(77)).body.toString()).toBe(`${tracker.now} group1 10.96.0.12 3 10.96.0.22\n`);
  });

  it("its files, whose names tell the old one, are read and changed where it is now, however often it moves", async () => {
    const tracker = new TrackerInMemory();
    const [first, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    // Nobody else has them.
    const youngest = nameFrom("10.96.0.12", tracker.now);
    const changing = nameFrom("10.96.0.12", tracker.now, "appender");
    const client = new ClientInTest(tracker);
    let standing = second;
    for (const [oldIp, newIp] of [
      ["10.96.0.12", "10.96.0.22"],
      ["10.96.0.22", "10.96.0.32"],
      ["10.96.0.32", "10.96.0.22"],
    ] as const) {
      standing.disconnect();
      expect(await move(tracker, oldIp, newIp)).toBe(0);
      expect(await client.find(102, youngest)).toBe(2);
      standing = new StorageInTest(tracker, newIp, { isNew: false, status: 7 });
      await standing.join();
      await standing.reportDisks(5000);
      for (const command of [102, 103] as const) {
        expect(await client.find(command, youngest)).toBe(newIp);
        expect(await client.find(command, changing)).toBe(newIp);
      }
    }
    await standing.reportSync({ "10.96.0.11": tracker.now + 9 });
    await first.reportSync({ "10.96.0.22": tracker.now + 9 });
    standing.disconnect();
    expect(await client.find(102, youngest)).toBe("10.96.0.11");
  });

  it("is somebody else's then: names that tell it are looked for there", async () => {
    const tracker = new TrackerInMemory();
    const [, second] = (await activeGroup(tracker, "10.96.0.11", "10.96.0.12")) as [StorageInTest, StorageInTest];
    second.disconnect();
    expect(await move(tracker, "10.96.0.12", "10.96.0.22")).toBe(0);
    const newcomer = new StorageInTest(tracker, "10.96.0.12");
    await newcomer.join();
    expect(tracker.cluster.findGroup("group1")!.findSource(sourceOfIp("10.96.0.12"))).toBe(newcomer.node);
  });

  it("to one at which another storage was removed once is no removal of the one that moves in", async () => {
    const tracker = new TrackerInMemory();
    const storages = await activeGroup(tracker, "10.96.0.11", "10.96.0.12", "10.96.0.13");
    storages[2]!.disconnect();
    const request = DeleteStorageRequest.encode({ groupName: "group1", storageId: "10.96.0.13" });
    expect((await tracker.ask(tracker.connect("10.96.0.100"), 93, request)).status).toBe(0);
    storages[1]!.disconnect();
    expect(await move(tracker, "10.96.0.12", "10.96.0.13")).toBe(0);
    expect(isStanding(tracker.cluster.removals.get("group1", "10.96.0.13"))).toBe(false);
    const moved = new StorageInTest(tracker, "10.96.0.13", { isNew: false, status: 7 });
    expect(await moved.join()).toBe(0);
    expect(moved.node.status).toBe("ONLINE");
  });
});

describe("a tracker that leads again", () => {
  it("tells its members anew, because another leader may have told otherwise in between", async () => {
    const tracker = new TrackerInMemory();
    const [first] = await activeGroup(tracker, "10.96.0.11", "10.96.0.12");
    const { leadership } = tracker.cluster;
    await first!.beat();
    expect((await first!.beat()).storages).toBeUndefined();
    leadership.resign("steppedDown", "test");
    expect((await first!.beat()).storages).toBeUndefined();
    leadership.elected([], [], "test");
    const told = await first!.beat();
    expect(told.storages?.map(({ storageId }) => storageId)).toEqual(["10.96.0.11", "10.96.0.12"]);
    expect((await first!.beat()).storages).toBeUndefined();
  });
});
