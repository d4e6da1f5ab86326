// Which of a server's two addresses a peer is told: the one of the same kind as its own, else the first
// (wire-protocol.md §10.6, cluster-behaviour.md §3.10).

/** Address of `addresses` (one or two) for a peer at `peer`. */
export function suitedAddress(addresses: readonly string[], peer: string): string {
  return addresses[suitedAddressIndex(addresses, peer)]!;
}

export function suitedAddressIndex(addresses: readonly string[], peer: string): number {
  if (addresses.length < 2) return 0;
  const wanted = kindOf(peer);
  return kindOf(addresses[0]!) !== wanted && kindOf(addresses[1]!) === wanted ? 1 : 0;
}

/** 10/8, 172.16/12, 192.168/16, everything else; IPv6 is a kind of its own, so that an IPv6 peer gets an IPv6 address. */
function kindOf(ip: string): string {
  if (ip.includes(":")) return "ipv6";
  if (ip.startsWith("10.")) return "10";
  if (ip.startsWith("192.168.")) return "192.168";
  const second = /^172\.(\d+)\./.exec(ip)?.[1];
  return second !== undefined && Number(second) >= 16 && Number(second) <= 31 ? "172.16" : "other";
}
