import { describe, expect, it } from "vitest";
import { InvariantError } from "../invariant.ts";
import { ShutdownStack } from "./shutdown-stack.ts";

function resource(name: string, log: string[], failure?: Error): AsyncDisposable & { name: string } {
  return {
    name,
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      log.push(name);
      if (failure) throw failure;
    },
  };
}

describe("ShutdownStack", () => {
  it("closes in reverse order, sync and async ones, each after the one before has ended", async () => {
    const log: string[] = [];
    const stack = new ShutdownStack();
    expect(stack.use(resource("first", log)).name).toBe("first");
    stack.use({ [Symbol.dispose]: () => void log.push("second") });
    stack.defer(() => void log.push("third"));
    await stack[Symbol.asyncDispose]();
    expect(log).toEqual(["third", "second", "first"]);
    await stack[Symbol.asyncDispose]();
    expect(log).toHaveLength(3);
  });

  it("closes everything although some fail, and throws all failures", async () => {
    const log: string[] = [];
    const stack = new ShutdownStack();
    stack.use(resource("a", log, new Error("a failed")));
    stack.use(resource("b", log));
    stack.use(resource("c", log, new Error("c failed")));
    const failure: unknown = await stack[Symbol.asyncDispose]().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).errors.map(String)).toEqual(["Error: c failed", "Error: a failed"]);
    expect(log).toEqual(["c", "b", "a"]);
  });

  it("undoes what was opened when a later step fails", async () => {
    const log: string[] = [];
    async function open(): Promise<ShutdownStack> {
      await using stack = new ShutdownStack();
      stack.use(resource("disk", log));
      stack.use(resource("listener", log));
      if (log.length === 0) throw new Error("cannot join");
      return stack.move();
    }
    await expect(open()).rejects.toThrow("cannot join");
    expect(log).toEqual(["listener", "disk"]);
  });

  it("hands over what was opened when all went well", async () => {
    const log: string[] = [];
    async function open(): Promise<ShutdownStack> {
      await using stack = new ShutdownStack();
      stack.use(resource("disk", log));
      return stack.move();
    }
    const moved = await open();
    expect(log).toEqual([]);
    await moved[Symbol.asyncDispose]();
    expect(log).toEqual(["disk"]);
  });

  it("takes nothing more once it was closed or moved", async () => {
    const stack = new ShutdownStack();
    const moved = stack.move();
    expect(() => stack.defer(() => undefined)).toThrow(InvariantError);
    expect(() => stack.move()).toThrow(InvariantError);
    await moved[Symbol.asyncDispose]();
    expect(() => moved.defer(() => undefined)).toThrow(InvariantError);
  });
});
