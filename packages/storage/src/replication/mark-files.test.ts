import { Logger, nullSink } from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { adoptOldMark, moveMark, setMarkAside } from "./mark-files.ts";

const FOLDER = "/sync";

function setUp(files: Readonly<Record<string, string>>) {
  const { disk, clock } = SimWorld.create(1).host("192.0.2.1").world;
  const log = Logger.create({ sink: nullSink, clock, level: "info" });
  disk.makeDirectory(FOLDER);
  for (const [name, text] of Object.entries(files)) {
    const file = disk.open(`${FOLDER}/${name}`, "create");
    file.write(Buffer.from(text), 0, text.length, 0);
    file.close();
  }
  const found = () =>
    Object.fromEntries(disk.readDirectory(FOLDER).map((name) => [name, disk.readFile(`${FOLDER}/${name}`).toString()]));
  return { disk, log, found };
}

describe("the files of a peer", () => {
  it("are set aside together when it is deleted, with the local time", () => {
    const { disk, log, found } = setUp({ "1.mark": "mark", "1.mark.parked": "parked", "2.mark": "other" });
    const now = new Date(2026, 10, 22, 4, 45, 47).getTime();
    setMarkAside(disk, `${FOLDER}/1.mark`, now, log);
    expect(found()).toEqual({
      "1.mark.20261122044547": "mark",
      "1.mark.20261122044547.parked": "parked",
      "2.mark": "other",
    });
    setMarkAside(disk, `${FOLDER}/1.mark`, now, log);
    expect(Object.keys(found())).toHaveLength(3);
  });

  it("move with it, in place of what was begun under the new address", () => {
    const { disk, log, found } = setUp({ "10.0.0.1_23000.mark": "old", "10.0.0.2_23000.mark": "just begun" });
    moveMark(disk, `${FOLDER}/10.0.0.1_23000.mark`, `${FOLDER}/10.0.0.2_23000.mark`, log);
    expect(found()).toEqual({ "10.0.0.2_23000.mark": "old" });
  });

  it("are found under its address once it has an id, but never replace what is there", () => {
    const peer = { storageId: "100002", address: "10.0.0.1", port: 23000, status: "ACTIVE" } as const;
    const first = setUp({ "10.0.0.1_23000.mark": "old" });
    adoptOldMark(first.disk, FOLDER, peer, `${FOLDER}/100002.mark`, first.log);
    expect(first.found()).toEqual({ "100002.mark": "old" });
    const second = setUp({ "10.0.0.1_23000.mark": "old", "100002.mark": "newer" });
    adoptOldMark(second.disk, FOLDER, peer, `${FOLDER}/100002.mark`, second.log);
    expect(second.found()["100002.mark"]).toBe("newer");
  });
});
