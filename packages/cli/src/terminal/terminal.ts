// Where output goes: results on standard output, everything else on standard error.

export interface Terminal {
  /** Whether a person looks at standard output. */
  readonly isInteractive: boolean;
  /** Whether a person looks at standard error: progress bars are for them only. */
  readonly showsProgress: boolean;
  /** Width of standard error in characters. */
  readonly columns: () => number;
  /** Whether standard output takes bold and colours (NO_COLOR is respected). */
  readonly hasStyles: boolean;
  /** Prints lines of the result. */
  print(text: string): void;
  /** Prints without line end. */
  write(text: string): void;
  /** Tells something that is not the result. */
  tell(text: string): void;
  /** Writes to standard error without line end. */
  tellRaw(text: string): void;
}

/** The process's own streams. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  const isDumb = env.TERM === "dumb";
  return {
    isInteractive: stdout.isTTY,
    showsProgress: stderr.isTTY && !isDumb,
    // Consoles without a window size say 0.
    columns: () => (stderr.isTTY && stderr.columns > 0 ? stderr.columns : 80),
    hasStyles: stdout.isTTY && !isDumb && (env.NO_COLOR ?? "") === "",
    print: (text) => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    tell: (text) => void stderr.write(`${text}\n`),
    tellRaw: (text) => void stderr.write(text),
  };
}

/** `text` in bold where the terminal can. */
export function bold(terminal: Terminal, text: string): string {
  return terminal.hasStyles ? `\u001B[1m${text}\u001B[22m` : text;
}

const statusColours = { good: 32, warning: 33, bad: 31 } as const;

/** `text` in the colour of good, doubtful or bad news where the terminal can. */
export function coloured(terminal: Terminal, tone: keyof typeof statusColours, text: string): string {
  return terminal.hasStyles ? `\u001B[${statusColours[tone]}m${text}\u001B[39m` : text;
}
