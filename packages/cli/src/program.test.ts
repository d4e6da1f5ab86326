import { describe, expect, it } from "vitest";

import { runHere } from "../test/run-here.ts";
import { cTools } from "./c-tools.ts";
import { renderCommandsPage } from "./commands-page.ts";
import { commands } from "./commands.ts";
import { optionText } from "./program.ts";

const nowhere = "/";

describe("the table of commands", () => {
  it("has each name once", () => {
    const names = commands.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  it.each(commands)("$name: help shows the summary, each argument and each option", async (row) => {
    const { exitCode, out } = await runHere([...row.name.split(" "), "--help"], nowhere);
    expect(exitCode).toBe(0);
    const squeezed = out.replace(/\s+/g, " ").toLowerCase();
    expect(squeezed).toContain(row.summary.toLowerCase());
    for (const [name, spec] of Object.entries(row.options)) {
      expect(squeezed).toContain(optionText(name, spec).toLowerCase());
      expect(squeezed).toContain(spec.meaning.toLowerCase());
    }
    for (const spec of Object.values(row.arguments)) expect(squeezed).toContain(spec.meaning.toLowerCase());
  });

  it.each(commands)("$name: examples call it with options that it has", (row) => {
    expect(row.examples.length).toBeGreaterThan(0);
    const known = Object.entries(row.options).flatMap(
      ([name, spec]) => optionText(name, spec).match(/--[\w-]+/g) ?? [],
    );
    for (const example of row.examples) {
      expect(example.startsWith(row.name)).toBe(true);
      for (const option of example.replace(/\|.*$/, "").match(/--[\w-]+/g) ?? []) expect(known).toContain(option);
    }
  });

  it("speaks with one voice: summaries begin small and end without a full stop", () => {
    for (const { summary } of commands) expect(summary).toMatch(/^[a-z].*[^.]$/);
  });
});

describe("the overview", () => {
  it("lists every command", async () => {
    const { exitCode, out } = await runHere(["--help"], nowhere);
    expect(exitCode).toBe(0);
    for (const { name } of commands) expect(out).toMatch(new RegExp(`^  ${name.split(" ")[0]!} `, "m"));
  });

  it("is shown without arguments, which is a usage error", async () => {
    const { exitCode, err } = await runHere([], nowhere);
    expect(exitCode).toBe(2);
    expect(err).toContain("Usage: fdfs COMMAND");
  });

  it("prints the version", async () => {
    expect((await runHere(["--version"], nowhere)).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("the page of commands", () => {
  it("has a heading, a usage and an example for each", () => {
    const page = renderCommandsPage();
    for (const { name, examples } of commands) {
      expect(page).toContain(`\n### ${name}\n`);
      expect(page).toContain(`\`fdfs ${name}`);
      expect(page).toContain(`\nfdfs ${examples[0]!}\n`);
    }
    for (const tool of Object.keys(cTools)) expect(page).toContain(`| \`${tool}\` |`);
  });
});

describe("usage errors", () => {
  it.each<[string[], string]>([
    [["uplod"], `fdfs: unknown command 'uplod' (Did you mean upload?) See "fdfs --help".`],
    [["upload"], `fdfs: missing required argument 'FILE'. See "fdfs upload --help".`],
    [["meta", "gt", "x"], `fdfs: unknown command 'gt' (Did you mean get?) See "fdfs --help".`],
    [["upload", "a", "--jbs", "2"], `fdfs: unknown option '--jbs' (Did you mean --jobs?) See "fdfs upload --help".`],
    [
      ["upload", "a", "--jobs", "0"],
      `fdfs: option '--jobs <N>' argument '0' is invalid: it must be a whole number from 1 to 256. See "fdfs upload --help".`,
    ],
    [
      ["truncate", "g/M00", "--size", "-1"],
      `fdfs: option '--size <BYTES>' argument '-1' is invalid: it must be a size: 4096, 64KB, 10MB, 2GB. See "fdfs truncate --help".`,
    ],
    [["truncate", "g/M00"], `fdfs: required option '--size <BYTES>' not specified. See "fdfs truncate --help".`],
    [
      ["info", "x", "--tracker", "a:b"],
      `fdfs: option '--tracker <HOST:PORT>' argument 'a:b' is invalid: the port "b" is not a number from 1 to 65535. See "fdfs info --help".`,
    ],
    [["bench", "--op", "x"], `it must be one of upload, download, mixed. See "fdfs bench --help".`],
    [["download", "x", "--to", "y"], "fdfs: --to belongs to --list. Name the target after the file id."],
    [["download", "--list", "y"], "fdfs: --list needs --to DIR."],
    [["download"], "fdfs: download needs a file id, or --list FILE --to DIR."],
    [["delete"], "fdfs: delete needs file ids, or --list FILE."],
    [["meta", "set", "x", "novalue"], `fdfs: metadata "novalue" is not name=value.`],
  ])("%j", async (words, message) => {
    const { exitCode, out, err } = await runHere(words, nowhere);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err.split("\n")).toHaveLength(2);
    expect(err).toContain(message);
  });

  it("shows where an error comes from only when asked", async () => {
    const quiet = await runHere(["parse", "nonsense"], nowhere);
    expect(quiet).toMatchObject({ exitCode: 1, err: "fdfs: nonsense: a file id begins with a group and /\n" });
    const loud = await runHere(["parse", "nonsense"], nowhere, { FDFS_DEBUG: "1" });
    expect(loud.err).toContain("    at ");
  });
});

describe("parse", () => {
  // A file id recorded from a C storage: storage-formats.md §1.13.
  const id = "group1/M00/07/08/CmMAC2sCbBqAAX3xAAAABTYQpoY390.txt";

  it("says what the name says", async () => {
    const { out, exitCode } = await runHere(["parse", id, "--json"], nowhere);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      groupName: "group1",
      storePathIndex: 0,
      pathInStore: "07/08/CmMAC2sCbBqAAX3xAAAABTYQpoY390.txt",
      kind: "normal",
      bytes: 5,
      crc32: "3610a686",
      source: { type: "ip", ip: "10.99.0.11" },
      extension: "txt",
    });
  });

  it("prints it for people", async () => {
    const { out } = await runHere(["parse", id], nowhere);
    expect(out).toMatch(/^size +5 bytes$/m);
    expect(out).toMatch(/^source +storage 10\.99\.0\.11$/m);
  });
});
