import { afterEach, expect, it, vi } from "vitest";
import { HangupSignal, onShutdownSignal } from "../src/node/index.ts";

afterEach(() => vi.restoreAllMocks());

it("calls back once, and takes a second signal for impatience", () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  const seen: string[] = [];
  const stopListening = onShutdownSignal((signal) => seen.push(signal));
  process.emit("SIGTERM", "SIGTERM");
  expect(seen).toEqual(["SIGTERM"]);
  expect(exit).not.toHaveBeenCalled();
  process.emit("SIGINT", "SIGINT");
  expect(exit).toHaveBeenCalledWith(1);
  const before = process.listenerCount("SIGINT");
  stopListening();
  expect(process.listenerCount("SIGINT")).toBe(before - 1);
});

it("tells every listener of a hangup, until the last one leaves it to the system", () => {
  const before = process.listenerCount("SIGHUP");
  const seen: string[] = [];
  const hangups = new HangupSignal(
    () => seen.push("gone"),
    () => false,
  );
  expect(process.listenerCount("SIGHUP")).toBe(before);
  const [first, second] = ["first", "second"].map((name) => hangups.listen(() => seen.push(name)));
  expect(process.listenerCount("SIGHUP")).toBe(before + 1);
  process.emit("SIGHUP", "SIGHUP");
  expect(seen).toEqual(["first", "second"]);
  first![Symbol.dispose]();
  process.emit("SIGHUP", "SIGHUP");
  expect(seen).toEqual(["first", "second", "second"]);
  second![Symbol.dispose]();
  expect(process.listenerCount("SIGHUP")).toBe(before);
});

it("takes a hangup for the end when the terminal is gone, and only then", () => {
  let hasTerminal = true;
  const seen: string[] = [];
  const hangups = new HangupSignal(
    () => seen.push("gone"),
    () => hasTerminal,
  );
  const listening = hangups.listen(() => seen.push("heard"));
  process.emit("SIGHUP", "SIGHUP");
  hasTerminal = false;
  process.emit("SIGHUP", "SIGHUP");
  expect(seen).toEqual(["heard", "gone"]);
  listening[Symbol.dispose]();
});
