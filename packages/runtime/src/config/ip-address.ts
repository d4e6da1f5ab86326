// IP addresses as numbers: for lists of allowed peers and for rules on pairs of addresses. Pure text work; names are
// resolved elsewhere, through the Network port.

export interface IpAddress {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** Parses an IPv4 or IPv6 address without brackets or zone. `undefined` for anything else. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.includes(":")) {
    const value = parseIpv6(text);
    return value === undefined ? undefined : { version: 6, value };
  }
  const value = parseIpv4(text);
  return value === undefined ? undefined : { version: 4, value };
}

/** An IPv4 address that came over an IPv6 socket (::ffff:10.0.0.1) as what it is. */
export function unmapIpv4(address: IpAddress): IpAddress {
  if (address.version === 4 || address.value >> 32n !== 0xffffn) return address;
  return { version: 4, value: address.value & 0xffff_ffffn };
}

/** The kinds that matter for pairs: two addresses of one server must differ in kind (cluster-behaviour.md §3.10). */
export type AddressKind = "10/8" | "172.16/12" | "192.168/16" | "other IPv4" | "IPv6";

export function addressKind(address: IpAddress): AddressKind {
  if (address.version === 6) return "IPv6";
  if (address.value >> 24n === 10n) return "10/8";
  if (address.value >> 20n === 0xac1n) return "172.16/12";
  if (address.value >> 16n === 0xc0a8n) return "192.168/16";
  return "other IPv4";
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseIpv6Words(halves[0]!, halves.length === 1);
  const tail = halves.length === 1 ? [] : parseIpv6Words(halves[1]!, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const words = [...head, ...new Array<bigint>(missing).fill(0n), ...tail];
  return words.reduce((value, word) => (value << 16n) | word, 0n);
}

/** The 16-bit words of one side of "::"; an IPv4 address may stand at the end of the last side. */
function parseIpv6Words(text: string, isLastSide: boolean): bigint[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const words: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    if (isLastSide && index === parts.length - 1 && part.includes(".")) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      words.push(ipv4 >> 16n, ipv4 & 0xffffn);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      words.push(BigInt(`0x${part}`));
    }
  }
  return words;
}
