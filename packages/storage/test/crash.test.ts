// A storage that is killed at any call of its disk, on virtual time: what was answered is there, nothing half-written can
// be seen, the next start works. The power stays on: what was written to the kernel is kept.
import { Deadlines } from "@fastdfs-ts/runtime";
import { type SimHost, SimWorld } from "@fastdfs-ts/simulation";
import { describe, expect, it } from "vitest";
import { type ServedStore, serveStore } from "./served-store.ts";
import { checkStore, type FoundFile } from "./store-checker.ts";
import { RandomWorker } from "./random-work.ts";
import { StoreClient } from "./store-client.ts";

const SERVER = "192.0.2.1";
const CLIENT = "192.0.2.9";
const DIRECTORY = "/store";

/** One simulated storage and its client. */
class Stage {
  readonly world: SimWorld;
  readonly host: SimHost;
  private readonly clientHost: SimHost;
  private served!: ServedStore;
  private client!: StoreClient;

  private constructor(seed: string) {
    this.world = SimWorld.create(seed);
    this.host = this.world.host(SERVER);
    this.clientHost = this.world.host(CLIENT);
  }

  /** A host with an empty disk, on which nothing runs yet. */
  static empty(seed: string): Stage {
    return new Stage(seed);
  }

  static async open(seed: string): Promise<Stage> {
    const stage = new Stage(seed);
    await stage.start();
    return stage;
  }

  /** Starts the server in the host's present life, and connects. */
  async start(): Promise<void> {
    const { world } = this.host;
    this.served = await this.world.run(
      serveStore({
        directory: DIRECTORY,
        world,
        listenHost: SERVER,
        config: { subdirCountPerPath: 1, distributeRotateCount: 1000 },
      }),
    );
    this.client = await this.connect();
  }

  connect(): Promise<StoreClient> {
    const { clock, network } = this.clientHost.world;
    const endpoint = { host: SERVER, port: this.served.port };
    return this.world.run(StoreClient.dial(network, Deadlines.open(clock, 50), endpoint));
  }

  /** Runs `work` with the client and lets time pass until it has ended. */
  do<T>(work: (client: StoreClient) => Promise<T>): Promise<T> {
    return this.world.run(work(this.client));
  }

  restart(): Promise<void> {
    this.host.restart();
    return this.start();
  }

  files(): Map<string, FoundFile> {
    return checkStore(this.host.world.disk, DIRECTORY);
  }
}

const bytes = (count: number, letter: string) => Buffer.alloc(count, letter);

/** Names of the files that an operation is about. */
interface Prepared {
  readonly file: string;
  readonly appender: string;
}

/** Content that can be compared quickly. */
const text = (content: Buffer) => content.toString("latin1");

const APPENDER_CONTENT = bytes(1000, "a");
const METADATA = "height\x02480\x01width\x02640";

interface Operation {
  /** What the client asks for. Returns the name of a new file, if any. */
  readonly run: (client: StoreClient, prepared: Prepared) => Promise<unknown>;
  /** Makes the files before it those after it. `made` is the name of the new file. */
  readonly after: (files: Map<string, string>, prepared: Prepared, made: string) => void;
  /** Runs before. */
  readonly prepare?: (client: StoreClient, prepared: Prepared) => Promise<void>;
}

const withMetadata = async (client: StoreClient, { file, appender }: Prepared) => {
  await client.setMetadata(file, "O", Buffer.from(METADATA));
  await client.setMetadata(appender, "O", Buffer.from(METADATA));
};

const makes = (content: Buffer, run: Operation["run"]): Operation => ({
  run,
  after: (files, _, made) => void files.set(made, text(content)),
});

const LARGE = bytes(300_000, "L");
const SMALL = bytes(500, "s");

const operations: Record<string, Operation> = {
  "upload of a small file": makes(SMALL, (client) => client.upload(SMALL)),
  "upload of a large file": makes(LARGE, (client) => client.upload(LARGE)),
  "upload of an empty file": makes(bytes(0, ""), (client) => client.upload(bytes(0, ""))),
  "upload of an appender": makes(LARGE, (client) => client.uploadAppender(LARGE)),
  "upload of a slave": makes(LARGE, (client, { file }) => client.uploadSlave(file, "_slave_of_it", LARGE)),
  link: makes(SMALL, (client, { file }) => client.link(file)),
  append: {
    run: (client, { appender }) => client.append(appender, LARGE),
    after: (files, { appender }) => void files.set(appender, text(Buffer.concat([APPENDER_CONTENT, LARGE]))),
  },
  "modification inside": {
    run: (client, { appender }) => client.modify(appender, 100, bytes(200, "M")),
    after: (files, { appender }) =>
      void files.set(appender, text(Buffer.concat([bytes(100, "a"), bytes(200, "M"), bytes(700, "a")]))),
  },
  "modification over the end": {
    run: (client, { appender }) => client.modify(appender, 900, LARGE),
    after: (files, { appender }) => void files.set(appender, text(Buffer.concat([bytes(900, "a"), LARGE]))),
  },
  "truncation to less": {
    run: (client, { appender }) => client.truncate(appender, 300),
    after: (files, { appender }) => void files.set(appender, text(bytes(300, "a"))),
  },
  "truncation to more": {
    run: (client, { appender }) => client.truncate(appender, 3000),
    after: (files, { appender }) =>
      void files.set(appender, text(Buffer.concat([APPENDER_CONTENT, Buffer.alloc(2000)]))),
  },
  regeneration: {
    run: (client, { appender }) => client.regenerate(appender),
    after: (files, { appender }, made) => {
      files.delete(appender);
      files.set(made, text(APPENDER_CONTENT));
    },
  },
  "first metadata": {
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from(METADATA)),
    after: (files, { file }) => void files.set(`${file}-m`, METADATA),
  },
  "metadata overwritten": {
    prepare: withMetadata,
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from("color\x02red")),
    after: (files, { file }) => void files.set(`${file}-m`, "color\x02red"),
  },
  "metadata merged": {
    prepare: withMetadata,
    run: (client, { appender }) => client.setMetadata(appender, "M", Buffer.from("color\x02red")),
    after: (files, { appender }) => void files.set(`${appender}-m`, `color\x02red\x01${METADATA}`),
  },
  "metadata removed": {
    prepare: withMetadata,
    run: (client, { file }) => client.setMetadata(file, "O", Buffer.from("")),
    after: (files, { file }) => void files.delete(`${file}-m`),
  },
  deletion: {
    run: (client, { file }) => client.delete(file),
    after: (files, { file }) => void files.delete(file),
  },
  "deletion with metadata": {
    prepare: withMetadata,
    run: (client, { appender }) => client.delete(appender),
    after: (files, { appender }) => {
      files.delete(appender);
      files.delete(`${appender}-m`);
    },
  },
};

const contents = (files: Map<string, FoundFile>) =>
  new Map([...files].map(([name, { content }]) => [name, text(content)] as const));

/** Runs an operation that is cut off at disk call `call`. False if it needs fewer calls. */
async function crashIn(operation: Operation, name: string, call: number, crashOfRestart?: number): Promise<boolean> {
  const stage = await Stage.open(`${name} ${call}`);
  const prepared = await stage.do(async (client) => ({
    file: await client.upload(SMALL, "txt"),
    appender: await client.uploadAppender(APPENDER_CONTENT),
  }));
  await stage.do(async (client) => operation.prepare?.(client, prepared));
  const before = contents(stage.files());

  const callsBefore = stage.host.diskFaults.calls;
  stage.host.crashAtDiskCall(call, "process");
  const answered = await stage
    .do((client) => operation.run(client, prepared))
    .then(
      (name) => ({ name }),
      // The client lost its connection, which tells it nothing.
      () => undefined,
    );
  if (stage.host.isUp) {
    expect(stage.host.diskFaults.calls - callsBefore).toBeLessThan(call);
    return false;
  }

  if (crashOfRestart !== undefined) {
    stage.host.restart();
    stage.host.crashAtDiskCall(crashOfRestart, "process");
    const started = await stage.start().then(
      () => true,
      () => false,
    );
    if (started) return false;
  }
  await stage.restart();
  const files = contents(stage.files());
  const fresh = [...files.keys()].filter((each) => !before.has(each) && !each.endsWith("-m"));
  // Without an answer the client does not know the name of its file; if there is one, it must be this.
  const made = typeof answered?.name === "string" ? answered.name : fresh[0];
  const after = new Map(before);
  operation.after(after, prepared, made ?? "no file was made");
  if (answered !== undefined) expect(files, "what was answered").toEqual(after);
  else expect([before, after]).toContainEqual(files);

  // The next life works, and what it makes survives an orderly look.
  const later = await stage.do(async (client) => {
    const stored = await client.upload(SMALL);
    await client.append(await client.uploadAppender(SMALL), SMALL);
    return stored;
  });
  expect(stage.files().get(later)?.content).toEqual(SMALL);
  return true;
}

describe("a storage that is killed at each disk call", () => {
  it.each(Object.entries(operations))("of %s", async (name, operation) => {
    let call = 1;
    while (await crashIn(operation, name, call)) call++;
    // The operation did something to be killed in.
    expect(call).toBeGreaterThan(2);
  });

  const withIntent = ["append", "modification inside", "modification over the end", "truncation to less"];
  withIntent.push("truncation to more", "regeneration", "deletion with metadata");

  it.each(withIntent)("of %s, and again at each disk call of the next start", async (name) => {
    const operation = operations[name]!;
    // Between these calls nothing but more content is written.
    const calls = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
    for (const call of calls) {
      let ofRestart = 1;
      while (await crashIn(operation, name, call, ofRestart)) ofRestart++;
    }
  });
});

describe("the first start of a storage", () => {
  it("killed at each disk call, and again, leaves nothing that the next one minds", async () => {
    let call = 1;
    for (let isKilled = true; isKilled; call++) {
      const stage = Stage.empty(`first start ${call}`);
      stage.host.crashAtDiskCall(call, "process");
      isKilled = await stage.start().then(
        () => false,
        () => true,
      );
      if (!isKilled) break;
      stage.host.restart();
      stage.host.crashAtDiskCall(Math.ceil(call / 2), "process");
      await stage.start().catch(() => undefined);
      await stage.restart();
      const name = await stage.do((client) => client.upload(SMALL));
      expect(stage.files().get(name)?.content).toEqual(SMALL);
    }
    expect(call).toBeGreaterThan(20);
  });
});

describe("several clients at a storage that is killed again and again", () => {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

  it.each(seeds)("find what was answered (seed %i)", async (seed) => {
    const stage = await Stage.open(`random work ${seed}`);
    const { random } = stage.world;
    const workers = ["a", "b", "c", "d"].map((id) => new RandomWorker(id, random.fork(id)));
    for (let round = 0; round < 12; round++) {
      const clients = await Promise.all(workers.map(() => stage.connect()));
      stage.host.crashAtDiskCall(1 + random.below(400), "process");
      await stage.world.run(Promise.all(workers.map((worker, index) => worker.work(clients[index]!))));
      await stage.restart();
      const files = stage.files();
      const known = new Set(workers.flatMap((worker) => [...worker.compare(files)]));
      expect([...files.keys()].filter((name) => !known.has(name))).toEqual([]);
    }
    // They got somewhere.
    expect(workers.reduce((sum, { answered }) => sum + answered, 0)).toBeGreaterThan(100);
  });
});
