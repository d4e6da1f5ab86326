// Real randomness. `uint32` is called once per minted file name, so it draws from a block that is refilled rarely.
import { randomBytes, randomFillSync } from "node:crypto";
import type { Random } from "../ports/random.ts";

const block = new Uint32Array(4096);
let used = block.length;

export const nodeRandom: Random = {
  uint32() {
    if (used === block.length) {
      randomFillSync(block);
      used = 0;
    }
    return block[used++]!;
  },

  bytes: (length) => randomBytes(length),
};
