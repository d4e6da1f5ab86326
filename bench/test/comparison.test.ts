// The benchmark as a process, on the compiled program: the bare servers against themselves, briefly.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import type { Results } from "../src/report.ts";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const run = promisify(execFile);
const brief = ["--subject", "bare", "--rounds", "1", "--seconds", "0.05", "--connections", "2", "--json"];

it("measures a storage and a tracker scenario and prints JSON", async () => {
  const scenarios = ["upload5k", "trackerQuery"];
  const { stdout } = await run(process.execPath, [MAIN, ...scenarios, ...brief]);
  const results = JSON.parse(stdout) as Results;
  expect(results.comparisons.map(({ scenario, connections }) => `${scenario} ${connections}`)).toEqual(
    scenarios.map((name) => `${name} 2`),
  );
  for (const { bare, subject } of results.comparisons) {
    for (const side of [bare, subject]) {
      expect(side.opsPerSecond * side.secondsPerOp).toBeCloseTo(1);
      expect(side.peakMib).toBeGreaterThan(20);
      expect(side.p99Ms).toBeGreaterThanOrEqual(side.p50Ms);
    }
  }
});

it("names a scenario that does not exist", async () => {
  await expect(run(process.execPath, [MAIN, "upload5tb"])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no scenario "upload5tb"') as string,
  });
});
