// A tracker without sockets and disks: requests go straight to its routes, as the rpc server would pass them on.
import { readFileSync } from "node:fs";

import { FdfsError, HEADER_BYTES } from "@fastdfs-ts/protocol";
import type { PlainRoute, Route, Session } from "@fastdfs-ts/rpc";
import { defaultTrackerConfig, Logger, type LogRecord, type TrackerConfig } from "@fastdfs-ts/runtime";

import { Prng } from "@fastdfs-ts/simulation";

import { Changelog } from "../src/cluster/changelog.ts";
import { Cluster } from "../src/cluster/cluster.ts";
import { Leadership } from "../src/cluster/leadership.ts";
import { StorageIds } from "../src/cluster/storage-ids.ts";
import { TrackerList } from "../src/cluster/tracker-list.ts";
import { clusterSettingsOf } from "../src/config.ts";
import { ConfigReload, type RereadConfig } from "../src/config-reload.ts";
import { StateDonor } from "../src/handover/state-donor.ts";
import { printStateFiles } from "../src/handover/state-files-of.ts";
import { trackerRoutes } from "../src/service/routes.ts";

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A connection as the handlers see it. */
export class FakeSession implements Session {
  subject = "";
  readonly remote: { host: string; port: number };
  readonly local: { host: string; port: number };
  private readonly callbacks: (() => void)[] = [];

  constructor(peer: string, tracker: string) {
    this.remote = { host: peer, port: 50_000 };
    this.local = { host: tracker, port: 22_122 };
  }

  onClosed(callback: () => void): void {
    this.callbacks.push(callback);
  }

  close(): void {
    for (const callback of this.callbacks.splice(0)) callback();
  }
}

export class TrackerInMemory {
  /** Unix seconds; tests set it. */
  now = 1_795_320_000;
  readonly cluster: Cluster;
  readonly reload: ConfigReload;
  readonly events: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  private readonly routes: ReadonlyMap<number, Route>;
  private readonly address: string;

  constructor(overrides: Partial<TrackerConfig> = {}, address = "10.96.0.1", reread?: RereadConfig) {
    const config = defaultTrackerConfig({ basePath: "/", ...overrides });
    this.address = address;
    const clock = {
      now: () => this.now * 1000,
      monotonic: () => this.now * 1000,
      after: () => ({ cancel() {} }),
      every: () => ({ cancel() {} }),
    };
    const ids = config.useStorageId ? new StorageIds(config.storageIds) : undefined;
    this.cluster = new Cluster(clusterSettingsOf(config, ids), {
      clock,
      random: Prng.fromSeed(1),
      changelog: new Changelog(Buffer.alloc(0), () => {}),
      leadership: new Leadership({
        trackers: new TrackerList(
          () => 22_122,
          () => [address, "127.0.0.1"],
        ),
        monotonicMs: clock.monotonic,
        onEvent: (event, fields) => this.events.push({ event, fields }),
      }),
      onEvent: (_level, event, fields) => this.events.push({ event, fields }),
      onDirty: () => {},
    });
    const facts = {
      startedAt: this.now,
      downSeconds: 0,
      connections: () => ({ allocated: 4, current: 1, maximum: 4 }),
    };
    const sink = {
      write: ({ message: event, fields }: LogRecord) => void this.events.push({ event, fields }),
      close() {},
    };
    const log = Logger.create({ sink, clock, level: "info" });
    this.reload = new ConfigReload(config, { cluster: this.cluster, log, reread });
    const routes = trackerRoutes({
      cluster: this.cluster,
      config,
      parameters: () => this.reload.parameters,
      facts,
      save: () => Promise.resolve(),
      handover: { isDue: false, take: () => Promise.resolve() },
      donor: new StateDonor({
        clock,
        save: () => Promise.resolve(),
        picture: () => (this.cluster.groups.length === 0 ? undefined : printStateFiles(this.cluster)),
      }),
    });
    this.routes = new Map(routes.map((route) => [route.code, route]));
  }

  connect(peer: string): FakeSession {
    return new FakeSession(peer, this.address);
  }

  /** Sends a whole frame. Anything that a handler throws and is not an FdfsError comes through. */
  async send(session: FakeSession, request: Buffer): Promise<Answer> {
    return this.ask(session, request[8]!, request.subarray(HEADER_BYTES), request[9]);
  }

  async ask(session: FakeSession, code: number, body: Buffer = Buffer.alloc(0), flags = 0): Promise<Answer> {
    const route = this.routes.get(code);
    if (route?.kind !== "plain") return { status: 22, body: Buffer.alloc(0) };
    try {
      return { status: 0, body: await bodyOf(route, body, session, flags) };
    } catch (error) {
      if (error instanceof FdfsError) return { status: error.wireStatus, body: Buffer.alloc(0) };
      throw error;
    }
  }

  get commandCodes(): number[] {
    return [...this.routes.keys()];
  }
}

async function bodyOf(route: PlainRoute, body: Buffer, session: Session, flags: number): Promise<Buffer> {
  const answer = await route.handle(route.request.decode(body), session, flags);
  if (answer === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(answer)) return answer;
  if ("frame" in answer) return answer.frame.subarray(HEADER_BYTES);
  throw new Error("a tracker streams nothing");
}

/** One recorded exchange (packages/protocol/vectors). */
export interface Recorded {
  readonly name: string;
  readonly cmd: number;
  readonly request: { readonly hex: string };
  readonly response: { readonly hex: string; readonly status: number } | null;
  readonly context: { readonly cluster?: string; readonly state?: string; readonly from: string };
}

function readRecords(file: string): Recorded[] {
  const url = new URL(`../../protocol/vectors/wire/${file}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Recorded[];
}

const recorded = ["client-tracker", "storage-tracker"].flatMap(readRecords);
const byName = new Map([...recorded, ...readRecords("tracker-tracker")].map((record) => [record.name, record]));

function recordedExchange(name: string): Recorded {
  const record = byName.get(name);
  if (record === undefined) throw new Error(`no record ${name}`);
  return record;
}

/** What clients and storages sent in a recording, in its own order, by the state that the C cluster was in. */
export function recordsIn(cluster: string, stateStart: string): Recorded[] {
  return recorded.filter(({ context }) => context.cluster === cluster && (context.state ?? "").startsWith(stateStart));
}

export function requestBytes(name: string): Buffer {
  return Buffer.from(recordedExchange(name).request.hex, "hex");
}

/** The recorded answer; status and body. */
export function recordedAnswer(name: string): Answer {
  const { response } = recordedExchange(name);
  if (response === null) throw new Error(`${name} was not answered`);
  const bytes = Buffer.from(response.hex, "hex");
  return { status: response.status, body: bytes.subarray(HEADER_BYTES) };
}
