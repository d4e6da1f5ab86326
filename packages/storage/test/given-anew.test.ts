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

describe("while a member cannot be reached", () => {
  const old = Buffer.from("state\x02old");
  const anew = Buffer.from("state\x02new");
  const none = Buffer.alloc(0);

  async function open(seed: string) {
    const stage = await GroupStage.open(seed, 3);
    const act = <T>(call: Promise<T>) => stage.world.run(call);
    const clients: StoreClient[] = [];
    for (const member of stage.members) clients.push(await stage.connect(member));
    const master = await act(clients[0]!.upload(Buffer.from("master")));
    await stage.untilReplicated();
    const contents = (name: string) => stage.members.map((member) => member.files().get(name)?.content.toString());
    const cutOff = (index: number) => {
      const [cut, others] = [stage.members[index]!, stage.members.filter((_, each) => each !== index)];
      stage.world.network.partition(
        [cut.address],
        others.map(({ address }) => address),
      );
    };
    const untilSettled = async () => {
      stage.world.network.heal();
      await stage.untilReplicated();
    };
    return { stage, act, clients, master, contents, cutOff, untilSettled };
  }

  it.each([
    {
      what: "metadata",
      give: async (client: StoreClient, master: string, content: Buffer) => {
        await client.setMetadata(master, "O", content);
        return `${master}-m`;
      },
      take: (client: StoreClient, master: string) => client.setMetadata(master, "O", none),
    },
    {
      what: "a slave",
      give: (client: StoreClient, master: string, content: Buffer) => client.uploadSlave(master, "_s", content),
      take: (client: StoreClient, _: string, name: string) => client.delete(name),
    },
  ])("$what of the same size takes the place of what was deleted", async ({ what, give, take }) => {
    const { stage, act, clients, master, contents, cutOff, untilSettled } = await open(`anew of ${what}`);
    const [client] = clients as [StoreClient];
    const name = await act(give(client, master, old));
    await stage.untilReplicated();
    cutOff(1);
    // So long that nothing is under way to it any more.
    await act(client.upload(Buffer.from("another")));
    await stage.world.runFor(60_000);
    await act(take(client, master, name));
    await stage.world.runFor(1500);
    await act(give(client, master, anew));
    await untilSettled();
    expect(contents(name)).toEqual(stage.members.map(() => String(anew)));
    await stage.stop();
  });

  it("a deletion that it pushes late does not take what was stored anew elsewhere", async () => {
    const { stage, act, clients, master, contents, cutOff, untilSettled } = await open("late deletion");
    const [one, other] = clients as [StoreClient, StoreClient];
    await act(other.setMetadata(master, "O", old));
    await stage.untilReplicated();
    cutOff(0);
    await act(one.setMetadata(master, "O", none));
    await stage.world.runFor(60_000);
    await act((await stage.connect(stage.members[2]!)).setMetadata(master, "O", anew));
    await stage.world.runFor(60_000);
    await untilSettled();
    expect(contents(`${master}-m`)).toEqual(stage.members.map(() => String(anew)));
    await stage.stop();
  });

  it("metadata that only it has is deleted at another one for all", async () => {
    const { stage, act, clients, master, contents, cutOff, untilSettled } = await open("deleted elsewhere");
    const [one, other] = clients as [StoreClient, StoreClient];
    cutOff(0);
    await act(one.setMetadata(master, "O", old));
    await stage.world.runFor(1500);
    expect(contents(`${master}-m`)).toEqual([String(old), undefined, undefined]);
    await act(other.setMetadata(master, "O", none));
    await untilSettled();
    expect(contents(`${master}-m`)).toEqual([undefined, undefined, undefined]);
    await stage.stop();
  });
});
