// What the doctor found: one line each, with what to do where something is wrong.
import { coloured, type Terminal } from "../terminal/terminal.ts";
import { plural } from "../terminal/units.ts";

/** ok · note: worth knowing · warning: works, but look at it · error: something does not or will not work */
export type Severity = "ok" | "note" | "warning" | "error";

export interface Finding {
  readonly severity: Severity;
  /** What was looked at: "port 23000", "store_path0". */
  readonly subject: string;
  readonly text: string;
  /** What to do; for warnings and errors. */
  readonly remedy?: string;
}

export function ok(subject: string, text: string): Finding {
  return { severity: "ok", subject, text };
}

export function note(subject: string, text: string): Finding {
  return { severity: "note", subject, text };
}

export function warning(subject: string, text: string, remedy: string): Finding {
  return { severity: "warning", subject, text, remedy };
}

export function failure(subject: string, text: string, remedy: string): Finding {
  return { severity: "error", subject, text, remedy };
}

const marks: Readonly<Record<Severity, string>> = { ok: "✓", note: "·", warning: "!", error: "✗" };
const tones = { ok: "good", note: "good", warning: "warning", error: "bad" } as const;

/** The findings of one thing that was examined, under a title. */
export interface Examination {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export function printExamination(terminal: Terminal, { title, findings }: Examination): string {
  const lines: string[] = [];
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  for (const { severity, subject, text, remedy } of findings) {
    const mark = coloured(terminal, tones[severity], marks[severity]);
    lines.push(`  ${mark} ${subject.padEnd(width)}  ${text}`);
    if (remedy !== undefined) lines.push(`    ${" ".repeat(width)}  → ${remedy}`);
  }
  return [title, ...lines].join("\n");
}

export function countFindings(examinations: readonly Examination[], severity: Severity): number {
  return examinations.flatMap(({ findings }) => findings).filter((one) => one.severity === severity).length;
}

export function printVerdict(terminal: Terminal, examinations: readonly Examination[]): string {
  const errors = countFindings(examinations, "error");
  const warnings = countFindings(examinations, "warning");
  if (errors > 0) return coloured(terminal, "bad", `${plural(errors, "problem")}, ${plural(warnings, "warning")}.`);
  if (warnings > 0) return coloured(terminal, "warning", `No problem, ${plural(warnings, "warning")}.`);
  return coloured(terminal, "good", "Everything looks good.");
}
