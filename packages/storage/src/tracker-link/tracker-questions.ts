// Questions that a starting storage asks before it joins, each on a short connection. It cannot go on without an answer,
// so it asks until it has one; what it waits for is logged once, not per try (cluster-behaviour.md §1.3).
import { type Command, FdfsError } from "@fastdfs-ts/protocol";
import { RpcConnection } from "@fastdfs-ts/rpc";
import { type Clock, type Deadlines, invariant, type Logger, type Network, sleep } from "@fastdfs-ts/runtime";

import type { TrackerAddress } from "./tracker-address.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

export interface TrackerQuestionsOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly trackers: readonly TrackerAddress[];
  readonly connectTimeoutMs: number;
  readonly networkTimeoutMs: number;
  /** Local address to dial from. */
  readonly localAddress?: string | undefined;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
}

/** Which refusals settle a question, so that asking again is of no use. */
export type IsFinal = (error: FdfsError) => boolean;

/** The tracker was reached and said no for good. */
const isRefusal: IsFinal = ({ kind }) => kind === "BAD_REQUEST" || kind === "NOT_SUPPORTED";

export interface TrackerAnswer<Answer> {
  readonly tracker: TrackerAddress;
  readonly answer: Answer;
}

export type TrackerOutcome<Answer> =
  TrackerAnswer<Answer> | { readonly tracker: TrackerAddress; readonly error: FdfsError };

export class TrackerQuestions {
  private readonly options: TrackerQuestionsOptions;

  constructor(options: TrackerQuestionsOptions) {
    invariant(options.trackers.length > 0, "a storage has at least one tracker");
    this.options = options;
  }

  /**
   * The answer of the first tracker that gives one, in the order of the configuration; asks again until one does. Throws a
   * refusal that is final once no tracker knows better, and the signal's reason.
   */
  askAny<Request, Answer>(
    what: string,
    command: Command<Request, Answer>,
    request: Request,
    isFinal: IsFinal = () => false,
  ): Promise<Answer> {
    return this.untilAnswered(what, isFinal, async () => {
      const errors: FdfsError[] = [];
      for (const tracker of this.options.trackers) {
        try {
          return await this.askOne(tracker, command, request);
        } catch (error) {
          errors.push(FdfsError.fromUnknown(error));
        }
      }
      throw errors.find(isFinal) ?? errors[0]!;
    });
  }

  /** The answers of all trackers that can be reached, asked at the same time; asks again until there is at least one. */
  askEvery<Request, Answer>(
    what: string,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<TrackerAnswer<Answer>[]> {
    return this.untilAnswered(
      what,
      () => false,
      async () => {
        const outcomes = await this.askEachOnce(command, request);
        const answers = outcomes.filter((outcome) => "answer" in outcome);
        if (answers.length > 0) return answers;
        throw outcomes.find((outcome) => "error" in outcome)!.error;
      },
    );
  }

  /** One round: all or some trackers at the same time, and what became of each. Throws only the signal's reason. */
  async askEachOnce<Request, Answer>(
    command: Command<Request, Answer>,
    request: Request,
    trackers = this.options.trackers,
  ): Promise<TrackerOutcome<Answer>[]> {
    const outcomes = await Promise.all(
      trackers.map(async (tracker): Promise<TrackerOutcome<Answer>> => {
        try {
          return { tracker, answer: await this.askOne(tracker, command, request) };
        } catch (error) {
          return { tracker, error: FdfsError.fromUnknown(error) };
        }
      }),
    );
    this.options.signal?.throwIfAborted();
    return outcomes;
  }

  /**
   * Tells all trackers that can be reached at the same time; tells again until at least one has agreed, or refused with a
   * reason that `isSettled` takes for agreement. Throws what all reached trackers refused for another reason.
   */
  async tellEvery<Request, Answer>(
    what: string,
    command: Command<Request, Answer>,
    request: Request,
    isSettled: IsFinal,
  ): Promise<void> {
    await this.untilAnswered(what, isRefusal, async () => {
      const told = this.options.trackers.map((tracker) => this.askOne(tracker, command, request));
      const errors = (await Promise.allSettled(told))
        .filter((result) => result.status === "rejected")
        .map(({ reason }) => FdfsError.fromUnknown(reason));
      if (errors.length < told.length || errors.some(isSettled)) return;
      throw errors.find(isRefusal) ?? errors[0]!;
    });
  }

  private async untilAnswered<T>(what: string, isFinal: IsFinal, ask: () => Promise<T>): Promise<T> {
    const { clock, signal, log } = this.options;
    const sinceMs = clock.monotonic();
    for (let round = 0; ; round++) {
      try {
        const answer = await ask();
        if (round > 0) log.info("trackers.answered", { for: what, waitedMs: Math.round(clock.monotonic() - sinceMs) });
        return answer;
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = FdfsError.fromUnknown(thrown);
        if (isFinal(error)) throw error;
        if (round === 0) logWaiting(log, what, error);
        await sleep(clock, Math.min(FIRST_PAUSE_MS * 2 ** Math.min(round, 10), LONGEST_PAUSE_MS), signal);
      }
    }
  }

  /** Asks one tracker, at its second address if the first cannot be reached. Throws FdfsError. */
  private async askOne<Request, Answer>(
    tracker: TrackerAddress,
    command: Command<Request, Answer>,
    request: Request,
  ): Promise<Answer> {
    const { networkTimeoutMs: timeoutMs, signal } = this.options;
    const connection = await this.dial(tracker);
    try {
      return await connection.call(command, request, { timeoutMs, signal });
    } finally {
      connection.end();
    }
  }

  private async dial(tracker: TrackerAddress): Promise<RpcConnection> {
    const { network, deadlines, connectTimeoutMs, signal, localAddress } = this.options;
    const errors: unknown[] = [];
    for (const endpoint of tracker.endpoints) {
      try {
        return await RpcConnection.dial(network, endpoint, { connectTimeoutMs, deadlines, signal, localAddress });
      } catch (error) {
        errors.push(error);
      }
    }
    throw errors[0];
  }
}

/** What a waiting start says once, and not at each try. */
export function logWaiting(log: Logger, what: string, error: unknown): void {
  log.warn("trackers.waiting", { for: what, error, remedy: "start a tracker, or correct tracker_server" });
}
