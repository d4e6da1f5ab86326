// One tracker, some storages that share their files, and a client of them; closed together.
import { FastDfsClient } from "../src/index.ts";
import type { ClientOptions } from "../src/index.ts";
import { type FakeServer, type FakeStorage, startStorage, startTracker } from "./fake-cluster.ts";

export interface OpenCluster extends AsyncDisposable {
  readonly client: FastDfsClient;
  readonly tracker: FakeServer;
  readonly storages: readonly FakeStorage[];
}

export async function openCluster(storageCount = 1, options: Partial<ClientOptions> = {}): Promise<OpenCluster> {
  const files: FakeStorage["files"] = new Map();
  const storages = await Promise.all(Array.from({ length: storageCount }, () => startStorage(files)));
  const tracker = await startTracker(storages);
  const client = FastDfsClient.open({ trackers: [`127.0.0.1:${tracker.port}`], connectAttempts: 1, ...options });
  return {
    client,
    tracker,
    storages,
    async [Symbol.asyncDispose]() {
      await client.close();
      await tracker.stop();
      await Promise.all(storages.map((storage) => storage.stop()));
    },
  };
}
