// One line that shows how far a long transfer is. Drawn on standard error, and only for a person.
import type { Clock } from "@fastdfs-ts/runtime";

import { widthOf } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { plural, printBytes, printCount, printDuration } from "./units.ts";

const redrawMs = 100;
/** A quick transfer shows no bar at all. */
const hiddenMs = 300;
const barCells = 24;
/** The speed is that of the last seconds, so that it follows what the network does now. */
const speedWindowMs = 5000;

export interface ProgressTotals {
  readonly bytes: number;
  /** Missing for a single file. */
  readonly files?: number;
}

export class ProgressBar {
  readonly #terminal: Terminal;
  readonly #clock: Clock;
  readonly #totals: ProgressTotals;
  readonly #startMs: number;
  readonly #samples: { ms: number; bytes: number }[] = [];
  #doneBytes = 0;
  #doneFiles = 0;
  #drawnMs: number;
  #isShown = false;

  constructor(terminal: Terminal, clock: Clock, totals: ProgressTotals) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#totals = totals;
    this.#startMs = clock.monotonic();
    this.#drawnMs = this.#startMs + hiddenMs - redrawMs;
  }

  addBytes(bytes: number): void {
    this.#doneBytes += bytes;
    this.#draw();
  }

  addFile(): void {
    this.#doneFiles++;
    this.#draw();
  }

  /** Tells a line above the bar. */
  tell(text: string): void {
    this.#clear();
    this.#terminal.tell(text);
  }

  /** Prints a line of the result above the bar. */
  print(text: string): void {
    this.#clear();
    this.#terminal.print(text);
  }

  /** Removes the bar. May be called twice. */
  end(): void {
    this.#clear();
  }

  get elapsedMs(): number {
    return this.#clock.monotonic() - this.#startMs;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  #clear(): void {
    if (this.#isShown) this.#terminal.tellRaw("\r\u001B[K");
    this.#isShown = false;
  }

  #draw(): void {
    if (!this.#terminal.showsProgress) return;
    const now = this.#clock.monotonic();
    if (now - this.#drawnMs < redrawMs) return;
    this.#drawnMs = now;
    this.#isShown = true;
    this.#terminal.tellRaw(`\r${fitted(this.#line(now), this.#terminal.columns() - 1)}\u001B[K`);
  }

  #line(now: number): string {
    const { bytes, files } = this.#totals;
    const parts =
      bytes > 0 || files === undefined
        ? Math.min(1, bytes === 0 ? 1 : this.#doneBytes / bytes)
        : this.#doneFiles / files;
    const speed = this.#bytesPerSecond(now);
    const leftMs = speed > 0 ? ((bytes - this.#doneBytes) / speed) * 1000 : undefined;
    return [
      `[${"█".repeat(Math.floor(parts * barCells)).padEnd(barCells, "░")}] ${String(Math.floor(parts * 100)).padStart(3)}%`,
      files === undefined ? undefined : `${printCount(this.#doneFiles)}/${plural(files, "file")}`,
      `${printBytes(this.#doneBytes)}/${printBytes(bytes)}`,
      `${printBytes(speed)}/s`,
      leftMs === undefined || leftMs <= 0 ? undefined : `${printDuration(leftMs)} left`,
    ]
      .filter((part) => part !== undefined)
      .join("  ");
  }

  #bytesPerSecond(now: number): number {
    this.#samples.push({ ms: now, bytes: this.#doneBytes });
    while (this.#samples.length > 2 && now - this.#samples[0]!.ms > speedWindowMs) this.#samples.shift();
    const first = this.#samples.length > 1 ? this.#samples[0]! : { ms: this.#startMs, bytes: 0 };
    const ms = now - first.ms;
    return ms > 0 ? ((this.#doneBytes - first.bytes) / ms) * 1000 : 0;
  }
}

function fitted(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  return line.slice(0, Math.max(0, columns - 1));
}
