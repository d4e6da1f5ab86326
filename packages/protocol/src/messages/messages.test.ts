import { arbitraryMessage } from "@fastdfs-ts/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { commands, FdfsError, type Message } from "../index.ts";

const messages = new Map<string, Message<unknown>>();
for (const command of [...Object.values(commands.tracker), ...Object.values(commands.storage)]) {
  for (const message of [
    command.request,
    command.answer,
    ...("answerVariants" in command ? command.answerVariants : []),
  ]) {
    messages.set(message.name, message);
  }
}

describe.each([...messages.values()])("$name", (message) => {
  it("comes back as it went out", () => {
    fc.assert(
      fc.property(arbitraryMessage(message), (value) => {
        const body = message.encode(value);
        expect(message.decode(body)).toEqual(value);
        expect(body.length).toBe(message.sizeOf(value));
        expect(body.length).toBeGreaterThanOrEqual(message.minSize);
        expect(body.length).toBeLessThanOrEqual(message.maxSize);
      }),
      { numRuns: 50 },
    );
  });

  it("is written again to the same bytes", () => {
    fc.assert(
      fc.property(arbitraryMessage(message), (value) => {
        const body = message.encode(value);
        expect(message.encode(message.decode(body))).toEqual(body);
      }),
      { numRuns: 25 },
    );
  });

  it("refuses random bytes with an FdfsError or understands them", () => {
    const lengths = fc.oneof(fc.constant(message.minSize), fc.integer({ min: 0, max: message.minSize + 200 }));
    const body = lengths.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(body, (bytes) => {
        expectOnlyFdfsError(() => message.encode(message.decode(Buffer.from(bytes))));
      }),
      { numRuns: 100 },
    );
  });

  it("refuses damaged bodies with an FdfsError or understands them", () => {
    fc.assert(
      fc.property(arbitraryMessage(message), fc.nat(), fc.nat(255), fc.nat(), (value, at, byte, cut) => {
        const body = message.encode(value);
        if (body.length > 0) body[at % body.length] = byte;
        expectOnlyFdfsError(() => message.decode(body.subarray(0, body.length - (cut % (body.length + 1)))));
        expectOnlyFdfsError(() => message.decode(body));
      }),
      { numRuns: 50 },
    );
  });
});

function expectOnlyFdfsError(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(FdfsError);
  }
}
