// What lies where in the data directory of `fdfs up`. Everything is found again by these names.

/** Below the current folder. */
export const upDirectoryDefault = "fastdfs-data";

export const upFiles = {
  trackerConf: "tracker.conf",
  storageIds: "storage_ids.conf",
  clientConf: "client.conf",
  /** `n` counts from 1. */
  storageConf: (n: number): string => `storage-${n}.conf`,
  /** base_path of the servers. */
  trackerBase: "tracker",
  storageBase: (n: number): string => `storage-${n}`,
  pidFile: "up.pid",
} as const;

export const upDefaults = { port: 22122, storagePort: 23000, storages: 2, group: "group1" } as const;

/** Ids of the storages: 100001, 100002 … */
export const firstStorageId = 100_001;
/** More than this on one machine is no longer a trial. */
export const storagesMax = 16;
