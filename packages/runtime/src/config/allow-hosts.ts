// Who may connect: the `allow_hosts` lines (storage-formats.md §6.2). Entries are "*", addresses, CIDR blocks, host
// names, and ranges in brackets such as 10.0.1.[1-15,20] or host[01-08].example.net.
import type { Network } from "../ports/network.ts";
import { type IpAddress, parseIpAddress, unmapIpv4 } from "./ip-address.ts";

/** Bound on what bracket ranges of one configuration expand to: a /16, more is what CIDR is for. */
const expandedMax = 65_536;

interface Block {
  readonly version: 4 | 6;
  readonly shift: bigint;
  readonly prefix: bigint;
}

/** An immutable list of peers that may connect. */
export class AllowHosts {
  /** Lets everybody in: what a missing `allow_hosts` means. */
  static readonly everybody = new AllowHosts(true, new Set(), [], []);

  /** Host names in the list. They match nobody until the caller resolved them: see `withAddresses`. */
  readonly hostNames: readonly string[];
  readonly #everybody: boolean;
  /** Keys made by `keyOf`. */
  readonly #addresses: ReadonlySet<string>;
  readonly #blocks: readonly Block[];

  private constructor(
    everybody: boolean,
    addresses: ReadonlySet<string>,
    blocks: readonly Block[],
    hostNames: readonly string[],
  ) {
    this.#everybody = everybody;
    this.#addresses = addresses;
    this.#blocks = blocks;
    this.hostNames = hostNames;
  }

  /** Parses the values of all `allow_hosts` lines. `problems` holds one text per entry that makes no sense. */
  static parse(entries: readonly string[]): { allowHosts: AllowHosts; problems: { entry: number; text: string }[] } {
    if (entries.length === 0) return { allowHosts: AllowHosts.everybody, problems: [] };
    const problems: { entry: number; text: string }[] = [];
    const addresses = new Set<string>();
    const blocks: Block[] = [];
    const hostNames: string[] = [];
    let everybody = false;
    for (const [index, entry] of entries.entries()) {
      const expanded = expandRanges(entry.trim(), expandedMax - addresses.size);
      if (typeof expanded === "string") problems.push({ entry: index, text: expanded });
      else {
        for (const host of expanded) {
          const parsed = parseEntry(host);
          if (parsed.kind === "problem") {
            problems.push({ entry: index, text: parsed.text });
            break;
          }
          if (parsed.kind === "everybody") everybody = true;
          else if (parsed.kind === "address") addresses.add(keyOf(parsed.address));
          else if (parsed.kind === "block") blocks.push(parsed.block);
          else hostNames.push(parsed.name);
        }
      }
    }
    return { allowHosts: new AllowHosts(everybody, addresses, blocks, hostNames), problems };
  }

  /** Whether everybody may connect, so that a server need not ask at all. */
  get allowsEverybody(): boolean {
    return this.#everybody;
  }

  /** Whether a peer with this address may connect. Text that is not an IP address is never allowed, except by "*". */
  allows(ip: string): boolean {
    if (this.#everybody) return true;
    const parsed = parseIpAddress(ip);
    if (parsed === undefined) return false;
    const address = unmapIpv4(parsed);
    if (this.#addresses.has(keyOf(address))) return true;
    return this.#blocks.some(
      (block) => block.version === address.version && address.value >> block.shift === block.prefix,
    );
  }

  /** The same list with more addresses, which the caller got by resolving `hostNames`. Text that is no address is skipped. */
  withAddresses(resolved: Iterable<string>): AllowHosts {
    const addresses = new Set(this.#addresses);
    for (const text of resolved) {
      const address = parseIpAddress(text);
      if (address !== undefined) addresses.add(keyOf(unmapIpv4(address)));
    }
    return new AllowHosts(this.#everybody, addresses, this.#blocks, this.hostNames);
  }
}

function keyOf(address: IpAddress): string {
  return `${address.version}/${address.value.toString(16)}`;
}

type Entry =
  | { kind: "everybody" }
  | { kind: "address"; address: IpAddress }
  | { kind: "block"; block: Block }
  | { kind: "name"; name: string }
  | { kind: "problem"; text: string };

function parseEntry(text: string): Entry {
  if (text === "*") return { kind: "everybody" };
  if (text.includes("/")) return parseBlock(text);
  const address = parseIpAddress(text);
  if (address !== undefined) return { kind: "address", address: unmapIpv4(address) };
  if (/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(text) && !/^[\d.]+$/.test(text)) return { kind: "name", name: text };
  return { kind: "problem", text: `"${text}" is not "*", an IP address, a CIDR block or a host name.` };
}

function parseBlock(text: string): Entry {
  const slash = text.indexOf("/");
  const address = parseIpAddress(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  const widest = address?.version === 6 ? 128 : 32;
  if (address === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > widest) {
    return { kind: "problem", text: `"${text}" is not a CIDR block such as 10.0.0.0/8 or 2001:db8::/32.` };
  }
  const shift = BigInt(widest - Number(bits));
  return { kind: "block", block: { version: address.version, shift, prefix: address.value >> shift } };
}

/** Expands every "[1-15,20]" of an entry; a string in answer says what is wrong. Leading zeros keep the width. */
function expandRanges(text: string, countMax: number): string[] | string {
  if (text === "") return `an entry is empty. Write "*" to allow everybody, or remove the line.`;
  let expanded = [""];
  let rest = text;
  while (rest !== "") {
    const match = /^([^[\]]*)(?:\[([\d,\- ]*)\])?/.exec(rest)!;
    if (match[0] === "") return `"${text}" has a bracket that is not closed or not a list of numbers.`;
    const numbers = match[2] === undefined ? [""] : listNumbers(match[2], countMax);
    if (numbers === undefined) return `"${text}": "[${match[2] ?? ""}]" is not a list of ranges such as [1-15,20].`;
    if (expanded.length * numbers.length > countMax) {
      return `the ranges stand for more than ${expandedMax} hosts. Use a CIDR block.`;
    }
    expanded = expanded.flatMap((before) => numbers.map((number) => before + match[1]! + number));
    rest = rest.slice(match[0].length);
  }
  return expanded;
}

function listNumbers(text: string, countMax: number): string[] | undefined {
  const numbers: string[] = [];
  for (const part of text.split(",")) {
    const match = /^ *(\d{1,9}) *(?:- *(\d{1,9}) *)?$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (to < from) return undefined;
    const width = match[1]!.startsWith("0") ? match[1]!.length : 0;
    // One more than allowed is enough for the caller to refuse; a million are not made first.
    for (let number = from; number <= to && numbers.length <= countMax; number++) {
      numbers.push(String(number).padStart(width, "0"));
    }
  }
  return numbers;
}

/** Replaces host names by their addresses. Throws the resolver's error for a name without one. */
export async function resolveAllowHosts(allowHosts: AllowHosts, network: Network): Promise<AllowHosts> {
  if (allowHosts.hostNames.length === 0) return allowHosts;
  const resolved = await Promise.all(allowHosts.hostNames.map((host) => network.resolve(host)));
  return allowHosts.withAddresses(resolved.flat());
}
