// A tracker reads its tracker.conf again: every key that the table calls reloadable counts at once, every other one is said
// to need a restart, and a file with a mistake changes nothing.
import { ClusterParameters, trackerCommands } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import {
  Deadlines,
  type Disk,
  Logger,
  nullSink,
  type OptionRow,
  parseSizeBytes,
  trackerConf,
  TrackerConfigFile,
} from "@fastdfs-ts/runtime";
import { SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";

import { openTracker, type ReloadOutcome } from "../src/index.ts";
import { activeGroup, ClientInTest, nameFrom, StorageInTest } from "./storage-in-test.ts";
import { TrackerInMemory } from "./tracker-in-memory.ts";

const conf = "/etc/tracker.conf";
const a = "10.96.0.11";
const b = "10.96.0.12";
const c = "10.96.0.21";

function write(disk: Disk, path: string, text: string): void {
  const bytes = Buffer.from(text);
  const file = disk.open(path, "replace");
  file.write(bytes, 0, bytes.length, 0);
  file.close();
}

/** A tracker with two groups: `a` and `b`, whose second path has more room, and `c`, where there is more room. */
class Stage {
  readonly disk = SimWorld.create(1).host("10.96.0.1").world.disk;
  readonly file: TrackerConfigFile;
  readonly tracker: TrackerInMemory;
  readonly client: ClientInTest;

  constructor(lines: string) {
    for (const path of ["/etc", "/base"]) this.disk.makeDirectory(path);
    this.write(lines);
    this.file = TrackerConfigFile.open(this.disk, conf);
    this.tracker = new TrackerInMemory(this.file.config, "10.96.0.1", () => this.file.reload());
    this.client = new ClientInTest(this.tracker);
  }

  static async open(lines = ""): Promise<Stage> {
    const stage = new Stage(lines);
    const [first, second] = await activeGroup(stage.tracker, a, b);
    // A member with two paths, that of the higher priority last.
    for (const storage of [first!, second!]) await storage.join({ paths: 2, priority: storage.ip === a ? 20 : 5 });
    for (const storage of [first!, second!]) await storage.reportDisks([4000, 5000]);
    const third = await new StorageInTest(stage.tracker, c, { groupName: "group2", paths: 2 }).start();
    await third.reportDisks([9000, 9500]);
    return stage;
  }

  write(lines: string): void {
    write(this.disk, conf, `base_path = /base\n${lines}`);
  }

  reload(lines: string): ReloadOutcome {
    this.write(lines);
    return this.tracker.reload.run();
  }

  async uploads(count: number, groupName?: string): Promise<(string | number)[]> {
    const places: (string | number)[] = [];
    for (let n = 0; n < count; n++) places.push(await this.client.upload(groupName));
    return places;
  }

  /** How many of `count` uploads go to the group of `a` and `b`. */
  async share(count: number): Promise<number> {
    const places = await this.uploads(count);
    return places.filter((place) => typeof place === "string" && !place.startsWith(c)).length;
  }

  /** Where two readers of a file are sent that `b` took some time ago. */
  async reads(secondsAgo: number): Promise<(string | number)[]> {
    const name = nameFrom(b, this.tracker.now - secondsAgo);
    return [await this.client.find(102, name), await this.client.find(102, name)].sort();
  }

  async parameters(): Promise<ClusterParameters> {
    const { body } = await this.tracker.ask(this.tracker.connect(a), trackerCommands.parameters.code);
    return ClusterParameters.decode(body);
  }
}

interface Effect {
  readonly key: string;
  readonly before: string;
  readonly after: string;
  /** Told of the change in `before` and in `after`. */
  readonly told: readonly [from: string, to: string];
  /** What happens with `before`, and what with `after`. */
  readonly look: (stage: Stage) => Promise<unknown>;
  readonly seen: readonly [before: unknown, after: unknown];
}

const byLoad = "store_lookup = 3\n";
const day = 86_400;
// Sorted: where a rotation stands does not matter.
const groupsOf = (places: (string | number)[]) => places.map((place) => (String(place).startsWith(c) ? 2 : 1)).sort();
const hostsOf = (places: (string | number)[]) => places.map((place) => String(place).split("/")[0]).sort();
const pathsOf = (places: (string | number)[]) => places.map((place) => Number(String(place).split("/")[1])).sort();

const effects: readonly Effect[] = [
  {
    key: "store_lookup",
    before: "store_lookup = 0",
    after: "store_lookup = 2",
    told: ["0", "2"],
    look: async (stage) => groupsOf(await stage.uploads(4)),
    seen: [
      [1, 1, 2, 2],
      [2, 2, 2, 2],
    ],
  },
  {
    key: "store_group",
    before: "store_lookup = 1\nstore_group = group1",
    after: "store_lookup = 1\nstore_group = group2",
    told: ["group1", "group2"],
    look: async (stage) => groupsOf(await stage.uploads(3)),
    seen: [
      [1, 1, 1],
      [2, 2, 2],
    ],
  },
  {
    key: "store_server",
    before: "store_server = 0",
    after: "store_server = 2",
    told: ["0", "2"],
    look: async (stage) => hostsOf(await stage.uploads(4, "group1")),
    seen: [
      [a, a, b, b],
      [b, b, b, b],
    ],
  },
  {
    key: "store_path",
    before: "store_server = 1\nstore_path = 0",
    after: "store_server = 1\nstore_path = 2",
    told: ["0", "2"],
    look: async (stage) => [pathsOf(await stage.uploads(4, "group1")), (await stage.parameters()).storePathChoice],
    seen: [
      [[0, 0, 1, 1], 0],
      [[1, 1, 1, 1], 2],
    ],
  },
  {
    key: "download_server",
    before: "download_server = 0",
    after: "download_server = 1",
    told: ["0", "1"],
    look: (stage) => stage.reads(3 * day),
    seen: [
      [a, b],
      [b, b],
    ],
  },
  {
    key: "reserved_storage_space",
    before: "store_server = 1\nreserved_storage_space = 5%",
    after: "store_server = 1\nreserved_storage_space = 90%",
    told: ["5%", "90%"],
    look: async (stage) => [...hostsOf(await stage.uploads(1, "group1")), (await stage.parameters()).spaceReserve],
    seen: [
      [a, "5.00%"],
      ["28", "90.00%"],
    ],
  },
  {
    key: "disk_usage_weight",
    before: `${byLoad}disk_usage_weight = 0`,
    after: `${byLoad}disk_usage_weight = 100`,
    told: ["0", "100"],
    look: async (stage) => ((await stage.share(60)) >= 30 ? "by tasks" : "by disks"),
    seen: ["by tasks", "by disks"],
  },
  {
    key: "max_tasks_per_storage",
    before: `${byLoad}disk_usage_weight = 50\nmax_tasks_per_storage = 1000000`,
    after: `${byLoad}disk_usage_weight = 50\nmax_tasks_per_storage = 1`,
    told: ["1000000", "1"],
    look: async (stage) => ((await stage.share(60)) >= 30 ? "by tasks" : "by disks"),
    seen: ["by disks", "by tasks"],
  },
  {
    key: "storage_sync_file_max_delay",
    before: "",
    after: "storage_sync_file_max_delay = 864000",
    told: ["86400", "864000"],
    look: async (stage) => [await stage.reads(3 * day), (await stage.parameters()).storageSyncFileMaxDelaySeconds],
    seen: [
      [[a, b], day],
      [[b, b], 10 * day],
    ],
  },
  {
    key: "storage_sync_file_max_time",
    before: "",
    after: "storage_sync_file_max_time = 7200",
    told: ["300", "7200"],
    look: async (stage) => {
      // `a` has everything of `b` up to the second of the file: of the file itself it may be.
      const created = stage.tracker.now - 3600;
      const [from, to] = [b, a].map((ip) => stage.tracker.cluster.group("group1").find(ip)!.slot);
      stage.tracker.cluster.group("group1").sync.raise(from!, to!, created);
      return stage.reads(3600);
    },
    seen: [
      [a, b],
      [b, b],
    ],
  },
];

/** Values that nothing else in the file contradicts, where the type of the row does not say one. */
const otherTexts: Readonly<Record<string, string>> = {
  base_path: "/other",
  allow_hosts: "10.0.0.0/8",
  use_storage_id: "false",
  use_connection_pool: "false",
  storage_ids_filename: "/etc/other_ids",
  slot_max_size: "3MB",
  bind_addr: "127.0.0.1",
  inner_bind_addr: "127.0.0.1",
  outer_bind_addr: "127.0.0.1",
  address_family: "ipv4",
};

/** A value that is not the default. */
function otherValue(row: OptionRow): string {
  const given = otherTexts[row.name];
  if (given !== undefined) return given;
  switch (row.type) {
    case "boolean":
      return row.default === "true" ? "false" : "true";
    case "choice":
      return Object.values(row.choices ?? {}).find(([word]) => word !== row.default)![0]!;
    case "integer":
    case "duration":
    case "size": {
      const number = parseSizeBytes(row.default ?? "0")!;
      return String(number * 2 <= (row.range?.max ?? Infinity) ? number * 2 + 1024 : number - 1);
    }
    case "time":
      return "04:44";
    default:
      return "other";
  }
}

const restartRows = Object.values(trackerConf.tables).flatMap(({ section, rows }) =>
  Object.values<OptionRow>(rows)
    .filter(({ reload, name }) => reload === undefined && name !== "disabled")
    .map((row) => ({ row, section, key: section === "" ? row.name : `[${section}] ${row.name}` })),
);

/** Files with a mistake, and what is said of it. */
const mistakes: readonly (readonly [text: string, said: RegExp])[] = [
  ["store_lookup = 7\ndownload_server = 1", /tracker\.conf line 2: store_lookup "7" .*\.$/],
  ["store_lookup = 1", /tracker\.conf line 2: store_lookup 1 needs a group\. Add a line: store_group = group1$/],
  ["store_group = no group\nstore_server = 1", /line 2: store_group "no group"/],
  ["reserved_storage_space = much", /line 2: reserved_storage_space "much" .*Write 20% or 10GB\.$/],
  ["store_server = 9", /line 2: store_server "9" .* A running tracker does not take it over\.$/],
  ["storage_sync_file_max_time = 0\nstore_server = 1", /line 2: storage_sync_file_max_time "0"/],
  ["disk_usage_weight = 101", /line 2: disk_usage_weight "101"/],
  ["base_path = /nowhere\nstore_server = 1", /line 2: base_path "\/nowhere" does not exist\. Create it/],
  ["use_storage_id = true\nstorage_ids_filename = /etc/none\nstore_server = 1", /\/etc\/none/],
  ["#@if x\nstore_server = 1", /line 2: /],
];

describe("a tracker that reads its configuration again", () => {
  it("is tried with every key that can be reloaded", () => {
    const reloadable = Object.values(trackerConf.tables).flatMap(({ rows }) =>
      Object.values<OptionRow>(rows)
        .filter(({ reload }) => reload !== undefined)
        .map(({ name }) => name),
    );
    expect(effects.map(({ key }) => key).sort()).toEqual(reloadable.sort());
  });

  it.each(effects)("goes by another $key at once, and back", async ({ key, before, after, told, look, seen }) => {
    const stage = await Stage.open(before);
    const [from, to] = told;
    expect(await look(stage)).toEqual(seen[0]);
    expect(stage.reload(after)).toMatchObject({ changed: [{ key, from, to }], needsRestart: [], warnings: [] });
    expect(await look(stage)).toEqual(seen[1]);
    expect(stage.reload(before)).toMatchObject({ changed: [{ key, from: to, to: from }] });
    expect(await look(stage)).toEqual(seen[0]);
    expect(stage.reload(before)).toMatchObject({ kind: "reloaded", changed: [] });
  });

  it.each(restartRows)("says that another $key needs a restart", ({ row, section, key }) => {
    const ids = `100001 group1 ${a}\n`;
    const before =
      "use_storage_id = true\nstorage_ids_filename = /etc/ids\nslot_max_size = 2MB\nuse_connection_pool = true\n";
    const stage = new Stage("");
    for (const path of ["/etc/ids", "/etc/other_ids"]) write(stage.disk, path, ids);
    stage.disk.makeDirectory("/other");
    stage.write(before);
    const file = TrackerConfigFile.open(stage.disk, conf);
    const { config } = file;
    const value = otherValue(row);
    stage.write(`${before}[${section}]\n${row.name} = ${value}\n`.replace("[]\n", ""));
    const change = { key, from: expect.any(String) as string, to: expect.any(String) as string };
    for (let times = 0; times < 2; times++) {
      const { changed, needsRestart } = file.reload();
      expect({ changed, needsRestart }).toEqual({ changed: [], needsRestart: [change] });
      expect(needsRestart[0]!.from).not.toBe(needsRestart[0]!.to);
    }
    expect(file.config).toEqual(config);
  });

  it.each(mistakes)("refuses %j whole", async (text, said) => {
    const stage = await Stage.open("store_server = 2");
    const { tracker, file } = stage;
    const [before, config] = [tracker.cluster.settings, file.config];
    const parameters = await stage.parameters();
    expect(stage.reload(text)).toEqual({ kind: "refused", problems: [expect.stringMatching(said) as string] });
    expect(tracker.events.at(-1)).toMatchObject({
      event: "config.refused",
      fields: { problem: expect.stringMatching(said) as string },
    });
    expect(tracker.cluster.settings).toBe(before);
    expect(file.config).toBe(config);
    expect(await stage.parameters()).toEqual(parameters);
    expect(hostsOf(await stage.uploads(2, "group1"))).toEqual([b, b]);
    expect(stage.reload("store_server = 1")).toMatchObject({
      changed: [{ key: "store_server", from: "2", to: "1" }],
    });
  });

  it("stays as it is while there is no file", async () => {
    const stage = await Stage.open("store_server = 2");
    stage.disk.unlink(conf);
    const said = "/etc/tracker.conf: does not exist. Check the path.";
    expect(stage.tracker.reload.run()).toEqual({ kind: "refused", problems: [said] });
    expect(hostsOf(await stage.uploads(2, "group1"))).toEqual([b, b]);
  });

  it("logs what changed and what did not", async () => {
    const stage = await Stage.open("");
    const { events } = stage.tracker;
    const start = events.length;
    stage.reload("store_lookup = 3\nstore_servr = 9\nport = 22123\n");
    expect(events.slice(start)).toEqual([
      {
        event: "config.warning",
        fields: { warning: expect.stringContaining('line 3: unknown key "store_servr"') as string },
      },
      { event: "config.changed", fields: { key: "store_lookup", from: "0", to: "3" } },
      { event: "config.needs-restart", fields: { key: "port", running: "22122", file: "22123" } },
      { event: "config.reloaded", fields: { changed: 1, needsRestart: 1 } },
    ]);
  });

  it("applies the rules between keys to what it runs with", async () => {
    // With trunk files store_server 0 becomes 1; but they need a restart.
    const stage = await Stage.open("store_server = 2");
    expect(stage.reload("store_server = 0\nuse_trunk_file = true")).toMatchObject({
      changed: [{ key: "store_server" }],
      needsRestart: [{ key: "use_trunk_file", from: "false", to: "true" }],
    });
    expect(hostsOf(await stage.uploads(4, "group1"))).toEqual([a, a, b, b]);
  });

  it("sees that the list of ids is another one", () => {
    const stage = new Stage("");
    write(stage.disk, "/etc/ids", `100001 group1 ${a}\n`);
    stage.write("use_storage_id = true\nstorage_ids_filename = ids\n");
    const file = TrackerConfigFile.open(stage.disk, conf);
    expect(file.reload().needsRestart).toEqual([]);
    write(stage.disk, "/etc/ids", `100001 group1 ${b}\n`);
    expect(file.reload().needsRestart).toMatchObject([{ key: "storage_ids_filename" }]);
    expect(file.config.storageIds[0]!.hosts).toEqual([a]);
  });

  it("does so while others ask", async () => {
    const sim = SimWorld.create(3);
    const { world } = sim.host("10.96.0.1");
    const log = Logger.create({ sink: nullSink, clock: world.clock, level: "info" });
    for (const path of ["/etc", "/base"]) world.disk.makeDirectory(path);
    write(world.disk, conf, "base_path = /base\nreserved_storage_space = 10%\n");
    const file = TrackerConfigFile.open(world.disk, conf);
    const tracker = await sim.run(openTracker(file.config, world, { log, reread: () => file.reload() }));
    const { network, clock } = sim.host("10.96.0.100").world;
    const deadlines = Deadlines.open(clock, 100);
    const address = { host: "10.96.0.1", port: tracker.local.port };
    const connection = await sim.run(RpcConnection.dial(network, address, { connectTimeoutMs: 5000, deadlines }));
    let percent = 10;
    const timer = clock.every(3, () => {
      if (percent < 99) percent++;
      write(world.disk, conf, `base_path = /base\nreserved_storage_space = ${percent}%\n`);
      expect(tracker.reload().kind).toBe("reloaded");
    });
    const seen: number[] = [];
    while (percent < 99) {
      const { spaceReserve } = await sim.run(connection.call(trackerCommands.parameters, {}, { timeoutMs: 5000 }));
      expect(spaceReserve).toMatch(/^\d\d\.00%$/);
      seen.push(parseFloat(spaceReserve));
    }
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(new Set(seen).size).toBeGreaterThan(10);
    timer.cancel();
    connection.destroy();
    await sim.run(tracker.stop());
  });

  it("cannot if it was made in code", async () => {
    const tracker = new TrackerInMemory();
    expect(tracker.reload.run()).toMatchObject({ kind: "refused", problems: [expect.stringContaining("Restart it")] });
  });
});
