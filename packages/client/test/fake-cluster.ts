// A cluster in memory behind real sockets: trackers and storages on RpcServer, files in a map shared by the members of
// the one group. Tests script it: a storage can lack files, and any command can be given another handler.
import {
  answer,
  answerRaw,
  type ContentReader,
  quit,
  receive,
  type Route,
  RpcServer,
  type ServeOptions,
} from "@fastdfs-ts/rpc";
import {
  type ChoiceExplanation,
  crc32,
  FdfsError,
  mintName,
  parseMetadata,
  printMetadata,
  slaveName,
  sourceOfIp,
  storageCommands,
  trackerCommands,
} from "@fastdfs-ts/protocol";
import { nodeClock, nodeNetwork, nodeRandom } from "@fastdfs-ts/runtime/node";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";

export const GROUP = "group1";

interface StoredEntry {
  bytes: Buffer;
  metadata: Buffer | undefined;
}

export interface FakeServer extends AsyncDisposable {
  readonly port: number;
  readonly server: RpcServer;
  /** Names of the commands that were answered, in order; active tests are left out. */
  readonly asked: string[];
  /** Replaces the route of a command. */
  override(route: Route): void;
  stop(): Promise<void>;
}

export interface FakeStorage extends FakeServer {
  readonly files: Map<string, StoredEntry>;
}

/** Starts a server whose routes may be replaced later. Nobody else gets its port when it is stopped. */
async function start(routes: Route[], asked: string[], closeOnBadRequest: boolean): Promise<FakeServer> {
  const replaced = new Map<number, Route>();
  const changeable = routes.map((route): Route => {
    if (route.kind === "quit") return route;
    const current = () => (replaced.get(route.code) ?? route) as typeof route;
    return {
      ...route,
      handle: (...given: never[]) => {
        if (route.code !== storageCommands.activeTest.code) asked.push(route.name);
        return (current().handle as (...all: never[]) => never)(...given);
      },
    };
  });
  const options: ServeOptions = {
    network: nodeNetwork,
    clock: nodeClock,
    listen: { hosts: ["127.0.0.1"], port: await freePorts(1) },
    routes: changeable,
    maxConnections: 256,
    networkTimeoutMs: 30_000,
    closeOnBadRequest,
    onTrouble: (trouble) => {
      // A failure that the test itself plays.
      if (trouble.kind === "request-failed") return;
      throw new Error("a fake server failed", { cause: trouble });
    },
  };
  const server = await RpcServer.listen(options);
  const stop = () => server.stop(0);
  return {
    port: server.local.port,
    server,
    asked,
    override: (route) => void replaced.set(route.code, route),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function readAll(content: ContentReader): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await content.consume((piece) => void pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}

function mint(bytes: Buffer, extension: string, kind: "normal" | "appender"): string {
  const source = sourceOfIp("10.96.0.13");
  const facts = {
    source,
    createdSeconds: 1_795_320_858,
    kind,
    fileBytes: bytes.length,
    crc32: crc32(0, bytes),
    extension,
  };
  return `M00/00/00/${mintName(facts, nodeRandom)}`;
}

/** The storage commands of a client, served from `files`. */
export async function startStorage(
  files: Map<string, StoredEntry> = new Map<string, StoredEntry>(),
): Promise<FakeStorage> {
  const entry = (logicalName: string) => {
    const found = files.get(logicalName);
    if (found === undefined) throw new FdfsError("NOT_FOUND");
    return found;
  };
  const put = (logicalName: string, bytes: Buffer) => {
    files.set(logicalName, { bytes, metadata: undefined });
    return { groupName: GROUP, logicalName };
  };
  const encodeName = (stored: { groupName: string; logicalName: string }) =>
    storageCommands.uploadFile.answer.encode(stored);
  const c = storageCommands;
  const asked: string[] = [];
  const routes: Route[] = [
    answer(c.activeTest, () => ({})),
    quit(c.quit),
    receive(c.uploadFile, async ({ extension }, content) => {
      const bytes = await readAll(content);
      return encodeName(put(mint(bytes, extension, "normal"), bytes));
    }),
    receive(c.uploadAppender, async ({ extension }, content) => {
      const bytes = await readAll(content);
      return encodeName(put(mint(bytes, extension, "appender"), bytes));
    }),
    receive(c.uploadSlave, async ({ masterName, slavePrefix, extension }, content) => {
      entry(masterName);
      return encodeName(put(slaveName(masterName, slavePrefix, extension), await readAll(content)));
    }),
    receive(c.appendFile, async ({ logicalName }, content) => {
      const file = entry(logicalName);
      file.bytes = Buffer.concat([file.bytes, await readAll(content)]);
      return undefined;
    }),
    receive(c.modifyFile, async ({ logicalName, offset }, content) => {
      const file = entry(logicalName);
      const bytes = await readAll(content);
      file.bytes = Buffer.concat([file.bytes.subarray(0, offset), bytes, file.bytes.subarray(offset + bytes.length)]);
      return undefined;
    }),
    answer(c.truncateFile, ({ logicalName, newBytes }) => {
      const file = entry(logicalName);
      file.bytes = file.bytes.subarray(0, newBytes);
      return {};
    }),
    answer(c.regenerateName, ({ logicalName }) => {
      const { bytes } = entry(logicalName);
      files.delete(logicalName);
      return put(mint(bytes, "bin", "normal"), bytes);
    }),
    answer(c.createLink, ({ sourceName, extension }) =>
      put(mint(entry(sourceName).bytes, extension, "normal"), entry(sourceName).bytes),
    ),
    answer(c.deleteFile, ({ logicalName }) => {
      entry(logicalName);
      files.delete(logicalName);
      return {};
    }),
    answer(c.setMetadata, ({ logicalName, operation, metadata }) => {
      const file = entry(logicalName);
      const before = operation === "M" && file.metadata !== undefined ? parseMetadata(file.metadata) : [];
      const merged = new Map([...before, ...parseMetadata(Buffer.from(metadata))]);
      file.metadata = merged.size === 0 ? undefined : printMetadata(merged);
      return {};
    }),
    answer(c.getMetadata, ({ logicalName }) => {
      const { metadata } = entry(logicalName);
      if (metadata === undefined) throw new FdfsError("NOT_FOUND");
      return { metadata };
    }),
    answer(c.queryFileInfo, ({ logicalName }) => {
      const { bytes } = entry(logicalName);
      return {
        fileBytes: bytes.length,
        modifiedSeconds: 1_795_320_859,
        crc32: crc32(0, bytes),
        sourceIp: "10.96.0.13",
      };
    }),
    answerRaw(c.downloadFile, ({ logicalName, offset, countBytes }) => {
      const { bytes } = entry(logicalName);
      if (offset >= bytes.length) throw new FdfsError("BAD_REQUEST");
      return bytes.subarray(offset, countBytes === 0 ? undefined : offset + countBytes);
    }),
  ];
  return { ...(await start(routes, asked, true)), files };
}

/** A tracker that sends uploads and changes to the first of these storages, and knows all of them as holders. */
export async function startTracker(storages: readonly { readonly port: number }[]): Promise<FakeServer> {
  const c = trackerCommands;
  const addresses = () => storages.map((storage) => ({ storageIp: "127.0.0.1", storagePort: storage.port }));
  const first = () => {
    const [address] = addresses();
    if (address === undefined) throw new FdfsError("NOT_FOUND");
    return address;
  };
  const routes: Route[] = [
    answer(c.activeTest, () => ({})),
    quit(c.quit),
    answer(c.queryStoreAny, () => ({ groupName: GROUP, ...first(), storePathIndex: 0 })),
    answer(c.queryStoreInGroup, ({ groupName }) => ({ groupName, ...first(), storePathIndex: 0 })),
    answer(c.queryStoreAnyAll, () => ({ groupName: GROUP, storages: addresses(), storePathIndex: 0 })),
    answer(c.queryStoreInGroupAll, ({ groupName }) => ({ groupName, storages: addresses(), storePathIndex: 0 })),
    answer(c.queryFetchOne, ({ groupName }) => ({ groupName, ...first() })),
    answer(c.queryFetchAll, ({ groupName }) => ({ groupName, storages: addresses() })),
    answer(c.queryUpdate, ({ groupName }) => ({ groupName, ...first() })),
    answer(c.listGroups, () => ({ groups: [] })),
    answer(c.listStorages, () => {
      throw new FdfsError("NOT_FOUND");
    }),
    // As a C tracker, which does not know these commands.
    answer(c.explainStorages, () => {
      throw new FdfsError("BAD_REQUEST");
    }),
    answer(c.explainChoice, () => {
      throw new FdfsError("BAD_REQUEST");
    }),
    answer(c.deleteStorage, () => ({})),
    answer(c.deleteGroup, () => ({})),
    answer(c.trackerClusterStat, () => {
      throw new FdfsError("NOT_SUPPORTED");
    }),
    answer(c.setTrunkServer, () => {
      throw new FdfsError("NOT_SUPPORTED");
    }),
  ];
  return start(routes, [], false);
}

/** An explanation of a choice (127) without candidates. */
export const nothingToChoose: ChoiceExplanation = {
  version: 1,
  takenSeconds: 7,
  purpose: "upload",
  settings: [],
  file: undefined,
  groups: [],
  groupName: "",
  members: [],
  paths: [],
  choice: undefined,
  refusal: undefined,
};
