import { afterEach, expect, it, vi } from "vitest";
import { onShutdownSignal } from "../src/node/index.ts";

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
