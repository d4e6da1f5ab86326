// What both servers' configurations have in common, as objects that servers work with: built from the values of the
// tables, checked against the disk where files and directories are named.
import type { Disk } from "../ports/disk.ts";
import { AllowHosts } from "./allow-hosts.ts";
import type { ConfigPlace, ConfigProblems, ConfigWarning } from "./config-problems.ts";
import type { IniFile } from "./ini-file.ts";
import { parseIpAddress } from "./ip-address.ts";
import type { ConfValues, TableValues } from "./option-table.ts";
import type { accessLogFileTable, errorLogTable } from "./options/log-options.ts";
import type { storageConf } from "./options/storage-options.ts";
import type { trackerConf } from "./options/tracker-options.ts";
import { parseServerAddress, type ServerAddress, trackerPortDefault } from "./server-address.ts";

/** A configuration that can be used, and what its owner should hear about it. */
export interface LoadedConfig<C> {
  readonly config: C;
  readonly warnings: readonly ConfigWarning[];
}

/** How a log file is written and rotated, and what becomes of its copies. */
export type LogFileConfig = TableValues<(typeof accessLogFileTable)["rows"]>;

export type ErrorLogConfig = LogFileConfig & Pick<TableValues<(typeof errorLogTable)["rows"]>, "format">;

type ServerValues = ConfValues<typeof trackerConf.tables> | ConfValues<typeof storageConf.tables>;

type NetworkValues = Pick<
  ServerValues["network"],
  "port" | "addressFamily" | "connectTimeoutMs" | "networkTimeoutMs" | "maxConnections"
>;

// Both files share these tables, but their declarations spell them out twice: an interface that extended the union of
// the two would lose every key for those who read the declarations.
type SharedValues = ConfValues<typeof trackerConf.tables>;

export interface ServerConfig
  extends Readonly<NetworkValues>, Readonly<SharedValues["connectionPool"]>, Readonly<SharedValues["logging"]> {
  readonly basePath: string;
  /** Addresses to listen on; none: all interfaces. */
  readonly bindAddresses: readonly string[];
  readonly allowHosts: AllowHosts;
  readonly errorLog: ErrorLogConfig;
}

/** Builds the common part from the values of a file. */
export function serverConfigOf(values: ServerValues, ini: IniFile, problems: ConfigProblems): ServerConfig {
  const { process, network } = values;
  if (process.disabled) {
    problems.refuse(ini.place("disabled"), "disabled is true, so nothing is started. Set it to false.");
  }
  for (const [name, value, unit] of [
    ["run_by_user", process.runByUser, "User"],
    ["run_by_group", process.runByGroup, "Group"],
  ]) {
    if (value === "") continue;
    const remedy = `Start the server as that ${unit!.toLowerCase()}, for example with ${unit!}= in its systemd unit.`;
    problems.warn(ini.place(name!), `${name!} "${value!}" is not applied. ${remedy}`);
  }
  return {
    basePath: process.basePath,
    bindAddresses: bindAddressesOf(network),
    port: network.port,
    addressFamily: network.addressFamily,
    connectTimeoutMs: network.connectTimeoutMs,
    networkTimeoutMs: network.networkTimeoutMs,
    maxConnections: network.maxConnections,
    allowHosts: allowHostsOf(network.allowHosts, ini, problems),
    ...values.connectionPool,
    ...values.logging,
    errorLog: values.errorLog,
  };
}

function bindAddressesOf(network: ServerValues["network"]): string[] {
  const sided = [network.innerBindAddress, network.outerBindAddress].filter((address) => address !== "");
  const texts = sided.length > 0 ? sided : [network.bindAddress];
  const addresses = texts.flatMap((text) => text.split(",")).map((address) => address.trim());
  return [...new Set(addresses.filter((address) => address !== ""))];
}

function allowHostsOf(entries: readonly string[], ini: IniFile, problems: ConfigProblems): AllowHosts {
  const items = ini.all("allow_hosts");
  const parsed = AllowHosts.parse(entries);
  for (const { entry, text } of parsed.problems) {
    problems.refuse(items[entry] ?? ini.place("allow_hosts"), `allow_hosts: ${text}`);
  }
  return parsed.allowHosts;
}

/** The trackers named by `tracker_server` lines; what cannot be parsed was refused before. */
export function trackerServersOf(texts: readonly string[]): ServerAddress[] {
  return texts
    .map((text) => parseServerAddress(text, trackerPortDefault))
    .filter((address) => typeof address !== "string");
}

/** Whether an address text is IPv6. Host names are not. */
export function isIpv6(host: string): boolean {
  return parseIpAddress(host)?.version === 6;
}

/** Refuses a path that is no directory. Skipped for "", which was refused as missing before. */
export function requireDirectory(
  disk: Disk,
  path: string,
  name: string,
  place: ConfigPlace,
  problems: ConfigProblems,
): void {
  if (path === "") return;
  const kind = disk.stat(path)?.kind;
  if (kind === "directory") return;
  if (kind === undefined) {
    problems.refuse(place, `${name} "${path}" does not exist. Create it (mkdir -p ${path}) or correct the path.`);
  } else problems.refuse(place, `${name} "${path}" is not a directory. Correct the path.`);
}

/** The addresses a server listens on; an empty one stands for all interfaces, IPv4 and IPv6. */
export function listenHosts({
  bindAddresses,
  addressFamily,
}: Pick<ServerConfig, "bindAddresses" | "addressFamily">): readonly string[] {
  if (bindAddresses.length > 0) return bindAddresses;
  if (addressFamily === "ipv4") return ["0.0.0.0"];
  return addressFamily === "ipv6" ? ["::"] : [""];
}
