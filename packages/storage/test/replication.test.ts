// Members of a group that replicate to each other, on virtual time.
import { describe, expect, it } from "vitest";
import { GroupStage, type Member } from "./group-stage.ts";

/** Every byte, every name. */
function expectEqual(members: readonly Member[]): void {
  const [first, ...others] = members.map((member) => member.files());
  for (const other of others) {
    expect([...other.keys()]).toEqual([...first!.keys()]);
    for (const [name, { content, isLink }] of other) {
      const expected = first!.get(name)!;
      expect(content.equals(expected.content), name).toBe(true);
      expect(isLink, name).toBe(expected.isLink);
    }
  }
}

describe("two members of ours", () => {
  it("hold the same files after everything that a client can do", async () => {
    const stage = await GroupStage.open(1);
    const [a, b] = stage.members as [Member, Member];
    const client = await stage.connect(a);
    const done = (async () => {
      const names: string[] = [];
      for (let i = 0; i < 50; i++) names.push(await client.upload(Buffer.alloc(1 + 311 * i, i)));
      await client.upload(Buffer.alloc(1_000_000, 7));
      await client.setMetadata(names[1]!, "O", Buffer.from("a\x02b"));
      await client.setMetadata(names[1]!, "M", Buffer.from("c\x02d"));
      await client.uploadSlave(names[2]!, "small", Buffer.from("slave"));
      await client.delete(names[3]!);
      await client.link(names[4]!);
      const appender = await client.uploadAppender(Buffer.from("first"));
      await client.append(appender, Buffer.from("second"));
      await client.modify(appender, 2, Buffer.alloc(300_000, 1));
      await client.truncate(appender, 100_000);
      await client.append(appender, Buffer.alloc(200_000, 2));
      const other = await client.uploadAppender(Buffer.from("other"));
      await client.regenerate(other);
    })();
    await stage.world.run(done);
    await stage.untilReplicated();
    expect(a.files().size).toBeGreaterThan(50);
    expectEqual([a, b]);
    await stage.stop();
  });

  it("are not held up by a large file that is on its way for long (W7)", async () => {
    const stage = await GroupStage.open(1);
    const [a, b] = stage.members as [Member, Member];
    // So far away that the file takes seconds.
    stage.world.network.setLatency(a.address, b.address, { minMs: 200, maxMs: 250 });
    const client = await stage.connect(a);
    await stage.world.runFor(3000);
    const large = await stage.world.run(client.upload(Buffer.alloc(1_500_000, 7)));
    const has = (name: string) => b.host.world.disk.stat(`/store/path0/data/${name.slice(4)}`) !== undefined;
    let small = 0;
    for (; !has(large); small++) {
      const name = await stage.world.run(client.upload(Buffer.from(`file ${small}`)));
      await stage.world.runFor(600);
      expect(has(name), `file ${small}`).toBe(true);
    }
    expect(small).toBeGreaterThan(5);
    await stage.untilReplicated();
    expectEqual([a, b]);
    await stage.stop();
  });
});
