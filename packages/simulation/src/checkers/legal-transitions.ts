// The state changes that a tracker may make of a member, written down independently of the tracker's own tables
// (cluster-behaviour.md §2.3; what we do differently from C: docs/decisions).

const legal: Readonly<Record<string, readonly string[]>> = {
  INIT: ["WAIT_SYNC", "ONLINE", "DELETED", "IP_CHANGED"],
  WAIT_SYNC: ["SYNCING", "OFFLINE", "ONLINE", "DELETED", "IP_CHANGED", "RECOVERY"],
  SYNCING: ["WAIT_SYNC", "OFFLINE", "ONLINE", "DELETED", "IP_CHANGED", "RECOVERY"],
  IP_CHANGED: ["INIT", "OFFLINE"],
  DELETED: ["INIT", "OFFLINE"],
  OFFLINE: ["ONLINE", "ACTIVE", "WAIT_SYNC", "SYNCING", "DELETED", "IP_CHANGED", "RECOVERY"],
  ONLINE: ["ACTIVE", "OFFLINE", "WAIT_SYNC", "SYNCING", "RECOVERY"],
  ACTIVE: ["OFFLINE", "WAIT_SYNC", "SYNCING", "RECOVERY"],
  RECOVERY: ["ONLINE", "ACTIVE", "OFFLINE", "WAIT_SYNC"],
};

export function isLegalTransition(from: string, to: string): boolean {
  return legal[from]?.includes(to) ?? false;
}
