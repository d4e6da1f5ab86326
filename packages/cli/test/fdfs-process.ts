// Starts the compiled program as a user does. Needs dist: `npm test` builds first.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const binPath = fileURLToPath(new URL("../bin/fdfs.js", import.meta.url));

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

/** An empty environment but for what Node needs: a test must not find the trackers of whoever runs it. */
const env = { PATH: process.env.PATH, HOME: tmpdir() };

/** Runs a command to its end. */
export async function fdfs(words: readonly string[], cwd: string, program = binPath): Promise<ProcessResult> {
  const child = spawn(process.execPath, [program, ...words], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  return result(child);
}

async function result(child: ChildProcess): Promise<ProcessResult> {
  let out = "";
  let err = "";
  child.stdout!.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, out, err };
}

export interface ServerProcess {
  readonly pid: number;
  /** The first line on the stream that is waited for. Rejects with its last words if it ends before. */
  readonly firstLine: Promise<string>;
  /** The next line on that stream that matches. To be called before what makes it speak. */
  hear(pattern: RegExp): Promise<string>;
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<ProcessResult>;
}

export interface RunningServer extends Omit<ServerProcess, "firstLine"> {
  readonly firstLine: string;
}

/** Starts a server: `up --json` says on standard output that it is ready, daemons on the other. */
export function spawnServer(words: readonly string[], cwd: string, stream: "stdout" | "stderr"): ServerProcess {
  const child = spawn(process.execPath, [binPath, ...words], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = result(child);
  const lines = createInterface({ input: child[stream] });
  const hear = (pattern: RegExp): Promise<string> => {
    const line = new Promise<string>((resolve) => {
      lines.on("line", (text) => {
        if (pattern.test(text)) resolve(text);
      });
    });
    const tooLate = ended.then(({ err }) => Promise.reject(new Error(`fdfs ${words.join(" ")} ended: ${err}`)));
    return Promise.race([line, tooLate]);
  };
  const firstLine = hear(/^/);
  // Who stops a server before it is ready need not wait for its line.
  firstLine.catch(() => undefined);
  return {
    pid: child.pid!,
    firstLine,
    hear,
    stop(signal = "SIGINT") {
      child.kill(signal);
      return ended;
    },
  };
}

/** Starts a server and waits until it is ready. */
export async function startServer(
  words: readonly string[],
  cwd: string,
  stream: "stdout" | "stderr",
): Promise<RunningServer> {
  const server = spawnServer(words, cwd, stream);
  return { ...server, firstLine: await server.firstLine };
}

export async function listenOn(port: number): Promise<net.Server> {
  const server = net.createServer((socket) => socket.destroy());
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export async function closeServer(server: net.Server): Promise<void> {
  server.close();
  await once(server, "close");
}

/** A folder that is gone when the callback returns. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "fdfs-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
