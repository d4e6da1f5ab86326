// Pushes and clients at the same file at the same time, on virtual time and on a disk that keeps everybody waiting: each
// change happens as a whole, and the file is what one order of them makes of it.
import { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { push } from "./replica-pusher.ts";
import { Stage } from "./stage.ts";

const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);
const START = bytes(1000, "a");

/** Runs `first` and `second` at once on connections of their own, from many moments on. */
async function bothAtOnce(
  title: string,
  prepare: (stage: Stage) => Promise<string>,
  act: (stage: Stage, name: string) => Promise<readonly [unknown, unknown]>,
  check: (found: Buffer | undefined, statuses: readonly [unknown, unknown], name: string) => void,
): Promise<void> {
  for (let seed = 1; seed <= 25; seed++) {
    const stage = await Stage.open(`${title} ${seed}`);
    const name = await prepare(stage);
    const statuses = await act(stage, name);
    check(stage.files().get(name)?.content, statuses, name);
    expect(stage.troubles).toEqual([]);
  }
}

async function atOnce(
  stage: Stage,
  client: (each: Awaited<ReturnType<Stage["connect"]>>) => Promise<unknown>,
  peer: Buffer,
): Promise<readonly [unknown, unknown]> {
  const [one, other] = [await stage.connect(), await stage.connect()];
  const order = stage.world.random.below(2) === 0;
  const settled = (work: Promise<unknown>) => work.catch((error: unknown) => FdfsError.fromUnknown(error).kind);
  const work = order
    ? [() => settled(client(one)), () => settled(other.push(peer))]
    : [() => settled(other.push(peer)), () => settled(client(one))];
  const [first, second] = await stage.world.run(Promise.all(work.map((each) => each())));
  return order ? [first, second] : [second, first];
}

const appender = (stage: Stage) => stage.do((client) => client.uploadAppender(START));

describe("a client and a peer at the same file", () => {
  it("append: one after the other, and the peer's is done whole, or not at all and said so", async () => {
    await bothAtOnce(
      "append, append",
      appender,
      (stage, name) =>
        atOnce(stage, (client) => client.append(name, bytes(90_000, "c")), push.append(name, 1000, bytes(90_000, "p"))),
      (found, [, status]) => {
        const clientOnly = Buffer.concat([START, bytes(90_000, "c")]);
        const peerFirst = Buffer.concat([START, bytes(90_000, "p"), bytes(90_000, "c")]);
        // Both are as long, so the peer's counts as had: members that append at once differ, as with C.
        expect(status === 0 ? peerFirst.equals(found!) : clientOnly.equals(found!)).toBe(true);
        expect([0, 17]).toContain(status);
      },
    );
  });

  it("a modification and a truncation: in one order or the other", async () => {
    await bothAtOnce(
      "modify, truncate",
      appender,
      (stage, name) =>
        atOnce(stage, (client) => client.modify(name, 500, bytes(1000, "c")), push.truncate(name, 1000, 100)),
      (found, [client, status]) => {
        // Behind the end after the truncation: refused. Before it: the size is another one then, and the truncation void.
        if (status === 0) expect([found!.length, client]).toEqual([100, "BAD_REQUEST"]);
        else expect([found!.length, client, status]).toEqual([1500, undefined, 17]);
      },
    );
  });

  it("a deletion and a change: the file is gone, or it was gone before", async () => {
    await bothAtOnce(
      "append, delete",
      appender,
      (stage, name) => atOnce(stage, (client) => client.append(name, bytes(90_000, "c")), push.delete(name)),
      (found, [client, status]) => {
        expect(found).toBeUndefined();
        expect(status).toBe(0);
        expect([undefined, "NOT_FOUND"]).toContain(client);
      },
    );
  });

  it("a creation of another size and an append: the content of one of them at least is whole", async () => {
    await bothAtOnce(
      "append, create",
      appender,
      (stage, name) =>
        atOnce(stage, (client) => client.append(name, bytes(90_000, "c")), push.create(name, bytes(120_000, "p"))),
      (found, [client, status]) => {
        expect([client, status]).toEqual([undefined, 0]);
        const peer = bytes(120_000, "p");
        expect(peer.equals(found!) || Buffer.concat([peer, bytes(90_000, "c")]).equals(found!)).toBe(true);
      },
    );
  });
});

describe("two peers at the same name", () => {
  it("of the same size: one is stored, the other one told that it is here", async () => {
    await bothAtOnce(
      "create, create",
      async (stage) => (await appender(stage)).replace(/.{7}\.log$/, "0000009.log"),
      async (stage, name) => {
        const request = (letter: string) => push.create(name, bytes(200_000, letter));
        return atOnce(stage, (client) => client.push(request("1")), request("2"));
      },
      (found, statuses) => {
        expect(bytes(200_000, "1").equals(found!) || bytes(200_000, "2").equals(found!)).toBe(true);
        for (const status of statuses) expect([0, 17]).toContain(status);
      },
    );
  });
});
