import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { clockCompliance, diskCompliance, networkCompliance, randomCompliance, realTime } from "@fastdfs-ts/testkit";
import { freePorts } from "@fastdfs-ts/testkit/free-ports";
import { nodeWorld } from "../src/node/index.ts";

const { clock, random, disk, network } = nodeWorld();
const roots = mkdtempSync(join(tmpdir(), "fastdfs-ts-disk-"));
afterAll(() => rmSync(roots, { recursive: true }));

clockCompliance("the real clock", () => ({ clock, ...realTime }));
randomCompliance("the real random source", () => random);
diskCompliance("the real disk", () => ({ disk, root: mkdtempSync(join(roots, "test-")), ...realTime }));
networkCompliance("the real network", () => ({ network, ...realTime, freePort: () => freePorts(1) }));
