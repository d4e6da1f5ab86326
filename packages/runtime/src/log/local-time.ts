// Local times as logs spell them, and the moments of daily events. Nothing here asks what time it is.
import type { TimeOfDay } from "../quantities.ts";

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** Prints "2026-11-22 04:45:47". Remembers the second it printed last, as many lines fall into one. */
export class LocalTimeText {
  #second = Number.NaN;
  #text = "";

  /** `timeMs`: milliseconds since 1970. */
  seconds(timeMs: number): string {
    const second = Math.floor(timeMs / 1000);
    if (second !== this.#second) {
      const date = new Date(second * 1000);
      const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
      this.#text = `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
      this.#second = second;
    }
    return this.#text;
  }

  /** With 3 decimals ("ms") or 6 ("us"; zeros where the clock is not that fine). */
  fraction(timeMs: number, precision: "ms" | "us"): string {
    const micros = Math.floor((timeMs - Math.floor(timeMs / 1000) * 1000) * 1000);
    const digits = precision === "ms" ? Math.floor(micros / 1000) : micros;
    return `${this.seconds(timeMs)}.${String(digits).padStart(precision === "ms" ? 3 : 6, "0")}`;
  }
}

/** "20261122", the local day. */
export function dayStamp(timeMs: number): string {
  const date = new Date(timeMs);
  return `${date.getFullYear()}${pad(date.getMonth() + 1)}${pad(date.getDate())}`;
}

/** "20261122_044547", the local second. */
export function secondStamp(timeMs: number): string {
  const date = new Date(timeMs);
  return `${dayStamp(timeMs)}_${pad(date.getHours())}${pad(date.getMinutes())}${pad(date.getSeconds())}`;
}

/** The first moment after `timeMs` at which the local clock shows `time`, in milliseconds since 1970. */
export function nextDaily(timeMs: number, time: TimeOfDay): number {
  const today = atTimeOfDay(timeMs, time, 0);
  return today > timeMs ? today : atTimeOfDay(timeMs, time, 1);
}

/** The last moment not after `timeMs` at which the local clock showed `time`. */
export function lastDaily(timeMs: number, time: TimeOfDay): number {
  const today = atTimeOfDay(timeMs, time, 0);
  return today <= timeMs ? today : atTimeOfDay(timeMs, time, -1);
}

function atTimeOfDay(timeMs: number, time: TimeOfDay, days: number): number {
  const date = new Date(timeMs);
  // Through the calendar, not by 86,400 seconds: days around a clock change are longer or shorter.
  const day = date.getDate() + days;
  return new Date(date.getFullYear(), date.getMonth(), day, time.hour, time.minute, time.second).getTime();
}
