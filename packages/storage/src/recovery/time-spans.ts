// Times of a clock that may have been set meanwhile: a few spans instead of one.

/** Unix times, both included. */
export interface TimeSpan {
  readonly fromSeconds: number;
  readonly untilSeconds: number;
}

/** A clock that is set all the time is remembered less exactly. */
const SPANS_MAX = 8;

export function isWithin(spans: readonly TimeSpan[], seconds: number): boolean {
  return spans.some(({ fromSeconds, untilSeconds }) => seconds >= fromSeconds && seconds <= untilSeconds);
}

/** All of them in order; those that touch are one, and so are the closest ones if there are too many. */
export function joinSpans(spans: readonly TimeSpan[]): TimeSpan[] {
  const joined: TimeSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.fromSeconds - b.fromSeconds)) {
    const last = joined.at(-1);
    if (last === undefined || span.fromSeconds > last.untilSeconds + 1) joined.push(span);
    else joined[joined.length - 1] = hull(last, span);
  }
  while (joined.length > SPANS_MAX) {
    const gaps = joined.slice(1).map(({ fromSeconds }, index) => fromSeconds - joined[index]!.untilSeconds);
    const at = gaps.indexOf(Math.min(...gaps));
    joined.splice(at, 2, hull(joined[at]!, joined[at + 1]!));
  }
  return joined;
}

function hull(a: TimeSpan, b: TimeSpan): TimeSpan {
  return {
    fromSeconds: Math.min(a.fromSeconds, b.fromSeconds),
    untilSeconds: Math.max(a.untilSeconds, b.untilSeconds),
  };
}

/** "1-2,5-9", the form in state files. */
export function printSpans(spans: readonly TimeSpan[]): string {
  return spans.map(({ fromSeconds, untilSeconds }) => `${fromSeconds}-${untilSeconds}`).join();
}

/** What is no span is left out. */
export function parseSpans(text: string | undefined): TimeSpan[] {
  const spans = (text ?? "").split(",").flatMap((part): TimeSpan[] => {
    const [, from, until] = /^(\d{1,15})-(\d{1,15})$/.exec(part) ?? [];
    return from === undefined || until === undefined
      ? []
      : [{ fromSeconds: Number(from), untilSeconds: Number(until) }];
  });
  return joinSpans(spans);
}
