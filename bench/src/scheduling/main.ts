import { methods } from "./methods.ts";
import { periodsOf } from "./measurements.ts";
import { runStudy } from "./run-study.ts";
for (const method of methods.filter((m, i) => (process.env['M'] ?? '012').includes(String(i)))) {
  const start = Date.now();
  const { summary, samples } = runStudy(method, 1);
  console.log(method.name, Date.now() - start, JSON.stringify(summary), periodsOf(samples).map((s) => s.groups.map((g) => g.tasks.toFixed(0)).join(' ')).join('\n'));
}
