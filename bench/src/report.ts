// The results for people: Markdown tables, which also read well on a terminal.
import type { Timing } from "./codec.ts";
import type { Comparison, SideFigures } from "./compare.ts";
import type { Machine } from "./machine.ts";
import { replicationAims, type ReplicationResult } from "./replication/replication.ts";
import { type ScaleResult, trackerScaleAim } from "./tracker-scale/tracker-scale.ts";
import { GROWTH_MAX_MIB, type SoakResult } from "./soak.ts";

/** All that one run of the benchmarks found. */
export interface Results {
  readonly command: string;
  readonly machine: Machine;
  readonly subject: string;
  readonly comparisons: readonly Comparison[];
  readonly soak: SoakResult | undefined;
  readonly replication: ReplicationResult | undefined;
  readonly trackerScale: readonly ScaleResult[];
  readonly codec: readonly Timing[];
}

type Row = readonly string[];

/** A section with a heading, as it is appended to RESULTS.md. */
export function resultsText(results: Results): string {
  const { machine } = results;
  const parts = [
    `## ${machine.date}, ${machine.commit}`,
    `\`${results.command}\` · Node ${machine.node} · ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB · ` +
      `Linux ${machine.kernel}, ${machine.fileSystem} · load generator: ${machine.generator}`,
  ];
  if (results.comparisons.length > 0) parts.push(comparisonTable(results.comparisons, results.subject));
  if (results.soak !== undefined) parts.push(soakTable(results.soak, results.subject));
  if (results.replication !== undefined) parts.push(replicationTable(results.replication));
  if (results.trackerScale.length > 0) parts.push(trackerScaleTable(results.trackerScale));
  if (results.codec.length > 0) parts.push(codecTable(results.codec));
  return parts.join("\n\n") + "\n";
}

function comparisonTable(comparisons: readonly Comparison[], subject: string): string {
  const rows: Row[] = [
    [
      "scenario",
      "conns",
      "server",
      "ops/s",
      "p50 ms",
      "p99 ms",
      "max ms",
      "CPU µs/op",
      "peak MiB",
      "CPU ×",
      "time ×",
      "aim",
    ],
  ];
  for (const each of comparisons) {
    rows.push(
      [each.scenario, String(each.connections), "bare", ...figures(each.bare), "", "", ""],
      ["", "", subject, ...figures(each.subject), factor(each.cpuRatio), factor(each.secondsRatio), aimText(each)],
    );
  }
  return table(rows, 3);
}

function figures(side: SideFigures): Row {
  return [
    rounded(side.opsPerSecond),
    rounded(side.p50Ms),
    rounded(side.p99Ms),
    rounded(side.maxMs),
    rounded(side.cpuMicrosPerOp),
    rounded(side.peakMib),
  ];
}

function aimText({ aim, isReached }: Comparison): string {
  const time = aim.seconds === undefined ? "" : `, time ≤ ${aim.seconds}`;
  return `CPU ≤ ${aim.cpu}${time}: ${isReached ? "reached" : "missed"}`;
}

function soakTable(result: SoakResult, subject: string): string {
  const rows: Row[] = [["soak", "operations", "live MiB", "later", "resident MiB", "later", "peak MiB", "aim"]];
  const verdict = `live + ${GROWTH_MAX_MIB} MiB at most: ${result.isFlat ? "reached" : "missed"}`;
  const sides = [
    ["bare", result.bare, ""],
    [subject, result.subject, verdict],
  ] as const;
  for (const [name, { early, late, peakMib }, aim] of sides) {
    const memory = [early.liveMib, late.liveMib, early.residentMib, late.residentMib, peakMib].map(rounded);
    rows.push([name, String(result.operations), ...memory, aim]);
  }
  return table(rows, 1);
}

function replicationTable(result: ReplicationResult): string {
  const { files, cpu, straight, halfLoad, catchUp } = result;
  const { lastCopySeconds, cpuTimes, lagP99Ms } = replicationAims;
  const aim = (isReached: boolean, text: string) => `${text}: ${isReached ? "reached" : "missed"}`;
  return table(
    [
      [`replication of ${files} files of 5 KiB`, "figure", "aim"],
      ["uploads/s, one member", rounded(straight.aloneUploadsPerSecond), ""],
      ["uploads/s, two members", rounded(straight.pairUploadsPerSecond), ""],
      [
        "last copy after the last upload, s",
        rounded(straight.lastCopySeconds),
        aim(straight.lastCopySeconds <= lastCopySeconds, `≤ ${lastCopySeconds}`),
      ],
      ["CPU µs per file, one member", rounded(cpu.aloneMicrosPerFile), ""],
      ["CPU µs per file, both members", rounded(cpu.pairMicrosPerFile), ""],
      ["CPU ×", factor(cpu.times), aim(cpu.times <= cpuTimes, `≤ ${cpuTimes}`)],
      ["CPU × of the rounds", cpu.timesOfRounds.map(factor).join(" "), ""],
      [`lag at ${rounded(halfLoad.perSecond)} uploads/s, p50 ms`, rounded(halfLoad.lagP50Ms), ""],
      ["lag, p99 ms", rounded(halfLoad.lagP99Ms), aim(halfLoad.lagP99Ms < lagP99Ms, `< ${lagP99Ms}`)],
      ["new member, files of 5 KiB per second", rounded(catchUp.smallFilesPerSecond), ""],
      ["new member, files of 10 MiB, MiB/s", rounded(catchUp.largeMibPerSecond), ""],
    ],
    1,
  );
}

function trackerScaleTable(results: readonly ScaleResult[]): string {
  return table(
    [
      ["queries", "per s, 1 × 2", "per s, 100 × 10", "CPU µs, 1 × 2", "CPU µs, 100 × 10", "CPU ×", "time ×", "aim"],
      ...results.map(({ name, small, large, cpuTimes, timeTimes }) => [
        name,
        rounded(small.perSecond),
        rounded(large.perSecond),
        rounded(small.cpuMicros),
        rounded(large.cpuMicros),
        factor(cpuTimes),
        factor(timeTimes),
        `≤ ${trackerScaleAim}: ${cpuTimes <= trackerScaleAim && timeTimes <= trackerScaleAim ? "reached" : "missed"}`,
      ]),
    ],
    1,
  );
}

function codecTable(timings: readonly Timing[]): string {
  return table([["codec", "ns/op"], ...timings.map(({ name, nanoseconds }) => [name, rounded(nanoseconds)])], 1);
}

/** Three significant digits, no exponent. */
function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function factor(value: number): string {
  return value.toFixed(2);
}

/** A Markdown table; columns from the `textColumns`-th on are flush right. */
function table(rows: readonly Row[], textColumns: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: Row): string =>
    `| ${row.map((cell, i) => (i < textColumns ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < textColumns ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head, rule, ...body].join("\n");
}
