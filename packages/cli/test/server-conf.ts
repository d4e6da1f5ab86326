// Configuration files of a tracker and a storage on loopback, with their data beside them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes `tracker.conf` into `folder`, whose `tracker` is its base path. Returns its path. */
export function writeTrackerConf(folder: string, port: number, more = ""): string {
  mkdirSync(join(folder, "tracker"), { recursive: true });
  const conf = join(folder, "tracker.conf");
  writeFileSync(conf, `bind_addr = 127.0.0.1\nport = ${port}\nbase_path = ${join(folder, "tracker")}\n${more}`);
  return conf;
}

/** Writes `storage.conf` into `folder`, whose `storage` is its base path. Returns its path. */
export function writeStorageConf(folder: string, port: number, trackerPort: number, more = ""): string {
  mkdirSync(join(folder, "storage"), { recursive: true });
  const conf = join(folder, "storage.conf");
  const lines = [
    "bind_addr = 127.0.0.1",
    "group_name = group7",
    `port = ${port}`,
    `base_path = ${join(folder, "storage")}`,
    "subdir_count_per_path = 4",
    `tracker_server = 127.0.0.1:${trackerPort}`,
  ];
  writeFileSync(conf, `${lines.join("\n")}\n${more}`);
  return conf;
}
