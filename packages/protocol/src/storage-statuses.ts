// The status a tracker keeps of each storage: wire values, names, meaning (wire-protocol.md §2.4). Which status follows
// which is the tracker's business; here is only that the numeric order counts when reports are merged (§6.9).

export const storageStatuses = {
  INIT: { value: 0, doc: "known, nothing negotiated yet" },
  WAIT_SYNC: { value: 1, doc: "a source for old files was assigned, copying has not begun" },
  SYNCING: { value: 2, doc: "the source is copying old files to it" },
  IP_CHANGED: { value: 3, doc: "tombstone of an old address" },
  DELETED: { value: 4, doc: "removed by an administrator" },
  OFFLINE: { value: 5, doc: "disconnected or silent too long" },
  ONLINE: { value: 6, doc: "joined, no report received yet" },
  ACTIVE: { value: 7, doc: "in service; only this status takes client traffic" },
  RECOVERY: { value: 9, doc: "rebuilding a disk" },
  NONE: { value: 99, doc: "placeholder inside storage servers" },
} as const;

export type StorageStatus = keyof typeof storageStatuses;

const nameByValue = new Map<number, StorageStatus>(
  Object.entries(storageStatuses).map(([name, row]) => [row.value, name as StorageStatus]),
);

/** The wire value of a status. */
export function storageStatusValue(status: StorageStatus): number {
  return storageStatuses[status].value;
}

/** The status with this wire value, or undefined if no release uses it. */
export function storageStatusOf(value: number): StorageStatus | undefined {
  return nameByValue.get(value);
}

/** Whether C counts a storage in this status as available: ONLINE or ACTIVE. */
export function isAvailable(status: StorageStatus): boolean {
  return status === "ONLINE" || status === "ACTIVE";
}

/** Orders statuses as reports are merged: a higher one wins (wire-protocol.md §6.9). */
export function compareStorageStatuses(a: StorageStatus, b: StorageStatus): number {
  return storageStatuses[a].value - storageStatuses[b].value;
}
