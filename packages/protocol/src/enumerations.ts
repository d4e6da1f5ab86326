// Small sets of numbers and letters on the wire and in configuration files (wire-protocol.md §2.5).

/** What clients may do at a server. Bit 1 (value 2) is write, bit 2 (value 4) is read. */
export const rwModes = { none: 0, writeOnly: 2, readOnly: 4, readWrite: 6 } as const;

/** store_lookup: how a tracker picks the group of an upload. */
export const groupChoices = { roundRobin: 0, fixedGroup: 1, mostFreeSpace: 2 } as const;

/** store_server: how a tracker picks the server of an upload. */
export const uploadStorageChoices = { roundRobin: 0, firstById: 1, lowestPriority: 2 } as const;

/** download_server: how a tracker picks the server of a download. */
export const downloadStorageChoices = { roundRobin: 0, sourceFirst: 1 } as const;

/** store_path: how the disk of an upload is picked. */
export const storePathChoices = { roundRobin: 0, mostFreeSpace: 2 } as const;

/** What command 13 does with the metadata that exists. */
export const metadataOperations = { overwrite: "O", merge: "M" } as const;

/** Status byte of a request 22. */
export const fileInfoFlags = { skipCrc32: 1, silent: 2 } as const;

/** Filter bits of 96. */
export const trackerStatFilters = { isActive: 1, isLeader: 2 } as const;

/** Filter bits and status operators of 97. */
export const storageStatFilters = { isTrunkServer: 1, status: 2 } as const;
export const statusOperators = { equal: "=", notEqual: "!" } as const;

/** Filter bits of 98. */
export const volumeStatFilters = { isDiskAvailable: 1, isTrunkAvailable: 2, isSpaceAvailable: 4 } as const;

/** First byte of the header before a file inside a trunk file. */
export const trunkRecordTypes = { free: 0, file: 0x46, link: 0x4c } as const;

/** Index of a state file in command 63. */
export const systemFiles = { groups: 0, storages: 1, syncTimestamps: 2, changelog: 3 } as const;

/** Status byte of a request 16 or 18 without content: "you have it already". */
export const SYNC_WITHOUT_CONTENT = 17;
