// Draws faults one after the other, several at a time, and ends each.
import { type FaultKind, type FaultUnderWay } from "./faults.ts";
import type { StoryStage } from "./stage.ts";
import { pickWeighted } from "./weights.ts";

/** Pause before the next fault begins, in milliseconds. */
const pauseMs = { min: 500, max: 12_000 };

export class FaultSchedule {
  readonly #stage: StoryStage;
  readonly #kinds: readonly FaultKind[];
  readonly #underWay = new Set<FaultUnderWay>();
  readonly #history: string[] = [];
  #isOver = false;

  constructor(stage: StoryStage, kinds: readonly FaultKind[]) {
    this.#stage = stage;
    this.#kinds = kinds;
  }

  /** What happened, for people. */
  get history(): readonly string[] {
    return this.#history;
  }

  /** Faults come and go from now on. */
  begin(): void {
    const { random, cluster } = this.#stage;
    if (this.#kinds.length === 0) return;
    cluster.world.after(random.between(pauseMs.min, pauseMs.max), () => {
      if (this.#isOver) return;
      this.#inject(pickWeighted(random, this.#kinds));
      this.begin();
    });
  }

  /** Ends what is under way; nothing begins any more. */
  end(): void {
    this.#isOver = true;
    for (const fault of [...this.#underWay]) this.#finish(fault);
    this.#note("all faults have ended");
  }

  #inject(kind: FaultKind): void {
    const { random, cluster } = this.#stage;
    const durationMs = random.between(kind.minMs, kind.maxMs);
    const begun = kind.begin(this.#stage);
    if (begun === undefined) return;
    const fault = { ...begun, what: `${kind.name}: ${begun.what}` };
    this.#underWay.add(fault);
    this.#note(`${fault.what} (${(durationMs / 1000).toFixed(1)} s)`);
    cluster.world.after(durationMs, () => this.#finish(fault));
  }

  #finish(fault: FaultUnderWay): void {
    if (!this.#underWay.delete(fault)) return;
    this.#note(`ended: ${fault.what}`);
    fault.end();
  }

  #note(what: string): void {
    const { world } = this.#stage.cluster;
    world.trace.record("fault", what);
    this.#history.push(`${(world.nowMs / 1000).toFixed(1)} s ${what}`);
  }
}
