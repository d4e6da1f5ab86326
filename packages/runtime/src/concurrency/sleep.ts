// Waiting as a promise that can be called off.
import type { Clock } from "../ports/clock.ts";

/**
 * Resolves `delayMs` milliseconds from now. Rejects with the reason of the first signal that aborts, as soon as it does.
 * Several signals need no AbortSignal.any, which leaves something behind in each one that lives on.
 */
export function sleep(clock: Clock, delayMs: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const signal of signals) signal?.throwIfAborted();
    const leave = () => {
      for (const signal of signals) signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = ({ target }: Event) => {
      timer.cancel();
      leave();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a signal's reason may be anything
      reject((target as AbortSignal).reason);
    };
    const timer = clock.after(delayMs, () => {
      leave();
      resolve();
    });
    for (const signal of signals) signal?.addEventListener("abort", onAbort);
  });
}
