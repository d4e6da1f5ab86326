// Ports for servers that take theirs from a configuration file or a command line. Asking the system for any port and
// closing it again is not enough: until the server starts, any outgoing connection of the machine may get the same one.
//
// These lie outside of the range that the system hands out by itself, in blocks whose first port is their lock: whoever
// listens on it owns the block, and the kernel takes it back when his process ends, however that happens. So two test
// workers, or two test runs, never have the same port, without a file or a number that they would have to agree on.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";

/** Ports of a block, its lock included. */
const blockPorts = 16;
/** More than that would not fit into a block with its lock. */
const runPortsMax = blockPorts - 1;
/** Below are ports that well-known services use. */
const firstPort = 10_240;
const lastPort = 65_535;
const host = "127.0.0.1";

interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** macOS and Windows; Linux says it itself. */
const usualEphemeralPorts: PortRange = { first: 49_152, last: lastPort };

/**
 * Returns the first of `count` ports on loopback, one after the other, that nobody uses and nobody else gets while this
 * process lives. Throws if all are taken.
 */
export async function freePorts(count: number): Promise<number> {
  if (count < 1 || count > runPortsMax) throw new Error(`${count} ports: it must be 1 to ${runPortsMax}`);
  const range = portsToHandOut(ephemeralPorts());
  const blocks = Math.floor((range.last - range.first + 1) / blockPorts);
  // Processes begin in different places, which saves them trying what others hold.
  for (let tried = 0; tried < blocks; tried++) {
    const lockPort = range.first + ((process.pid + tried) % blocks) * blockPorts;
    const lock = await listen(lockPort);
    if (lock === undefined) continue;
    if (await areFree(lockPort + 1, count)) {
      // Held until the process ends, without keeping it from ending.
      lock.unref();
      return lockPort + 1;
    }
    // Left over from somebody who has died, or a stranger's.
    await close(lock);
  }
  throw new Error(`no ${count} free ports from ${range.first} to ${range.last}`);
}

/** The largest part of the ports from 10240 on that the system does not use for ports of its own choice. */
export function portsToHandOut(ephemeral: PortRange): PortRange {
  const below = { first: firstPort, last: Math.min(ephemeral.first, lastPort + 1) - 1 };
  const above = { first: Math.max(ephemeral.last + 1, firstPort), last: lastPort };
  const larger = above.last - above.first > below.last - below.first ? above : below;
  // A machine that was told to use all ports leaves us the lock and the look before the start.
  return larger.last - larger.first < blockPorts ? { first: firstPort, last: lastPort } : larger;
}

function ephemeralPorts(): PortRange {
  let text: string;
  try {
    text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
  } catch {
    return usualEphemeralPorts; // not Linux
  }
  const [first, last] = text.trim().split(/\s+/).map(Number);
  return { first: first!, last: last! };
}

async function areFree(first: number, count: number): Promise<boolean> {
  const servers = await Promise.all(Array.from({ length: count }, (_, at) => listen(first + at)));
  const listening = servers.filter((server) => server !== undefined);
  await Promise.all(listening.map(close));
  return listening.length === count;
}

/** Undefined if the port is taken, or not for us. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen({ port, host, exclusive: true });
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" || code === "EACCES") return undefined;
    throw error;
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
