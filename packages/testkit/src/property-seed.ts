// Every run of the tests draws the same inputs, so that it fails for a change and not by chance. Other inputs are asked for:
// PROPERTY_SEED=<number> draws others, PROPERTY_RUNS=<number> more of them where a property does not say how many it needs.
import fc from "fast-check";

const { PROPERTY_SEED = "1", PROPERTY_RUNS } = process.env;

fc.configureGlobal({
  seed: Number(PROPERTY_SEED),
  ...(PROPERTY_RUNS === undefined ? {} : { numRuns: Number(PROPERTY_RUNS) }),
});
