// Legal transitions as a table: every state × every event. A missing cell or a misspelt state does not compile.

/** A cell of a state table: the event is fine and changes nothing. */
export const STAYS = Symbol("stays");
/** A cell of a state table: the event is not allowed in this state. */
export const REFUSED = Symbol("refused");

export type Cell<State extends string> = State | typeof STAYS | typeof REFUSED;

export interface StateTable<State extends string, Event extends string> {
  readonly states: readonly State[];
  readonly events: readonly Event[];
  /** The state after `event`, or `undefined` if the table refuses the event in this state. */
  next(state: State, event: Event): State | undefined;
  /** The table as a Mermaid state diagram; cells that stay or refuse draw no arrow. */
  toMermaid(): string;
}

/**
 * Builds a table from one row per state, one cell per event, in the order of `events`:
 *
 *     stateTable(["open", "close"], { CLOSED: ["OPEN", REFUSED], OPEN: [STAYS, "CLOSED"] })
 */
export function stateTable<const Events extends readonly string[], State extends string>(
  events: Events,
  rows: Readonly<Record<State, { readonly [I in keyof Events]: Cell<NoInfer<State>> }>>,
): StateTable<State, Events[number]> {
  type Row = readonly Cell<State>[];
  const columnOfEvent = new Map<Events[number], number>(events.map((event, column) => [event, column]));
  const states = Object.keys(rows) as State[];
  const cell = (state: State, event: Events[number]) => (rows[state] as Row)[columnOfEvent.get(event)!]!;

  const arrowsFrom = (from: State): string[] => {
    const eventsByTarget = new Map<State, string[]>();
    for (const event of events) {
      const to = cell(from, event);
      if (typeof to === "symbol") continue;
      eventsByTarget.set(to, [...(eventsByTarget.get(to) ?? []), event]);
    }
    return Array.from(eventsByTarget, ([to, names]) => `  ${from} --> ${to}: ${names.join(", ")}`);
  };

  return {
    states,
    events,
    next(state, event) {
      const to = cell(state, event);
      if (to === REFUSED) return undefined;
      return to === STAYS ? state : to;
    },
    toMermaid: () => ["stateDiagram-v2", ...states.flatMap(arrowsFrom)].join("\n") + "\n",
  };
}
