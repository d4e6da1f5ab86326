import { describe, expect, it } from "vitest";

import { statedContent } from "./stated-content.ts";

// The examples of storage-formats.md §1.14.
const cases: [string, number | undefined][] = [
  ["M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt", 33],
  ["M01/00/00/CmIAC2sCbOWADVf_AAABACkFjHM4437976", 256],
  ["M00/00/00/CmIAC2sCbOiAUKzRAAAA0l7TeJw.tar.gz", 210],
  ["M01/00/01/CmIAC2sCbOuASHv5AAAAAAAAAAA144.bin", 0],
  ["M00/00/01/CmIADGsCbR2AdX4DAAAAKV3iii4760.mp4", 41],
  ["M0B/03/03/oYYBAGsCb_UAAAABAAAABbHCoaM732.big", 4_294_967_301],
  // An appender changes, a slave's name tells of its master, also a short one's that looks like a normal file's.
  ["M01/00/03/CmIAC2sCbQaEI0VtAAAAAMq-wSw331.log", undefined],
  ["M00/00/02/CmIAC2sCbPqAJ9H3AAAAF88B51I458_150x150.jpg", undefined],
  ["M03/00/03/oYYBAGsCb9-AW0iJAAAAC9yobGc551-big", undefined],
  ["M00/00/00/CmIAC2sCbOOAPw7tAAAAIZWFsUE780.txt-m", undefined],
  ["M00/00/00/CmIAC2sCbwWIRZz2AAAAJ2dV9JIAAAAAQAAAAAAAAEA035.txt", undefined],
  ["M00/00/00/000001", undefined],
];

describe("statedContent", () => {
  it.each(cases)("%s: %s bytes", (name, bytes) => {
    expect(statedContent(name)?.bytes).toBe(bytes);
  });
});
