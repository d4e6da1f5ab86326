// Addresses of servers as configuration and id lists spell them: "host:port", two addresses as "a,b:port", IPv6 in
// brackets "[a,b]:port"; the port may be left out (storage-formats.md §6.2, wire-protocol.md §5.15).
import { addressKind, parseIpAddress } from "./ip-address.ts";

/** One server with one or two addresses (IP addresses or host names, not resolved). */
export interface ServerAddress {
  readonly hosts: readonly string[];
  readonly port: number;
}

export const trackerPortDefault = 22122;
export const storagePortDefault = 23000;

/** Parses an address; a string in answer says what is wrong and what to do. */
export function parseServerAddress(text: string, defaultPort: number): ServerAddress | string {
  const split = splitPort(text.trim());
  if (typeof split === "string") return split;
  const port = split.port === undefined ? defaultPort : parsePort(split.port);
  if (port === undefined) return `the port "${split.port ?? ""}" is not a number from 1 to 65535.`;
  const hosts = split.hosts.split(",").map((host) => host.trim());
  return checkHosts(hosts) ?? { hosts, port };
}

/** The spelling that both C and we read back. */
export function printServerAddress(address: ServerAddress): string {
  const hosts = address.hosts.join(",");
  return `${hosts.includes(":") ? `[${hosts}]` : hosts}:${address.port}`;
}

function splitPort(text: string): { hosts: string; port: string | undefined } | string {
  if (text === "") return "the address is empty. Write host:port.";
  if (text.startsWith("[")) {
    const match = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (match === null) return "the bracket is not closed, or something other than :port follows it.";
    return { hosts: match[1]!, port: match[2] };
  }
  const colon = text.indexOf(":");
  if (colon < 0) return { hosts: text, port: undefined };
  if (text.includes(":", colon + 1)) {
    return "it has more than one colon. Write IPv6 in brackets, [a]:port, and two addresses as a,b:port.";
  }
  return { hosts: text.slice(0, colon), port: text.slice(colon + 1) };
}

function parsePort(text: string): number | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port >= 1 && port <= 65535 ? port : undefined;
}

function checkHosts(hosts: readonly string[]): string | undefined {
  if (hosts.length > 2) return "a server has at most two addresses.";
  for (const host of hosts) {
    const looksNumeric = /^[\d.]+$/.test(host);
    const isHostName = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(host) && !looksNumeric && host.length <= 127;
    if (!isHostName && parseIpAddress(host) === undefined) return `"${host}" is neither an IP address nor a host name.`;
  }
  if (hosts.length < 2) return undefined;
  if (hosts[0] === hosts[1]) return `"${hosts[0]!}" is named twice.`;
  const [first, second] = hosts.map((host) => parseIpAddress(host));
  if (first === undefined || second === undefined) return undefined; // host names: only known once resolved
  const kind = addressKind(first);
  if (kind !== addressKind(second)) return undefined;
  return `both addresses are of the same kind (${kind}). Give one inner and one outer address, or IPv4 and IPv6.`;
}
