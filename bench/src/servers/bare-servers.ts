// The two yardsticks as processes.
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isListening, type ServerProcess, startServer } from "./server-process.ts";

const HOST = "127.0.0.1";
const BARE_MAIN = fileURLToPath(new URL("../bare/main.js", import.meta.url));

/** A bare storage with its data below `folder`, which is created. */
export async function startBareStorage(folder: string): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  const port = await freePorts(1);
  return startServer([BARE_MAIN, "storage", String(port), folder], { host: HOST, port }, isListening);
}

export async function startBareEcho(): Promise<ServerProcess> {
  const port = await freePorts(1);
  return startServer([BARE_MAIN, "echo", String(port)], { host: HOST, port }, isListening);
}
