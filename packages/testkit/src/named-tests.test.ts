// Pages that name tests: every file that they name is there, and has a title with the words that are quoted.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A test file in backticks, and what is quoted behind it, up to the next one or the end of the cell. */
const NAMED = /`([a-z/-]+\.test\.ts)`([^`|]*)/g;

interface Named {
  readonly file: string;
  readonly titles: readonly string[];
}

function namedIn(page: string): Named[] {
  const text = readFileSync(`${root}${page}`, "utf8");
  return [...text.matchAll(NAMED)].map(([, file, rest]) => ({
    file: file!,
    titles: [...rest!.matchAll(/"([^"]+)"/g)].map(([, title]) => title!),
  }));
}

describe.each(["docs/WEAKNESSES.md", "docs/TESTING.md"])("%s", (page) => {
  it("names tests that are there", () => {
    const named = namedIn(page);
    expect(named.length).toBeGreaterThan(30);
    const wrong = named.flatMap(({ file, titles }) => {
      const path = file.startsWith("interop/") ? `${root}${file}` : `${root}packages/${file}`;
      if (!existsSync(path)) return [`${file} is not there`];
      const source = readFileSync(path, "utf8");
      return titles.filter((title) => !source.includes(title)).map((title) => `${file} has no test "${title}"`);
    });
    expect(wrong).toEqual([]);
  });
});
