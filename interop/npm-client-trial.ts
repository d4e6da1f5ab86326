// One npm package at work: a cluster, a client of that package, one of our own to compare with, and files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";

import { FastDfsClient } from "@fastdfs-ts/client";
import type FdfsClient from "fdfs";
import { expect } from "vitest";

import { type InteropCluster, openInteropCluster } from "./cluster.ts";

/** Of the large files that are streamed. */
export const largeBytes = 20 * 1024 * 1024;

/** Statuses as the packages report them. */
export const missing = { errno: 2 };
export const refused = { errno: 22 };

const quiet = { log() {} };

export class NpmClientTrial implements AsyncDisposable {
  readonly cluster: InteropCluster;
  readonly client: FdfsClient;
  readonly ours: FastDfsClient;
  private readonly Client: typeof FdfsClient;
  private fileCount = 0;

  private constructor(Client: typeof FdfsClient, cluster: InteropCluster) {
    this.Client = Client;
    this.cluster = cluster;
    this.client = this.clientOf([cluster.trackerPort]);
    this.ours = FastDfsClient.open({ trackers: [`127.0.0.1:${cluster.trackerPort}`] });
  }

  static async open(
    Client: typeof FdfsClient,
    identity: Parameters<typeof openInteropCluster>[0],
  ): Promise<NpmClientTrial> {
    return new NpmClientTrial(Client, await openInteropCluster(identity));
  }

  clientOf(trackerPorts: readonly number[], logger: FdfsClient.Config["logger"] = quiet): FdfsClient {
    return new this.Client({ trackers: trackerPorts.map((port) => ({ host: "127.0.0.1", port })), logger });
  }

  /** A path of its own in the work directory, with that content if there is one. */
  localFile(content?: Buffer, extension = ""): string {
    const path = join(this.cluster.workDirectory, `file-${++this.fileCount}${extension}`);
    if (content !== undefined) writeFileSync(path, content);
    return path;
  }

  /** What the package reads of a stored file. */
  async read(fileId: string, range: { offset?: number; bytes?: number } = {}, client = this.client): Promise<Buffer> {
    const { target, written } = memoryTarget();
    await client.download(fileId, { target, ...range });
    return written();
  }

  async readWithOurs(fileId: string): Promise<Buffer> {
    const download = await this.ours.download(fileId);
    return await download.bytes();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ours.close();
    await this.cluster[Symbol.asyncDispose]();
  }
}

/** Bytes that differ from place to place and from seed to seed. */
export function bytesOf(length: number, seed = 1): Buffer {
  const content = Buffer.allocUnsafe(length);
  let state = seed + 0x9e3779b9;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    content[at] = state >>> 24;
  }
  return content;
}

/** `toEqual` takes seconds for large buffers. */
export function expectSame(actual: Buffer, expected: Buffer): void {
  expect(actual.length).toBe(expected.length);
  expect(actual.equals(expected)).toBe(true);
}

function memoryTarget(): { readonly target: Writable; readonly written: () => Buffer } {
  const chunks: Buffer[] = [];
  const target = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { target, written: () => Buffer.concat(chunks) };
}
