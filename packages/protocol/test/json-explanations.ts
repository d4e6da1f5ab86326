// What holds for every explanation that is sent as JSON.
import fc from "fast-check";
import { expect } from "vitest";

import { FdfsError } from "../src/errors.ts";

/** Throws if something else comes back than was printed. */
export function expectReadAsPrinted<T>(
  explanations: fc.Arbitrary<T>,
  print: (explanation: T) => Buffer,
  parse: (json: Buffer) => T,
): void {
  fc.assert(
    fc.property(explanations, (explanation) => {
      expect(parse(print(explanation))).toEqual(explanation);
    }),
  );
}

/** Throws if the reader crashes at what makes no sense. `keys`: about how many keys an explanation has. */
export function expectSoundReader<T>(explanations: fc.Arbitrary<T>, parse: (json: Buffer) => T, keys: number): void {
  const isRefused = (json: Buffer) => {
    try {
      parse(json);
    } catch (error) {
      expect(error).toBeInstanceOf(FdfsError);
      expect((error as FdfsError).kind).toBe("BAD_ANSWER");
    }
  };
  fc.assert(fc.property(fc.uint8Array(), (bytes) => isRefused(Buffer.from(bytes))));
  fc.assert(fc.property(fc.json(), (json) => isRefused(Buffer.from(json))));
  // Sound but for one value that is something else.
  fc.assert(
    fc.property(explanations, fc.jsonValue(), fc.nat(), (explanation, other, at) => {
      let left = at % keys;
      const damaged = JSON.stringify(explanation, (_key, value: unknown) => (left-- === 0 ? other : value));
      isRefused(Buffer.from(damaged));
    }),
  );
}
