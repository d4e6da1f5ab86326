// A file store as a process of its own, to be killed: serves the directory of its first argument on loopback, prints its
// port, and ends when its standard input does. Runs the built package.
import { RpcServer } from "@fastdfs-ts/rpc";
import { defaultStorageConfig, Logger, nullSink, ShutdownStack } from "@fastdfs-ts/runtime";
import { nodeWorld } from "@fastdfs-ts/runtime/node";
import { DataInitFile } from "../dist/formats/data-init-file.js";
import { storageIdentity } from "../dist/identity.js";
import { openFileStore } from "../dist/open-file-store.js";
import { fileRoutes } from "../dist/service/file-routes.js";

// First, because clocks and disk workers keep no process alive by themselves.
process.stdin.on("end", () => process.exit());
process.stdin.resume();

const [directory] = process.argv.slice(2);
const world = nodeWorld();
world.disk.makeDirectory(`${directory}/data`);
world.disk.makeDirectory(`${directory}/path0`);
const config = defaultStorageConfig({
  basePath: directory,
  trackerServers: [],
  storePaths: [{ path: `${directory}/path0`, readOnly: false }],
  subdirCountPerPath: 2,
  // State files are written all the time, so that the process is killed in the middle of that as well.
  statFlushIntervalMs: 2,
  binlogFlushIntervalMs: 5,
});
const store = await openFileStore({
  config,
  world,
  log: Logger.create({ sink: nullSink, clock: world.clock, level: "error" }),
  identity: storageIdentity({ groupName: "group1", addresses: ["127.0.0.1"], port: 23000, idTypeInFileName: "ip" }),
  initFile: DataInitFile.open(world.disk, directory, Math.floor(world.clock.now() / 1000)),
  rules: () => ({
    storePathChoice: 0,
    reserve: { kind: "bytes", bytes: 0 },
    addressBytes: 16,
    addressOfStorageId: () => "",
  }),
  stack: new ShutdownStack(),
});
const server = await RpcServer.listen({
  network: world.network,
  clock: world.clock,
  listen: { hosts: ["127.0.0.1"], port: 0 },
  routes: fileRoutes(store),
  maxConnections: 100,
  networkTimeoutMs: 30_000,
  closeOnBadRequest: true,
  onTrouble: (trouble) => console.error(trouble),
});
process.stdout.write(`${server.local.port}\n`);
