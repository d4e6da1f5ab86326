// The signals that ask a server to stop.

const shutdownSignals = ["SIGINT", "SIGTERM"] as const;
export type ShutdownSignal = (typeof shutdownSignals)[number];

/**
 * Calls `callback` at the first SIGINT or SIGTERM. A second one means that the user does not want to wait: the process
 * exits at once with status 1. Returns a function that stops listening.
 */
export function onShutdownSignal(callback: (signal: ShutdownSignal) => void): () => void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1);
    asked = true;
    callback(signal as ShutdownSignal);
  };
  for (const signal of shutdownSignals) process.on(signal, onSignal);
  return () => {
    for (const signal of shutdownSignals) process.off(signal, onSignal);
  };
}
