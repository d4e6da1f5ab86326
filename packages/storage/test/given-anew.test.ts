// Names of slaves and metadata can be given anew after a deletion, also where the clock is behind that of the member which
// gave them before: what clients did last counts, at every member (docs/decisions/0011-deletions-win.md).
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GroupStage, type Member } from "./group-stage.ts";
import type { StoreClient } from "./store-client.ts";

const before = Buffer.from("state\x02before");
const after = Buffer.from("state\x02after");

describe.each([0, 1, 30, 600])("by a clock that is %i s behind", (behindSeconds) => {
  let stage: GroupStage;
  let early: StoreClient;
  let late: StoreClient;
  let master: string;

  beforeEach(async () => {
    stage = await GroupStage.open(`anew ${behindSeconds}`, 3);
    const [one, other] = stage.members as [Member, Member];
    one.host.wallClock.startMs -= behindSeconds * 1000;
    late = await stage.connect(one);
    early = await stage.connect(other);
    master = await stage.world.run(early.upload(Buffer.from("master")));
  });

  afterEach(() => stage.stop());

  /** A client does something, and all members have done it after it. Contents of the file with that name. */
  async function done(act: Promise<unknown>, name: () => string): Promise<(string | undefined)[]> {
    await stage.world.run(act);
    await stage.untilReplicated();
    return stage.members.map((member) => member.files().get(name())?.content.toString());
  }

  const everywhere = (content: Buffer | undefined) => stage.members.map(() => content?.toString());

  it("metadata", async () => {
    const set = (client: StoreClient, metadata: Buffer) =>
      done(client.setMetadata(master, "O", metadata), () => `${master}-m`);
    const none = Buffer.alloc(0);
    for (let time = 0; time < 3; time++) {
      expect(await set(early, before)).toEqual(everywhere(before));
      expect(await set(late, none)).toEqual(everywhere(undefined));
      expect(await set(late, after)).toEqual(everywhere(after));
      expect(await set(early, none)).toEqual(everywhere(undefined));
    }
  });

  it("a slave", async () => {
    let name = "";
    const give = (client: StoreClient, content: Buffer) =>
      done(
        client.uploadSlave(master, "_s", content).then((given) => (name = given)),
        () => name,
      );
    const take = (client: StoreClient) => done(client.delete(name), () => name);
    for (let time = 0; time < 3; time++) {
      expect(await give(early, before)).toEqual(everywhere(before));
      expect(await take(late)).toEqual(everywhere(undefined));
      expect(await give(late, after)).toEqual(everywhere(after));
      expect(await take(early)).toEqual(everywhere(undefined));
    }
  });

  it("a link with the name of a slave", async () => {
    let name = "";
    const give = (client: StoreClient) =>
      done(
        client.linkBeside(master, "_s", master).then((given) => (name = given)),
        () => name,
      );
    const take = (client: StoreClient) => done(client.delete(name), () => name);
    for (let time = 0; time < 3; time++) {
      const there = await give(early);
      expect(there).not.toContain(undefined);
      expect(await take(late)).toEqual(everywhere(undefined));
      expect(await give(late)).toEqual(there);
      expect(await take(early)).toEqual(everywhere(undefined));
    }
  });
});
