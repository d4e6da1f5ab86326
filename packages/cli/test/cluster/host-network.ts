// Machines for a cluster of real processes, each with an address of its own: network namespaces joined by a bridge inside
// a namespace of their own, so that a cable can be cut; or, where that is not possible, addresses of the loopback network.
import { spawnSync } from "node:child_process";

export interface TestHost {
  readonly address: string;
  /** What comes before a command so that it runs on this machine. */
  readonly prefix: readonly string[];
}

interface Cable {
  cut(host: TestHost): void;
  heal(host: TestHost): void;
  /** What comes to the machine comes no faster from now on. */
  limit(host: TestHost, megabitsPerSecond: number): void;
}

export interface TestNetwork extends Disposable {
  readonly hosts: readonly TestHost[];
  /** Where clients run. */
  readonly clientPrefix: readonly string[];
  /** Pulls and plugs the cable of a machine; `undefined` on loopback, which has none. */
  readonly cable: Cable | undefined;
}

/** Why there are no namespaces here, or `undefined` if they can be made. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "making network namespaces needs root";
  const trial = `fdfs-trial-${process.pid}`;
  if (spawnSync("ip", ["netns", "add", trial]).status !== 0) return "`ip netns add` does not work here";
  ip("netns", "del", trial);
  return undefined;
}

export function openNetwork(count: number): TestNetwork {
  return whyNoNamespaces() === undefined ? openNamespaces(count) : openLoopback(count);
}

/** 127.x.y.1 … with x and y of this process, so that test runs side by side do not meet. */
export function openLoopback(count: number): TestNetwork {
  const { pid } = process;
  const net = `127.${64 + ((pid >> 8) % 128)}.${pid % 256}`;
  const hosts = Array.from({ length: count }, (_, at) => ({ address: `${net}.${at + 1}`, prefix: [] }));
  return { hosts, clientPrefix: [], cable: undefined, [Symbol.dispose]() {} };
}

function openNamespaces(count: number): TestNetwork {
  const { pid } = process;
  const hub = `fdfs-${pid}-hub`;
  const nameOf = (at: number) => `fdfs-${pid}-${at}`;
  const inside = (name: string) => ["ip", "netns", "exec", name];
  ip("netns", "add", hub);
  ip("-n", hub, "link", "set", "lo", "up");
  ip("-n", hub, "link", "add", "bridge0", "type", "bridge");
  ip("-n", hub, "address", "add", "10.96.0.254/24", "dev", "bridge0");
  ip("-n", hub, "link", "set", "bridge0", "up");
  const hosts = Array.from({ length: count }, (_, index) => {
    const at = index + 1;
    const name = nameOf(at);
    const address = `10.96.0.${at}`;
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
    ip("-n", hub, "link", "add", `cable${at}`, "type", "veth", "peer", "name", "eth0", "netns", name);
    ip("-n", hub, "link", "set", `cable${at}`, "master", "bridge0", "up");
    ip("-n", name, "address", "add", `${address}/24`, "dev", "eth0");
    ip("-n", name, "link", "set", "eth0", "up");
    return { address, prefix: inside(name) };
  });
  const cableOf = (host: TestHost) => `cable${hosts.findIndex(({ address }) => address === host.address) + 1}`;
  return {
    hosts,
    clientPrefix: inside(hub),
    cable: {
      cut: (host) => ip("-n", hub, "link", "set", cableOf(host), "down"),
      heal: (host) => ip("-n", hub, "link", "set", cableOf(host), "up"),
      limit(host, megabitsPerSecond) {
        const bucket = ["tbf", "rate", `${megabitsPerSecond}mbit`, "burst", "1mb", "latency", "100ms"];
        run("tc", "-n", hub, "qdisc", "replace", "dev", cableOf(host), "root", ...bucket);
      },
    },
    [Symbol.dispose]() {
      for (let at = 1; at <= count; at++) spawnSync("ip", ["netns", "del", nameOf(at)]);
      spawnSync("ip", ["netns", "del", hub]);
    },
  };
}

function ip(...words: string[]): void {
  run("ip", ...words);
}

function run(program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
}
