// bench: what a user's own cluster does with uploads and downloads. Our own measurements against bare servers live in
// bench/ of the repository.
import type { FastDfsClient } from "@fastdfs-ts/client";
import { randomBelow } from "@fastdfs-ts/runtime";

import { clusterOptions, withClient } from "../cluster/client-choice.ts";
import { CommandFailure, reasonOf } from "../failure.ts";
import { command, type Context } from "../table/command-row.ts";
import { choice, flag, size, text, type ValuesOf, whole } from "../table/option-kinds.ts";
import { ProgressBar } from "../terminal/progress-bar.ts";
import { printTable } from "../terminal/table.ts";
import { plural, printBytes, printCount, printDuration } from "../terminal/units.ts";

const benchOptions = {
  op: choice(["upload", "download", "mixed"], "what to measure; mixed is half and half", "mixed"),
  size: size("BYTES", "size of each file", "5KB"),
  count: whole("N", "operations", 1000, { min: 1, max: 10_000_000 }),
  conns: whole("N", "operations at the same time, each on a connection of its own", 16, { min: 1, max: 1024 }),
  group: text("NAME", "group for the files; else the trackers choose", "g"),
  keep: flag("leave the files in the store; else they are deleted at the end"),
  json: flag("print a JSON object"),
  ...clusterOptions,
};

type Input = ValuesOf<typeof benchOptions>;

/** Files that downloads choose from. */
const downloadFilesMax = 1000;
const failuresMax = 100;

type Operation = "upload" | "download";

interface Measured {
  readonly operation: Operation;
  readonly latenciesMs: number[];
  bytes: number;
}

export const benchCommand = command({
  name: "bench",
  group: "cluster",
  summary: "measure uploads and downloads: operations per second, latencies",
  details:
    "Stores files of random bytes and deletes them at the end. One client process on one core: use several for more load.",
  examples: ["bench", "bench --op upload --size 100MB --count 20 --conns 2"],
  arguments: {},
  options: benchOptions,
  run: (context, input) =>
    withClient(
      context,
      input,
      async (client) => {
        const files: string[] = [];
        try {
          if (input.op !== "upload") await prepare(context, client, input, files);
          const measuring = await measure(context, client, input, files);
          report(context, input, measuring);
          return measuring.failures === 0 ? 0 : 1;
        } finally {
          if (!input.keep) await deleteAll(client, files, input.conns);
        }
      },
      { connections: input.conns },
    ),
});

async function prepare(context: Context, client: FastDfsClient, input: Input, files: string[]): Promise<void> {
  const wanted = Math.min(input.op === "mixed" ? input.conns : input.count, downloadFilesMax);
  const content = context.world.random.bytes(input.size);
  const bar = new ProgressBar(context.terminal, context.world.clock, { bytes: wanted * input.size, files: wanted });
  try {
    await inParallel(Math.min(input.conns, wanted), wanted, async () => {
      context.signal.throwIfAborted();
      files.push((await client.upload(content, { group: input.group, signal: context.signal })).fileId);
      bar.addBytes(input.size);
      bar.addFile();
    });
  } finally {
    bar.end();
  }
}

interface Measuring {
  readonly measured: readonly Measured[];
  readonly elapsedMs: number;
  readonly failures: number;
}

async function measure(context: Context, client: FastDfsClient, input: Input, files: string[]): Promise<Measuring> {
  const { world, signal, terminal } = context;
  const { clock, random } = world;
  const { size, count, conns, op, group } = input;
  const content = random.bytes(size);
  const uploads: Measured = { operation: "upload", latenciesMs: [], bytes: 0 };
  const downloads: Measured = { operation: "download", latenciesMs: [], bytes: 0 };
  const bar = new ProgressBar(terminal, clock, { bytes: count * size, files: count });
  let failures = 0;
  const once = async (at: number): Promise<void> => {
    signal.throwIfAborted();
    const measured = op === "upload" || (op === "mixed" && at % 2 === 0) ? uploads : downloads;
    const startMs = clock.monotonic();
    try {
      if (measured === uploads) files.push((await client.upload(content, { group, signal })).fileId);
      else await readAll(client, files[randomBelow(random, files.length)]!, signal);
      measured.latenciesMs.push(clock.monotonic() - startMs);
      measured.bytes += size;
    } catch (error) {
      signal.throwIfAborted();
      if (++failures > failuresMax)
        throw new CommandFailure(`gave up after ${failures} failures. The last: ${reasonOf(error)}`, { cause: error });
    }
    bar.addBytes(size);
    bar.addFile();
  };
  const startMs = clock.monotonic();
  try {
    await inParallel(conns, count, once);
  } finally {
    bar.end();
  }
  const measured = [uploads, downloads].filter(({ latenciesMs }) => latenciesMs.length > 0);
  return { measured, elapsedMs: clock.monotonic() - startMs, failures };
}

async function readAll(client: FastDfsClient, fileId: string, signal: AbortSignal): Promise<void> {
  await using download = await client.download(fileId, { signal });
  // The bytes are counted by the client; nothing else is done with them.
  for await (const _chunk of download);
}

async function deleteAll(client: FastDfsClient, files: readonly string[], conns: number): Promise<void> {
  await inParallel(conns, files.length, async (at) => {
    try {
      await client.delete(files[at]!);
    } catch {
      // What was measured counts; a file that stays behind does no harm.
    }
  });
}

/** Runs `work` for 0 … count - 1, some at a time. The first failure ends it. */
async function inParallel(jobs: number, count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  let isFailed = false;
  const worker = async (): Promise<void> => {
    while (next < count && !isFailed) {
      try {
        await work(next++);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(jobs, count) }, worker));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

interface Row {
  readonly operation: Operation;
  readonly count: number;
  readonly opsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

function report({ terminal }: Context, input: Input, { measured, elapsedMs, failures }: Measuring): void {
  const rows = measured.map((one) => summarise(one, elapsedMs));
  if (input.json) {
    const { size, conns } = input;
    terminal.print(JSON.stringify({ size, conns, elapsedMs, failures, results: rows }));
    return;
  }
  const ms = (title: string, pick: (row: Row) => number) => {
    return { title, align: "right" as const, cell: (row: Row) => pick(row).toFixed(2) };
  };
  terminal.print(
    printTable(
      terminal,
      [
        { title: "operation", cell: (row) => row.operation },
        { title: "count", align: "right", cell: (row) => printCount(row.count) },
        { title: "ops/s", align: "right", cell: (row) => printCount(row.opsPerSecond) },
        { title: "throughput", align: "right", cell: (row) => `${printBytes(row.bytesPerSecond)}/s` },
        ms("p50 ms", (row) => row.p50Ms),
        ms("p95 ms", (row) => row.p95Ms),
        ms("p99 ms", (row) => row.p99Ms),
        ms("max ms", (row) => row.maxMs),
      ],
      rows,
    ),
  );
  const failed = failures === 0 ? "" : `; ${failures} failed`;
  terminal.tell(
    `${printBytes(input.size)} files, ${plural(input.conns, "connection")}, ${printDuration(elapsedMs)}${failed}`,
  );
}

function summarise({ operation, latenciesMs, bytes }: Measured, elapsedMs: number): Row {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  const seconds = Math.max(elapsedMs, 0.001) / 1000;
  return {
    operation,
    count: sorted.length,
    opsPerSecond: sorted.length / seconds,
    bytesPerSecond: bytes / seconds,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}
