// The two sides of a comparison: the bare server and the subject. The subject is our server, or a second bare one: what
// then differs is the noise of the machine.
import { join } from "node:path";
import { startBareEcho, startBareStorage } from "./servers/bare-servers.ts";
import { startOurCluster } from "./servers/our-servers.ts";
import type { ServerProcess } from "./servers/server-process.ts";

export const subjects = ["ours", "bare"] as const;
export type Subject = (typeof subjects)[number];

export interface Contestants extends AsyncDisposable {
  readonly bare: ServerProcess;
  readonly subject: ServerProcess;
}

/** Starts a storage, or the tracker's side, of each. */
export async function startContestants(
  kind: "storage" | "tracker",
  subject: Subject,
  folder: string,
): Promise<Contestants> {
  const bare = await startBare(kind, join(folder, "bare"));
  try {
    const other = await startSubject(kind, subject, join(folder, "subject"));
    return {
      bare,
      subject: other.server,
      async [Symbol.asyncDispose]() {
        await other.stop();
        await bare.stop();
      },
    };
  } catch (error) {
    await bare.stop();
    throw error;
  }
}

function startBare(kind: "storage" | "tracker", folder: string): Promise<ServerProcess> {
  return kind === "storage" ? startBareStorage(folder) : startBareEcho();
}

async function startSubject(
  kind: "storage" | "tracker",
  subject: Subject,
  folder: string,
): Promise<{ server: ServerProcess; stop: () => Promise<void> }> {
  if (subject === "bare") {
    const server = await startBare(kind, folder);
    return { server, stop: () => server.stop() };
  }
  const cluster = await startOurCluster(folder);
  return { server: cluster[kind], stop: () => cluster.stop() };
}
