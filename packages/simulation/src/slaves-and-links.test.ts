// Links in a group of ours: sound records, and no queue that stops at one (cluster-behaviour.md §11.1 W30, wire-protocol.md §12
// no. 4 and 5).
import { describe, expect, it } from "vitest";

import { storedFiles, textBelowBase } from "./disk-view.ts";
import { MemberStory } from "./member-story.ts";
import { heartBeatMs } from "./sim-cluster.ts";

describe("where the trackers say that slaves are links", () => {
  it("slaves are files, links are links, and the log goes on after them and after a restart", async () => {
    const story = await MemberStory.begin("links", { groups: [2], trackerConfig: { linkSlaveFiles: true } });
    const { world } = story.cluster;
    const [source, peer] = story.members;
    const client = story.openDirect(source!);
    const { fileId: master } = await world.run(client.upload(Buffer.from("master"), { extension: "jpg" }));
    const { fileId: slave } = await world.run(client.uploadSlave(master, "_small", Buffer.from("slave")));
    const { fileId: link } = await world.run(client.createLink(master));
    source!.process.kill("process");
    source!.process.start();
    await story.cluster.untilInService();
    await world.runFor(heartBeatMs);
    const later = await story.uploadAt(source!, 3);
    await story.untilSeen(() => story.missing(peer!, [master, slave, link, ...later]).length === 0, 10_000);
    for (const member of [source!, peer!]) {
      const kindOf = (fileId: string) => storedFiles(member).get(fileId.slice("group1/".length))?.kind;
      expect([master, slave, link].map(kindOf)).toEqual(["file", "file", "symlink"]);
      const lines = textBelowBase(member, "data/sync/binlog.000")!.trimEnd().split("\n");
      // What was pushed right before the kill is pushed, and noted, once more.
      expect(new Set(lines).size).toBe(6);
      for (const line of lines) expect(line).toMatch(/^\d+ (C|c) M00\/\S+$|^\d+ [Ll] M00\/\S+ M00\/\S+$/);
    }
    await client.close();
    await story.end();
  });
});
