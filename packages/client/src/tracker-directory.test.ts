import type { Clock, Network } from "@fastdfs-ts/runtime";
import { describe, expect, it } from "vitest";

import { TrackerDirectory } from "./tracker-directory.ts";

function setUp(hosts: readonly (readonly string[])[], names: Record<string, string[]> = {}) {
  let nowMs = 0;
  const asked: string[] = [];
  const clock: Pick<Clock, "monotonic"> = { monotonic: () => nowMs };
  const network: Pick<Network, "resolve"> = {
    resolve: (host) => {
      asked.push(host);
      const found = names[host] ?? (/^[\d.:]+$/.test(host) ? [host] : undefined);
      return found === undefined ? Promise.reject(new Error(`ENOTFOUND ${host}`)) : Promise.resolve(found);
    },
  };
  const directory = new TrackerDirectory({
    trackers: hosts.map((one) => ({ hosts: one, port: 22122 })),
    clock: clock as Clock,
    network: network as Network,
    restMs: 1000,
  });
  return { directory, asked, wait: (ms: number) => void (nowMs += ms) };
}

const orderOf = (directory: TrackerDirectory) => directory.order().map(({ address }) => address.hosts[0]);

describe("order", () => {
  it("starts one further each time", () => {
    const { directory } = setUp([["1.1.1.1"], ["2.2.2.2"], ["3.3.3.3"]]);
    expect(orderOf(directory)).toEqual(["1.1.1.1", "2.2.2.2", "3.3.3.3"]);
    expect(orderOf(directory)).toEqual(["2.2.2.2", "3.3.3.3", "1.1.1.1"]);
    expect(orderOf(directory)).toEqual(["3.3.3.3", "1.1.1.1", "2.2.2.2"]);
    expect(orderOf(directory)).toEqual(["1.1.1.1", "2.2.2.2", "3.3.3.3"]);
  });

  it("puts one that failed behind the others until it has rested, or worked", () => {
    const { directory, wait } = setUp([["1.1.1.1"], ["2.2.2.2"]]);
    const [first] = directory.all();
    directory.failed(first!);
    expect(orderOf(directory)).toEqual(["2.2.2.2", "1.1.1.1"]);
    expect(orderOf(directory)).toEqual(["2.2.2.2", "1.1.1.1"]);
    wait(1000);
    expect(orderOf(directory)).toEqual(["1.1.1.1", "2.2.2.2"]);
    directory.failed(first!);
    directory.worked(first!, { host: "1.1.1.1", port: 22122 });
    orderOf(directory);
    expect(orderOf(directory)).toEqual(["1.1.1.1", "2.2.2.2"]);
  });

  it("still has every tracker when all failed", () => {
    const { directory } = setUp([["1.1.1.1"], ["2.2.2.2"]]);
    for (const tracker of directory.all()) directory.failed(tracker);
    expect(orderOf(directory)).toHaveLength(2);
  });
});

describe("addresses of a tracker", () => {
  it("the one that worked last comes first", async () => {
    const { directory } = setUp([["10.0.0.1", "192.0.2.1"]]);
    const [tracker] = directory.order();
    const [inner, outer] = await directory.endpoints(tracker!);
    expect([inner!.host, outer!.host]).toEqual(["10.0.0.1", "192.0.2.1"]);
    directory.worked(tracker!, outer!);
    expect((await directory.endpoints(tracker!)).map(({ host }) => host)).toEqual(["192.0.2.1", "10.0.0.1"]);
  });

  it("a name is looked up once in a while, and anew after a failure", async () => {
    const names = { tracker: ["10.0.0.1"] };
    const { directory, asked, wait } = setUp([["tracker"]], names);
    const [tracker] = directory.order();
    await directory.endpoints(tracker!);
    await directory.endpoints(tracker!);
    expect(asked).toHaveLength(1);
    names.tracker = ["10.0.0.2"];
    directory.failed(tracker!);
    expect(await directory.endpoints(tracker!)).toEqual([{ host: "10.0.0.2", port: 22122 }]);
    wait(60_000);
    await directory.endpoints(tracker!);
    expect(asked).toHaveLength(3);
  });

  it("an unknown name is no address", async () => {
    const { directory } = setUp([["nowhere"]]);
    await expect(directory.endpoints(directory.order()[0]!)).rejects.toMatchObject({ kind: "UNREACHABLE" });
  });
});
