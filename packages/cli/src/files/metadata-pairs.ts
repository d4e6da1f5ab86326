// "name=value" on the command line.
import { UsageFailure } from "../failure.ts";

/** Throws UsageFailure for a pair without a name. A repeated name: the last one wins. */
export function parseMetadataPairs(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals <= 0) throw new UsageFailure(`metadata "${pair}" is not name=value.`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
