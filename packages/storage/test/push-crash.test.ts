// A sender that dies at any call of its disk, by a kill or by a power cut: its mark never names a place that the peer has
// not confirmed, nor one behind the end of the log; and after the restart the peer gets what it lacks.
import { expect, describe, it } from "vitest";
import { comparePositions } from "../src/binlog/binlog-position.ts";
import { BinlogReader } from "../src/binlog/binlog-reader.ts";
import { parseSyncMark } from "../src/formats/mark-file.ts";
import { GroupStage, type Member } from "./group-stage.ts";
import { type ScriptedPeer, takesEverythingAsOurs } from "./scripted-peer.ts";

const PEER = "192.0.2.50";
const FOLDER = "/store/data/sync";

/** Uploads, changes and deletes, with pauses in which marks are saved. What the crash cuts off is not answered. */
async function work(stage: GroupStage, member: Member): Promise<void> {
  const client = await stage.connect(member);
  const changes = async () => {
    const first = await client.upload(Buffer.alloc(3000, 1));
    const appender = await client.uploadAppender(Buffer.from("abc"));
    await client.append(appender, Buffer.from("def"));
    await client.setMetadata(first, "O", Buffer.from("a\x02b"));
    await client.upload(Buffer.alloc(5000, 2));
    await client.delete(first);
  };
  await stage.world.run(changes());
  await stage.world.runFor(200);
  await stage.world.run(client.upload(Buffer.alloc(100, 3)));
  await stage.world.runFor(2500);
}

interface Logged {
  readonly seconds: number;
  readonly name: string;
  readonly op: string;
}

function logOf(member: Member, isBefore: (after: { part: number; offset: number }) => boolean): Logged[] {
  const reader = BinlogReader.open(member.host.world.disk, FOLDER, { part: 0, offset: 0 });
  const records: Logged[] = [];
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
    if (!isBefore(entry.after)) break;
    if (entry.kind !== "record") throw new Error(entry.reason);
    records.push({ seconds: entry.record.seconds, name: entry.record.logicalName, op: entry.record.op });
  }
  return records;
}

/** What is on the disk of the sender while no process runs there. */
function checkMark(member: Member, peer: ScriptedPeer): void {
  const text = member.syncFile(`${PEER}_23000.mark`);
  if (text === undefined) return;
  const mark = parseSyncMark(text);
  if (typeof mark === "string") throw new Error(mark);
  const place = { part: mark.binlogIndex, offset: mark.binlogOffset };
  expect(mark.binlogOffset).toBeLessThanOrEqual(member.syncFile("binlog.000")?.length ?? 0);
  const confirmed = new Set(peer.records.map(({ name }) => name));
  for (const { name, op } of logOf(member, (after) => comparePositions(after, place) <= 0)) {
    // A record whose file was gone when its turn came is not pushed; its deletion is.
    expect(confirmed.has(name) || op !== "D", `${op} ${name} before the mark`).toBe(true);
  }
}

async function crashAt(call: number, kind: "process" | "power"): Promise<boolean> {
  const stage = await GroupStage.open(`${kind} ${call}`, 1, { markWriteFrequency: 1, heartBeatIntervalMs: 500 });
  const [member] = stage.members as [Member];
  const peer = await stage.addPeer(PEER, "ACTIVE");
  peer.reply = takesEverythingAsOurs;
  // The kernel has written what the start left to it.
  await stage.world.runFor(31_000);
  member.host.crashAtDiskCall(call, kind);
  await work(stage, member).catch(() => undefined);
  const isCrashed = !member.host.isUp;
  member.host.crashAtDiskCall(Infinity, kind);
  if (isCrashed) {
    member.host.restart();
    checkMark(member, peer);
    await stage.start(member);
  }
  await stage.untilReplicated();
  const pushed = new Set(peer.records.map(({ name }) => name));
  const { disk } = member.host.world;
  for (const { name, op } of logOf(member, () => true)) {
    // What a power cut took from the log or the disk is the business of repair.
    const isThere = disk.stat(`/store/path0/data/${name.slice("M00/".length)}`) !== undefined;
    expect(pushed.has(name) || !(isThere || op === "D"), `${op} ${name}`).toBe(true);
  }
  await stage.stop();
  return isCrashed;
}

describe("a sender that dies", () => {
  it.each(["process", "power"] as const)("at any disk call (%s)", async (kind) => {
    let call = 1;
    while (await crashAt(call, kind)) call++;
    expect(call).toBeGreaterThan(50);
  });
});
