// Does a large cluster make queries dearer? For each method the same queries at a tracker of 1 group × 2 storages and at
// one of 100 × 10, in turn.
import { mintName, printFileId, printLogicalName, sourceOfIp } from "@fastdfs-ts/protocol";
import { nodeRandom } from "@fastdfs-ts/runtime/node";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateLoad } from "../load/generate.ts";
import { median } from "../medians.ts";
import { cpuMicroseconds } from "../process-usage.ts";
import { startDaemon } from "../servers/our-servers.ts";
import { isListening, type ServerProcess } from "../servers/server-process.ts";
import { addressOf, joinStorages, type Size } from "./joined-storages.ts";

const small: Size = { groups: 1, members: 2 };
const large: Size = { groups: 100, members: 10 };
const CONNECTIONS = 16;
const WARM_UP = 20_000;

export const trackerScaleAim = 1.3;

interface QueryKind {
  readonly operation: "query" | "fetch";
  readonly name: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

const kinds: readonly QueryKind[] = [
  { operation: "query", name: "upload, by turns", settings: { store_lookup: 0, store_server: 0 } },
  {
    operation: "query",
    name: "upload, one group, first by address",
    settings: { store_lookup: 1, store_group: "group0", store_server: 1 },
  },
  {
    operation: "query",
    name: "upload, most free, lowest priority",
    settings: { store_lookup: 2, store_server: 2, store_path: 2 },
  },
  { operation: "query", name: "upload, by load", settings: { store_lookup: 3, store_server: 3 } },
  { operation: "fetch", name: "download, by turns", settings: { download_server: 0 } },
  { operation: "fetch", name: "download, source", settings: { download_server: 1 } },
  { operation: "fetch", name: "download, by load", settings: { download_server: 3 } },
];

interface QueryFigures {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

export interface ScaleResult {
  readonly name: string;
  readonly small: QueryFigures;
  readonly large: QueryFigures;
  /** CPU per query, large of small: the median of the rounds. */
  readonly cpuTimes: number;
  readonly timeTimes: number;
}

export interface ScaleOptions {
  readonly rounds: number;
  readonly queries: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly note: (line: string) => void;
}

/** Throws if a query fails. */
export async function measureTrackerScale(options: ScaleOptions): Promise<ScaleResult[]> {
  const results: ScaleResult[] = [];
  for (const kind of kinds) {
    const result = await measureKind(kind, options);
    options.note(`${kind.name}: CPU × ${result.cpuTimes.toFixed(2)}`);
    results.push(result);
  }
  return results;
}

async function measureKind(kind: QueryKind, options: ScaleOptions): Promise<ScaleResult> {
  await using first = await ScaledTracker.start(kind, small, options);
  await using second = await ScaledTracker.start(kind, large, options);
  await first.measure(WARM_UP);
  await second.measure(WARM_UP);
  const rounds: { small: QueryFigures; large: QueryFigures }[] = [];
  for (let round = 0; round < options.rounds; round++) {
    rounds.push({ small: await first.measure(options.queries), large: await second.measure(options.queries) });
  }
  const of = (value: (round: (typeof rounds)[0]) => number) => median(rounds.map(value));
  return {
    name: kind.name,
    small: { perSecond: of((one) => one.small.perSecond), cpuMicros: of((one) => one.small.cpuMicros) },
    large: { perSecond: of((one) => one.large.perSecond), cpuMicros: of((one) => one.large.cpuMicros) },
    cpuTimes: of((one) => one.large.cpuMicros / one.small.cpuMicros),
    timeTimes: of((one) => one.small.perSecond / one.large.perSecond),
  };
}

class ScaledTracker implements AsyncDisposable {
  private readonly server: ServerProcess;
  private readonly kind: QueryKind;
  private readonly idsFile: string;
  private readonly signal: AbortSignal;
  private storages: Disposable | undefined;

  private constructor(server: ServerProcess, kind: QueryKind, idsFile: string, signal: AbortSignal) {
    this.server = server;
    this.kind = kind;
    this.idsFile = idsFile;
    this.signal = signal;
  }

  static async start(kind: QueryKind, size: Size, { folder, signal }: ScaleOptions): Promise<ScaledTracker> {
    const own = join(folder, `${kinds.indexOf(kind)}-${size.groups}`);
    const address = { host: "127.0.0.1", port: await freePorts(1) };
    const server = await startDaemon("tracker", own, address, isListening, {
      ...kind.settings,
      reserved_storage_space: "1MB",
      check_active_interval: 60,
      // These storages listen nowhere.
      probe_silent_storages: "false",
      max_connections: 4096,
    });
    const idsFile = join(own, "ids");
    writeFileSync(idsFile, fileIds(size).join("\n"));
    const tracker = new ScaledTracker(server, kind, idsFile, signal);
    tracker.storages = await joinStorages(address, size);
    return tracker;
  }

  async measure(count: number): Promise<QueryFigures> {
    const { server, idsFile, signal } = this;
    const before = cpuMicroseconds(server.pid);
    const load = {
      operation: this.kind.operation,
      address: server.address,
      sizeBytes: 0,
      count,
      connections: CONNECTIONS,
    };
    const report = await generateLoad({ ...load, idsFile }, signal);
    return { perSecond: report.ok / report.seconds, cpuMicros: (cpuMicroseconds(server.pid) - before) / report.ok };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.storages?.[Symbol.dispose]();
    await this.server.stop();
  }
}

/** Of files that are old enough to be everywhere, of every storage. */
function fileIds({ groups, members }: Size): string[] {
  const ids: string[] = [];
  for (let group = 0; group < groups; group++) {
    for (let member = 0; member < members; member++) {
      const source = sourceOfIp(addressOf(group, member));
      const facts = {
        source,
        createdSeconds: 1_700_000_000,
        kind: "normal" as const,
        fileBytes: 5000,
        crc32: 1,
        extension: "bin",
      };
      const logicalName = printLogicalName(0, 0, 0, mintName(facts, nodeRandom));
      ids.push(printFileId({ groupName: `group${group}`, logicalName }));
    }
  }
  return ids;
}
