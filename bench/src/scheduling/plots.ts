// The curves of the study as SVG, one picture per question, the methods beside each other.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

import { imbalance } from "./measurements.ts";
import type { StudyResult } from "./run-study.ts";
import { SLOW } from "./scenario.ts";

const WIDTH = 960;
const HEIGHT = 280;
const colors = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"];

export interface Picture {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

export function drawPictures(results: readonly StudyResult[]): Picture[] {
  const ofGroups = results.flatMap(({ method, periods }) =>
    periods.flatMap(({ atMs, groups }) =>
      groups.map(({ name, tasks, usage }) => ({
        method: method.name,
        minutes: atMs / 60_000,
        group: name,
        // A logarithmic scale has no 0.
        tasks: Math.max(1, tasks),
        usage,
      })),
    ),
  );
  const ofMethods = results.flatMap(({ method, periods }) =>
    periods.map((period) => ({
      method: method.name,
      minutes: period.atMs / 60_000,
      imbalance: imbalance(period),
      p99Ms: period.p99Ms,
      slowShare: period.slowShare,
    })),
  );
  const perGroup = { x: "minutes", stroke: "group", fx: "method" } as const;
  const time = { label: "minutes" };
  return [
    picture("usage.svg", "Disk usage of the fullest member of each group", {
      fx: { label: null },
      x: time,
      y: { label: "share of the disk", grid: true, domain: [0, 1] },
      color: { legend: false },
      marks: [Plot.lineY(ofGroups, { ...perGroup, y: "usage" })],
    }),
    picture("tasks.svg", "Clients' tasks under way in each group, means of ten seconds", {
      fx: { label: null },
      x: time,
      y: { label: "tasks", grid: true, type: "log" },
      marks: [Plot.lineY(ofGroups, { ...perGroup, y: "tasks" })],
    }),
    picture("imbalance.svg", "Tasks of the busiest group that takes uploads, of their mean", {
      x: time,
      y: { label: "max / mean", grid: true, type: "log" },
      marks: [Plot.ruleY([1.25], { strokeDasharray: "4" }), ...named(ofMethods, { x: "minutes", y: "imbalance" })],
    }),
    picture("latency.svg", "p99 of all requests of ten seconds, without the client's network; grey: one disk is slow", {
      x: time,
      y: { label: "ms", grid: true, type: "log" },
      marks: [slowTime(), ...named(ofMethods, { x: "minutes", y: "p99Ms" })],
    }),
    picture("slow-member.svg", "Tasks of the member with the slow disk, of those of its group; grey: it is slow", {
      x: time,
      y: { label: "share", grid: true, domain: [0, 1] },
      marks: [slowTime(), ...named(ofMethods, { x: "minutes", y: "slowShare" })],
    }),
  ];
}

/** One line for each method, and the names of the methods beside. */
function named(
  rows: readonly { readonly method: string }[],
  curve: { readonly x: string; readonly y: string },
): Plot.Markish[] {
  const names = [...new Set(rows.map(({ method }) => method))];
  return [
    Plot.lineY(rows, {
      ...curve,
      stroke: (row: { method: string }) => colors[names.indexOf(row.method)]!,
      z: "method",
    }),
    ...names.map((name, index) =>
      Plot.text([name], {
        frameAnchor: "top-right",
        textAnchor: "start",
        dx: 8,
        dy: 8 + 16 * index,
        fill: colors[index]!,
      }),
    ),
  ];
}

function slowTime(): Plot.Markish {
  return Plot.rectX([{ from: SLOW.fromMs / 60_000, to: SLOW.toMs / 60_000 }], {
    x1: "from",
    x2: "to",
    fill: "#000",
    fillOpacity: 0.07,
  });
}

/** What is used of the document without a browser. */
interface SvgElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  prepend(child: SvgElement): void;
}

function picture(file: string, title: string, options: Plot.PlotOptions): Picture {
  const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as {
    document: { createElement(name: string): SvgElement };
  };
  const size = { width: WIDTH, height: HEIGHT, marginRight: 190, marginLeft: 60 };
  const drawn = Plot.plot({ ...size, ...options, document }) as unknown as SvgElement;
  drawn.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const background = document.createElement("rect");
  for (const [name, value] of [
    ["width", "100%"],
    ["height", "100%"],
    ["fill", "#fff"],
  ] as const) {
    background.setAttribute(name, value);
  }
  drawn.prepend(background);
  return { file, title, svg: `${drawn.outerHTML}\n` };
}
