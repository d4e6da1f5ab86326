// What has been started and can be stopped. Starting is a function of each service's own (`open`, `start`, `join`) that
// returns it running; stopping is the same for all.
import type { Clock } from "../ports/clock.ts";

export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Takes no new work and resolves when the work under way has ended. May be called twice. */
  drain(): Promise<void>;
  /** Cuts what is still under way and releases everything. May be called twice, and without `drain`. */
  stop(): Promise<void>;
}

/**
 * Drains a service, but not longer than `deadlineMs`; then stops it. Tells whether all work had ended ("drained") or some
 * was cut ("cut"). If draining fails, the service is stopped all the same and the failure is thrown.
 */
export async function stopWithin(clock: Clock, service: Service, deadlineMs: number): Promise<"drained" | "cut"> {
  try {
    return await drainedBefore(clock, service, deadlineMs);
  } finally {
    await service.stop();
  }
}

function drainedBefore(clock: Clock, service: Service, deadlineMs: number): Promise<"drained" | "cut"> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(deadlineMs, () => resolve("cut"));
    service.drain().then(
      () => {
        timer.cancel();
        resolve("drained");
      },
      (failure: unknown) => {
        timer.cancel();
        reject(failure instanceof Error ? failure : new Error(`draining ${service.name} failed`, { cause: failure }));
      },
    );
  });
}
