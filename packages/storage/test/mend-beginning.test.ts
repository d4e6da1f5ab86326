// The beginning of an appender is taken from another member while the end is only here: whatever fails on the way, and
// wherever it does, the file is as before or mended, and never without its end.
import { FdfsError } from "@fastdfs-ts/protocol";
import { Deadlines, SystemError } from "@fastdfs-ts/runtime";
import { beforeEach, describe, expect, it } from "vitest";
import { resolveName } from "../src/files/resolve-name.ts";
import { type Beginning, mendBeginning } from "../src/recovery/mend-beginning.ts";
import { PeerClient } from "../src/recovery/peer-client.ts";
import { DIRECTORY, type Member, Scene } from "./power-loss-scene.ts";

const KIB = 1024;
const beginning = Buffer.alloc(100 * KIB, "the beginning, which both have; ");
const end = Buffer.alloc(300 * KIB, "the end, which only one has; ");
const whole = Buffer.concat([beginning, end]);
/** Old pages came back in the beginning. */
const torn = Buffer.from(whole).fill(0, 4 * KIB, 8 * KIB);

let scene: Scene;
let owner: Member;
let other: Member;
let name: string;

async function setScene(): Promise<void> {
  scene = await Scene.open("mend", 2);
  [owner, other] = scene.members as [Member, Member];
  name = await scene.world.run(scene.at(owner, (client) => client.uploadAppender(beginning)));
  scene.replicate();
  scene.cutOff.add(other);
  await scene.world.run(scene.at(owner, (client) => client.append(name, end)));
  await tear();
}
beforeEach(setScene);

/** The owner's file is torn, and on the disk. */
async function tear(): Promise<void> {
  const file = owner.host.world.disk.open(`${DIRECTORY}/path0/data/${name.slice(4)}`, "write");
  file.write(torn, 0, torn.length, 0);
  file.setTimes(1_700_000_000);
  file.sync();
  file.close();
  await scene.world.runFor(60_000);
}

function peer(): PeerClient {
  const { clock, network } = owner.host.world;
  const times = { connectTimeoutMs: 1000, networkTimeoutMs: 5000 };
  const dialing = {
    network,
    deadlines: Deadlines.open(clock, 50),
    ...times,
    groupName: "group1",
    ownId: owner.address,
  };
  return new PeerClient(dialing, { host: other.address, port: other.served!.port });
}

type Giver = Parameters<typeof mendBeginning>[2];

/** Its outcome, or what it threw; undefined if its process ended. */
async function mend(giver: Giver = peer()): Promise<Beginning | { readonly thrown: unknown } | undefined> {
  let outcome: Beginning | { readonly thrown: unknown } | undefined;
  void mendBeginning(owner.store, resolveName(owner.store, name), giver).then(
    (result) => (outcome = result),
    (thrown: unknown) => (outcome = { thrown }),
  );
  await scene.world.runUntil(() => outcome !== undefined || !owner.host.isUp);
  return owner.host.isUp ? outcome : undefined;
}

const content = () => owner.files().get(name)!.content;

it("what the other has is the beginning, with our end behind it and the time of our file", async () => {
  expect(await mend()).toBe("mended");
  expect(content().equals(whole)).toBe(true);
  const { path } = resolveName(owner.store, name);
  expect(owner.host.world.disk.stat(path)?.modifiedMs).toBe(1_700_000_000_000);
  expect(await mend()).toBe("same");
});

describe("nothing is lost if it fails at any call", () => {
  /** As often as it has calls: each time on the same scene, so that these are the same. Returns how many they are. */
  async function failEverywhere(who: () => Member, strike: (call: number) => void): Promise<number> {
    for (let call = 1; ; call++) {
      await setScene();
      const { diskFaults } = who().host;
      const before = diskFaults.calls;
      strike(call);
      const outcome = await mend();
      const isReached = diskFaults.calls - before >= call;
      diskFaults.crashAtCall(Infinity, () => expect.fail());
      if (!isReached) return call - 1;
      for (const member of scene.members) if (!member.host.isUp) await member.restart();
      const found = content();
      expect(found.equals(torn) || found.equals(whole), `call ${call}: ${found.length} bytes are left`).toBe(true);
      if (typeof outcome === "object") expect(outcome.thrown).toBeInstanceOf(FdfsError);
      // It is done again, and then works.
      expect(await mend()).toMatch(/mended|same/);
      expect(content().equals(whole)).toBe(true);
    }
  }

  it.each(["EIO", "ENOSPC"] as const)("of our disk (%s)", async (code) => {
    const fail = (call: number) =>
      owner.host.diskFaults.crashAtCall(call, () => {
        throw new SystemError(code, "disk", "somewhere");
      });
    expect(await failEverywhere(() => owner, fail)).toBeGreaterThan(10);
  });

  it.each(["process", "power"] as const)("of our disk, where we crash (%s)", async (kind) => {
    const crash = (call: number) => owner.host.crashAtDiskCall(call, kind);
    expect(await failEverywhere(() => owner, crash)).toBeGreaterThan(10);
  });

  it("of the other's disk, where it crashes", async () => {
    const crash = (call: number) => other.host.crashAtDiskCall(call, "process");
    expect(await failEverywhere(() => other, crash)).toBeGreaterThan(5);
  });
});

describe("what the other has changes between the question and the answer", () => {
  async function giverThat(changes: () => Promise<void>): Promise<Giver> {
    const client = peer();
    return {
      info: (logicalName) => client.info(logicalName),
      download: async (logicalName, sink) => {
        await changes();
        return client.download(logicalName, sink);
      },
    };
  }

  it("it has more than we now: ours is left as it is", async () => {
    const giver = await giverThat(() => scene.at(other, (client) => client.append(name, whole)));
    expect(await mend(giver)).toBe("shorter");
    expect(content().equals(torn)).toBe(true);
  });

  it("it has a little more: our end follows behind that", async () => {
    const giver = await giverThat(() => scene.at(other, (client) => client.append(name, end.subarray(0, KIB))));
    expect(await mend(giver)).toBe("mended");
    expect(content().equals(whole)).toBe(true);
  });

  it("it is deleted: ours is left as it is", async () => {
    const giver = await giverThat(() => scene.at(other, (client) => client.delete(name)));
    expect(await mend(giver)).toBe("same");
    expect(content().equals(torn)).toBe(true);
  });
});
