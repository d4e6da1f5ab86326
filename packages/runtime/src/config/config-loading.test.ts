import { describe, expect, it } from "vitest";
import { MemoryDisk } from "../../test/memory-disk.ts";
import { defaultClientConfig, loadClientConfig } from "./client-config.ts";
import { ConfigError, printConfigProblem } from "./config-problems.ts";
import { printSample, printStorageIdsSample } from "./sample.ts";
import { defaultStorageConfig, loadStorageConfig } from "./storage-config.ts";
import { storageConf } from "./options/storage-options.ts";
import { trackerConf } from "./options/tracker-options.ts";
import { defaultTrackerConfig, loadTrackerConfig } from "./tracker-config.ts";

function diskWith(text: string, more: Record<string, string> = {}): MemoryDisk {
  const disk = new MemoryDisk().put("/c/x.conf", text);
  for (const [path, content] of Object.entries(more)) disk.put(path, content);
  for (const path of ["/d", "/d1", "/var/lib/fastdfs"]) disk.makeDirectory(path);
  return disk;
}

const tracker = (text: string, more = {}) => loadTrackerConfig(diskWith(`base_path=/d\n${text}`, more), "/c/x.conf");
const storage = (text: string) =>
  loadStorageConfig(diskWith(`base_path=/d\ntracker_server=127.0.0.1\n${text}`), "/c/x.conf");
const client = (text: string, more = {}) => loadClientConfig(diskWith(text, more), "/c/x.conf");

const texts = (loaded: { warnings: readonly Parameters<typeof printConfigProblem>[0][] }) =>
  loaded.warnings.map(printConfigProblem);

function refusal(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(printConfigProblem);
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("what an operator reads", () => {
  it.each([
    ["store_pth0 = /d", '/c/x.conf line 3: unknown key "store_pth0", did you mean "store_path0"?'],
    ["store_pth1 = /d", '/c/x.conf line 3: unknown key "store_pth1", did you mean "store_path1"?'],
    ["zzz_nothing_like_it = 1", '/c/x.conf line 3: unknown key "zzz_nothing_like_it", it is ignored.'],
    [
      "http.server_port = 80",
      "/c/x.conf line 3: http.server_port belongs to an older version and is ignored. You may remove the line.",
    ],
    ["heart_beat_interval = 0", '/c/x.conf line 3: heart_beat_interval "0" is below 1: the default 30 is used.'],
    ["sync_min_threads = 999", '/c/x.conf line 3: sync_min_threads "999" is above 256: 256 is used.'],
    [
      "compress_binlog = enabled",
      '/c/x.conf line 3: compress_binlog "enabled" is none of true, yes, on, 1 and therefore means no. Write true or false.',
    ],
    ["store_path1 = /d1", "/c/x.conf line 3: store_path1 is not used: store_path_count is 1."],
    ["[eror-log]\nx = 1", "/c/x.conf line 4: unknown section [eror-log], did you mean [error-log]?"],
    [
      "[access-log]\nport = 1",
      '/c/x.conf line 4: "port" is not read in [access-log]. Move it above the first section, or after a line [].',
    ],
    ["enabled = true", '/c/x.conf line 3: "enabled" is not read in the global part. Move it into [access-log].'],
    [
      "thread_stack_size = 256KB",
      '/c/x.conf line 3: thread_stack_size "256KB" has no effect here, but a C storage refuses less than 320KB. Set 512KB.',
    ],
    [
      "check_file_duplicate = true\nkey_namespace = FastDFS",
      "/c/x.conf line 3: check_file_duplicate is not applied: equal files are stored as often as they are uploaded.",
    ],
    [
      "run_by_user = fdfs",
      '/c/x.conf line 3: run_by_user "fdfs" is not applied. Start the server as that user, for example with User= in its systemd unit.',
    ],
  ])("%j", (line, warning) => expect(texts(storage(line))).toContain(warning));

  it("is told of comments after values and of repeated keys", () => {
    const warnings = texts(storage("port = 1 # x\nport = 2 # y"));
    expect(warnings.join("\n")).toMatch(/line 3: port "1 # x" does not count: line 4 sets it again/);
    expect(warnings.join("\n")).toMatch(/line 4: port: There are no comments after a value/);
    expect(storage("port = 1\nport = 2").config.port).toBe(2);
  });

  it("gets all mistakes at once, with places and remedies", () => {
    const problems = refusal(() =>
      loadStorageConfig(
        diskWith("base_path=/none\nwork_threads=0\nstore_path_count=2\nstore_path0=/data/x\ngroup_name=my group\n"),
        "/c/x.conf",
      ),
    );
    expect(problems).toEqual([
      '/c/x.conf line 2: work_threads "0" is below 1. Set it to at least 1.',
      '/c/x.conf line 5: group_name "my group" is not a group name. Use 1 to 16 letters and digits, such as group1.',
      "/c/x.conf: tracker_server is missing. Add a line for each tracker: tracker_server = 192.0.2.10:22122",
      "/c/x.conf line 3: store_path1 is missing, but store_path_count is 2. Add it or correct the count.",
      '/c/x.conf line 1: base_path "/none" does not exist. Create it (mkdir -p /none) or correct the path.',
      '/c/x.conf line 4: store_path0 "/data/x" does not exist. Create it (mkdir -p /data/x) or correct the path.',
    ]);
  });

  it.each([
    "disabled = true",
    "accept_threads = 0",
    "buff_size = 64KB",
    "group_name =",
    "subdir_count_per_path = 257",
    "store_path_count = 0",
    "disk_reader_threads = 0",
    "disk_rw_separated = no\ndisk_reader_threads = 0\ndisk_writer_threads = 0",
    "sync_start_time = 25:00",
    "server_id = 0100001",
    "tracker_server = a:b:c",
    "tracker_server = 10.0.0.1,10.0.0.2:22122",
    "allow_hosts = 10.0.0.0/33",
    "allow_hosts = 10.0.[1-255].[1-999999]",
    "use_connection_pool = true\nconnection_pool_max_idle_time = 0",
    "check_file_duplicate = true",
    "store_path_count = 2\nstore_path1 = /d",
    "tracker_server = t\n".repeat(16),
  ])("refuses a storage with %j", (lines) => expect(refusal(() => storage(lines))).not.toEqual([]));

  it.each([
    "store_lookup = 4",
    "store_lookup = 1",
    "slot_min_size = 0",
    "slot_max_size = 256",
    "reserved_storage_space = 100%",
    "use_storage_id = true",
    "use_storage_id = true\nstorage_ids_filename = missing.conf",
    "address_family = IPv6",
    "bind_addr = ::1",
    "bind_addr = 10.0.0.1,10.0.0.2",
  ])("refuses a tracker with %j", (lines) => expect(refusal(() => tracker(lines))).not.toEqual([]));
});

describe("storage.conf", () => {
  it("gives C's defaults", () => {
    const { config, warnings } = storage("");
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      port: 23000,
      connectTimeoutMs: 10_000,
      networkTimeoutMs: 30_000,
      heartBeatIntervalMs: 30_000,
      statReportIntervalMs: 300_000,
      binlogFlushIntervalMs: 60_000,
      syncWaitMs: 100,
      serverId: { kind: "local-address" },
      groupName: undefined,
      storePaths: [{ path: "/d", readOnly: false }],
      trackerServers: [{ hosts: ["127.0.0.1"], port: 22122 }],
      syncThreadsMax: 2,
      accessLog: { enabled: false, timePrecision: "ms", keepDays: 15 },
      errorLog: { format: "text", flushIntervalMs: 1000, rotateDaily: true },
    });
    expect(defaultStorageConfig({ basePath: "/d", trackerServers: config.trackerServers })).toEqual(config);
  });

  it("reads what is set", () => {
    const { config } = storage(
      "store_path_count=2\nstore_path1=/d1/\nstore_path1_readonly=1\nserver_id=\nbind_addr=10.0.0.1\n" +
        "inner_bind_addr=10.0.0.2\nfile_distribute_path_mode=7\nlog_level=ERROR\nlog_file_keep_days=3\n" +
        "allow_hosts=10.0.1.[1-3]\nallow_hosts=db\n[access-log]\nenabled=yes\nlog_file_keep_days=9\n[error-log]\nlog_format=json\n",
    );
    expect(config).toMatchObject({
      storePaths: [
        { path: "/d", readOnly: false },
        { path: "/d1", readOnly: true },
      ],
      serverId: { kind: "tracker" },
      bindAddresses: ["10.0.0.2"],
      distributeMode: "hash",
      logLevel: "error",
      syncThreadsMax: 4,
      accessLog: { enabled: true, keepDays: 9 },
      errorLog: { format: "json", keepDays: 3 },
    });
    expect(config.allowHosts.allows("10.0.1.3")).toBe(true);
    expect(config.allowHosts.allows("10.0.1.4")).toBe(false);
    expect(config.allowHosts.hostNames).toEqual(["db"]);
  });

  it("does not look at options that are switched off", () => {
    expect(storage("connection_pool_max_idle_time = 0").warnings).toEqual([]);
  });

  it("loads its own sample without a warning", () => {
    expect(loadStorageConfig(diskWith(printSample(storageConf)), "/c/x.conf").warnings).toEqual([]);
  });
});

describe("tracker.conf", () => {
  it("gives C's defaults", () => {
    const { config, warnings } = tracker("");
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      port: 22122,
      networkTimeoutMs: 60_000,
      groupChoice: "round-robin",
      reservedSpace: { kind: "bytes", bytes: 1024 ** 3 },
      checkActiveIntervalMs: 100_000,
      slotBytesMin: 256,
      slotBytesMax: 8 * 1024 ** 2,
      responseAddressBytes: 16,
      storageIds: [],
    });
    expect(defaultTrackerConfig({ basePath: "/d" })).toEqual(config);
  });

  it("derives from what is given in code, too", () => {
    const config = defaultTrackerConfig({ basePath: "/d", useTrunkFile: true, trunkFileBytes: 16 * 1024 ** 2 });
    expect(config).toMatchObject({ uploadStorageChoice: "first-by-address", slotBytesMax: 2 * 1024 ** 2 });
  });

  it("keeps slot sizes in order", () => {
    const loaded = tracker("trunk_alloc_alignment_size=512\nslot_max_size=60MB\nuse_trunk_file=1");
    expect(loaded.config).toMatchObject({ slotBytesMin: 512, slotBytesMax: 32 * 1024 ** 2 });
    expect(loaded.config.uploadStorageChoice).toBe("first-by-address");
    expect(texts(loaded).join()).toContain("line 3: slot_max_size");
  });

  it("reads the id list beside the file, and widens answers for IPv6", () => {
    const ids = { "/c/ids.conf": "1 g1 10.0.0.1\n2 g1 [2001:db8::1]\n" };
    const { config } = tracker("use_storage_id=true\nstorage_ids_filename=ids.conf", ids);
    expect(config.storageIds.map(({ id }) => id)).toEqual([1, 2]);
    expect(config.responseAddressBytes).toBe(46);
    const broken = refusal(() => tracker("use_storage_id=1\nstorage_ids_filename=ids.conf", { "/c/ids.conf": "x" }));
    expect(broken[0]).toContain("/c/ids.conf line 1:");
  });

  it("loads its own samples without a warning", () => {
    const disk = diskWith(
      printSample(trackerConf)
        .replace("use_storage_id = false", "use_storage_id = true")
        .replace("# storage_ids_filename", "storage_ids_filename"),
      { "/c/storage_ids.conf": printStorageIdsSample() },
    );
    const { config, warnings } = loadTrackerConfig(disk, "/c/x.conf");
    expect(warnings).toEqual([]);
    expect(config.storageIds).toHaveLength(3);
  });
});

describe("client.conf", () => {
  it("gives C's defaults", () => {
    const { config } = client("tracker_server=[2001:db8::1,10.0.0.1]:1\n");
    expect(config).toMatchObject({
      trackerServers: [{ hosts: ["2001:db8::1", "10.0.0.1"], port: 1 }],
      connectTimeoutMs: 10_000,
      networkTimeoutMs: 30_000,
      connectFirstBy: "tracker",
      tokenSecretKey: undefined,
    });
    expect(defaultClientConfig({ trackerServers: config.trackerServers })).toEqual(config);
  });

  it("needs ids and a secret only where they are used", () => {
    const line = "tracker_server=t\n";
    expect(refusal(() => client(`${line}use_storage_id=1`))[0]).toContain("storage_ids_filename");
    expect(client(`${line}use_storage_id=1\nload_fdfs_parameters_from_tracker=1`).config.storageIds).toEqual([]);
    expect(refusal(() => client(`${line}http.anti_steal.check_token=1`))[0]).toContain("secret_key");
    const token = client(`${line}http.anti_steal.check_token=1\nhttp.anti_steal.secret_key=s`);
    expect(token.config.tokenSecretKey).toBe("s");
    expect(client(`${line}connect_first_by=last-connected`).config.connectFirstBy).toBe("last-connected");
  });
});
