// Changes whose record was written, and perhaps pushed, before a failing disk let them be made: the next start makes them,
// and one more record tells the peers.
import { expect, it } from "vitest";
import { Stage } from "./stage.ts";

const log = (stage: Stage) =>
  stage.host.world.disk
    .readFile("/store/data/sync/binlog.000")
    .toString("latin1")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ").slice(1, 3));

it("a modification is pushed whole", async () => {
  const stage = await Stage.open("modified again");
  const name = await stage.do((client) => client.uploadAppender(Buffer.from("0123456789")));
  const end = stage.host.diskFaults.inject({ code: "EIO", operations: ["read"], path: ".spool" });
  await expect(stage.do((client) => client.modify(name, 8, Buffer.from("abc")))).rejects.toThrow();
  end();
  expect(log(stage)).toEqual([
    ["C", name],
    ["M", name],
  ]);
  await stage.restart();
  expect(stage.files().get(name)?.content.toString()).toBe("01234567abc");
  expect(log(stage).slice(2)).toEqual([["U", name]]);
  await stage.restart();
  expect(log(stage)).toHaveLength(3);
});

it("a modification is left to the repair after a power cut: it may be an old one, and the file torn", async () => {
  const stage = await Stage.open("modified before");
  const name = await stage.do((client) => client.uploadAppender(Buffer.from("0123456789")));
  const end = stage.host.diskFaults.inject({ code: "EIO", operations: ["read"], path: ".spool" });
  await expect(stage.do((client) => client.modify(name, 8, Buffer.from("abc")))).rejects.toThrow();
  end();
  await stage.restart(true);
  expect(stage.files().get(name)?.content.toString()).toBe("01234567abc");
  expect(log(stage)).toEqual([
    ["C", name],
    ["M", name],
  ]);
});

it("a deletion is told again", async () => {
  const stage = await Stage.open("deleted again");
  const name = await stage.do((client) => client.upload(Buffer.from("content")));
  await stage.do((client) => client.setMetadata(name, "O", Buffer.from("a\x02b")));
  const end = stage.host.diskFaults.inject({ code: "EIO", operations: ["unlink"], path: name.slice(4) });
  await expect(stage.do((client) => client.delete(name))).rejects.toThrow();
  end();
  await stage.restart();
  expect(stage.files().size).toBe(0);
  expect(log(stage).slice(2)).toEqual([
    ["D", name],
    ["D", name],
    ["D", `${name}-m`],
  ]);
});
