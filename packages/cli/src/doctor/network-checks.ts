// Ports and peers: can this server listen, and does anybody answer?
import { storageCommands, trackerCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { Deadlines, type Endpoint, type ServerAddress, printServerAddress, type World } from "@fastdfs-ts/runtime";

import { reasonOf } from "../failure.ts";
import { portTrouble } from "../server/port-check.ts";
import { failure, type Finding, note, ok } from "./finding.ts";

const answerTimeoutMs = 3000;

/** The port of a server that may or may not be running. `owner`: the process that its pid file names. */
export async function checkPort(
  world: World,
  what: "tracker" | "storage",
  bindAddresses: readonly string[],
  port: number,
  owner: number | undefined,
): Promise<Finding[]> {
  const hosts = bindAddresses.length === 0 ? [""] : bindAddresses;
  return Promise.all(
    hosts.map(async (host) => {
      const subject = host === "" ? `port ${port}` : `port ${host}:${port}`;
      const trouble = await portTrouble(world.network, host, port);
      if (trouble === undefined) return note(subject, `is free: this ${what} is not running`);
      if (trouble === "EADDRNOTAVAIL") {
        return failure(subject, `${host} is not an address of this machine`, "correct bind_addr, or leave it empty");
      }
      if (trouble === "EACCES") return failure(subject, "ports below 1024 need privileges", "choose a port above 1023");
      if (trouble !== "EADDRINUSE")
        return failure(subject, `cannot be used (${trouble})`, "correct bind_addr and port");
      const endpoint = { host: host === "" ? "127.0.0.1" : host, port };
      const silence = await whyNoAnswer(world, endpoint, what);
      const process = owner === undefined ? "" : `, process ${owner}`;
      if (silence === undefined) return ok(subject, `a FastDFS server answers${process}`);
      return failure(
        subject,
        `another program uses it, or the server hangs: ${silence}`,
        `ss -ltnp | grep :${port} tells which; stop it, or choose another port`,
      );
    }),
  );
}

/** A tracker that a configuration names. Two addresses are one tracker: the first that answers counts. */
export async function checkTracker(world: World, address: ServerAddress): Promise<Finding> {
  const subject = `tracker ${printServerAddress(address)}`;
  const troubles: string[] = [];
  for (const host of address.hosts) {
    const silence = await whyNoAnswer(world, { host, port: address.port }, "tracker");
    if (silence === undefined) return ok(subject, "answers");
    troubles.push(silence);
  }
  return failure(
    subject,
    `does not answer: ${troubles.join("; ")}`,
    "start it, or correct tracker_server; from another machine look at firewalls and bind_addr",
  );
}

/** `undefined` if a FastDFS server answers command 111 there, else why not. */
async function whyNoAnswer(world: World, endpoint: Endpoint, what: "tracker" | "storage"): Promise<string | undefined> {
  const deadlines = Deadlines.open(world.clock, answerTimeoutMs / 10);
  try {
    const options = { connectTimeoutMs: answerTimeoutMs, deadlines };
    const connection = await RpcConnection.dial(world.network, endpoint, options);
    try {
      const { activeTest } = what === "tracker" ? trackerCommands : storageCommands;
      await connection.call(activeTest, {}, { timeoutMs: answerTimeoutMs });
      return undefined;
    } finally {
      connection.destroy();
    }
  } catch (error) {
    return reasonOf(error).replace(/\.? Is the server running there\?.*$/, "");
  } finally {
    deadlines.close();
  }
}
