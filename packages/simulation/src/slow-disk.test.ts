// One of two store paths hangs or turns slow. The other one, and everybody who uses it, must not notice.
import { type FastDfsClient, parseFileId } from "@fastdfs-ts/client";
import type { FdfsError } from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";
import { SimCluster } from "./sim-cluster.ts";

const [ILL, WELL] = ["/disk0", "/disk1"];
const content = Buffer.alloc(5000, "0123456789");

/** A storage with two store paths, a file on each, and what a client sees. */
async function twoDisks(seed: number) {
  const cluster = await SimCluster.start({ seed, storePaths: [ILL, WELL] });
  const { world } = cluster;
  const host = cluster.members[0]!.host;
  const client = cluster.openClient();
  // The tracker knows of free space after the first report.
  await world.runFor(10_000);
  const diskOf = (fileId: string) => (parseFileId(fileId).storePathIndex === 0 ? ILL : WELL);
  const upload = async () => (await client.upload(content, { extension: "bin" })).fileId;
  const download = async (fileId: string) => (await client.download(fileId)).bytes();

  const fileOn = async (disk: string): Promise<string> => {
    for (;;) {
      const fileId = await world.run(upload());
      if (diskOf(fileId) === disk) return fileId;
    }
  };
  /** Milliseconds that something takes. */
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const startMs = world.nowMs;
    await world.run(work());
    return world.nowMs - startMs;
  };
  const healthEvents = () =>
    world.trace.lines.flatMap(
      (line) => /store-path\.(quick|slow|hung) .*"path":"([^"]+)"/.exec(line)?.slice(1, 3).join(" ") ?? [],
    );
  const incoming = () => host.world.disk.readDirectory(`${ILL}/data/.incoming`);
  return { cluster, world, host, client, diskOf, upload, download, fileOn, timed, healthEvents, incoming };
}

/** What an exchange takes when all is well, at most: two connections to dial and four packets. */
const usualMs = 200;

const failure = (work: Promise<unknown>): Promise<FdfsError> =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => error as FdfsError,
  );

describe.each([1, 2, 3])("a store path that hangs, seed %i", (seed) => {
  it("holds up nothing but itself, says so, and comes back", async () => {
    const { cluster, world, host, client, diskOf, upload, download, fileOn, timed, healthEvents, incoming } =
      await twoDisks(seed);
    const onIll = await fileOn(ILL);
    const onWell = await fileOn(WELL);
    const goOn = host.diskDelays.inject({ path: ILL });
    await world.runFor(2000);
    expect(healthEvents()).toEqual([`slow ${ILL}`]);

    // The hang is known, but may still pass: who asks for a file of this disk waits.
    const waiting = failure(download(onIll));
    for (let i = 0; i < 10; i++) {
      expect(await timed(async () => expect(diskOf(await upload())).toBe(WELL))).toBeLessThan(usualMs);
      expect(await timed(async () => expect(await download(onWell)).toEqual(content))).toBeLessThan(usualMs);
    }

    // It does not pass: a clear error for who waited if they still wait, and at once for who comes.
    await world.runFor(10_000);
    expect(healthEvents()).toEqual([`slow ${ILL}`, `hung ${ILL}`]);
    expect((await world.run(waiting)).kind).toBe("TIMED_OUT");
    expect(await timed(async () => expect((await failure(download(onIll))).kind).toBe("TIMED_OUT"))).toBeLessThan(
      usualMs,
    );
    expect(await timed(async () => expect(diskOf(await upload())).toBe(WELL))).toBeLessThan(usualMs);
    expect(await timed(() => download(onWell))).toBeLessThan(usualMs);

    goOn();
    await world.runFor(10_000);
    expect(healthEvents()).toEqual([`slow ${ILL}`, `hung ${ILL}`, `slow ${ILL}`, `quick ${ILL}`]);
    expect(await world.run(download(onIll))).toEqual(content);
    expect(diskOf(await fileOn(ILL))).toBe(ILL);
    expect(incoming()).toEqual([]);
    await world.run(client.close());
    await cluster.stop();
  });

  it("leaves nothing of the uploads that it cut off", async () => {
    const { world, host, cluster, client, diskOf, upload, incoming, healthEvents } = await twoDisks(seed);
    // Slow first, so that uploads are under way on its worker when it hangs.
    const quickAgain = host.diskDelays.inject({ path: ILL, ms: 600 });
    await world.runFor(2000);
    const others = host.diskDelays.inject({ path: WELL, ms: 600 });
    await world.runFor(2000);
    expect(healthEvents()).toEqual([`slow ${ILL}`, `slow ${WELL}`]);
    const clients = [client, cluster.openClient(), cluster.openClient(), cluster.openClient()];
    const uploads = clients.map((each: FastDfsClient) =>
      each.upload(content, { extension: "bin" }).then(
        ({ fileId }) => diskOf(fileId),
        (error: unknown) => (error as FdfsError).kind,
      ),
    );
    await world.runFor(300);
    const goOn = host.diskDelays.inject({ path: ILL });
    const outcomes = await world.run(Promise.all(uploads));
    expect(outcomes.filter((outcome) => outcome !== WELL && outcome !== "TIMED_OUT")).toEqual([]);
    expect(outcomes).toContain("TIMED_OUT");
    await world.runFor(20_000);
    goOn();
    quickAgain();
    others();
    await world.runFor(20_000);
    expect(healthEvents().slice(-2).sort()).toEqual([`quick ${ILL}`, `quick ${WELL}`]);
    expect(incoming()).toEqual([]);
    expect(await world.run(upload())).toMatch(/^group1/);
    for (const each of clients) await world.run(each.close());
    await cluster.stop();
  });
});

describe("a store path that turns slow", () => {
  it("costs the others a few calls, not every one of its own", async () => {
    const { cluster, world, host, client, upload, download, fileOn, timed, healthEvents } = await twoDisks(4);
    const onIll = await fileOn(ILL);
    const onWell = await fileOn(WELL);
    const end = host.diskDelays.inject({ path: ILL, ms: 150 });
    await world.runFor(500);
    expect(await world.run(download(onIll))).toEqual(content);
    await world.runFor(3000);
    // Open, read and close of the download, and what else was asked until the disk was judged.
    const { stalledMs } = host.diskDelays;
    expect(stalledMs).toBeLessThanOrEqual(5 * 150);
    expect(healthEvents()).toEqual([`slow ${ILL}`]);
    const slowly = download(onIll);
    expect(await timed(upload)).toBeLessThan(usualMs);
    expect(await timed(() => download(onWell))).toBeLessThan(usualMs);
    expect(await world.run(slowly)).toEqual(content);
    expect(host.diskDelays.stalledMs).toBe(stalledMs);
    end();
    await world.runFor(10_000);
    expect(healthEvents()).toEqual([`slow ${ILL}`, `quick ${ILL}`]);
    await world.run(client.close());
    await cluster.stop();
  });
});
