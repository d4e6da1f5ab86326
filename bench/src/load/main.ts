// The load generator as a process, so that its CPU is not the server's. Takes the arguments of the external generator
// that FDFSLOAD may name, and prints the same line of JSON:
//   main.js upload|download|delete|query|fetch --storage HOST:PORT | --tracker HOST:PORT
//           [--size N] [--count N] [--conns N] [--ids FILE]
// Uploads write the ids file, downloads, deletes and fetches (102) read it. Exit status 1 if an exchange failed.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Address } from "./load-connection.ts";
import { type OperationName, operationNames } from "./operations.ts";
import { loadPayload } from "./payload.ts";
import { runLoad } from "./run-load.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    storage: { type: "string" },
    tracker: { type: "string" },
    size: { type: "string", default: "5120" },
    count: { type: "string", default: "10000" },
    conns: { type: "string", default: "16" },
    ids: { type: "string" },
  },
});

const operation = parseOperation(positionals[0]);
const needsIds = operation !== "upload" && operation !== "query";
const ids = needsIds ? readIds(values.ids) : [];
const count = operation === "delete" ? Math.min(Number(values.count), ids.length) : Number(values.count);
const report = await runLoad(
  { operation, address: parseAddress(values.storage ?? values.tracker), count, connections: Number(values.conns) },
  { payload: loadPayload(operation === "upload" || operation === "download" ? Number(values.size) : 0), ids },
);
if (operation === "upload" && values.ids !== undefined) writeFileSync(values.ids, ids.map((id) => `${id}\n`).join(""));
console.log(JSON.stringify(report));
if (report.errors > 0) process.exitCode = 1;

function parseOperation(word: string | undefined): OperationName {
  const name = operationNames.find((each) => each === word);
  if (name === undefined) throw new Error(`the first argument is one of ${operationNames.join(", ")}`);
  return name;
}

function parseAddress(text: string | undefined): Address {
  const [, host, port] = /^(.+):(\d+)$/.exec(text ?? "") ?? [];
  if (host === undefined) throw new Error("--storage or --tracker takes HOST:PORT");
  return { host, port: Number(port) };
}

function readIds(path: string | undefined): string[] {
  if (path === undefined) throw new Error("--ids FILE is needed: an upload run writes it");
  const lines = readFileSync(path, "latin1")
    .split("\n")
    .filter((line) => line !== "");
  if (lines.length === 0) throw new Error(`${path} names no file`);
  return lines;
}
