// Latencies in a fixed amount of memory, whatever their number. Each power of two is split into 64 equal buckets, so a
// quantile is off by at most 1.6 %.

const SUB_BUCKETS = 64;
const SUB_BITS = 6;
/** Nanoseconds up to 2^42 (73 minutes). */
const POWERS = 36;

export class LatencyHistogram {
  private readonly buckets = new Float64Array(POWERS * SUB_BUCKETS + SUB_BUCKETS);
  private recorded = 0;
  private longestMs = 0;

  get count(): number {
    return this.recorded;
  }

  get maxMs(): number {
    return this.longestMs;
  }

  record(milliseconds: number): void {
    this.recorded++;
    if (milliseconds > this.longestMs) this.longestMs = milliseconds;
    const index = Math.min(bucketOf(milliseconds * 1e6), this.buckets.length - 1);
    this.buckets[index] = this.buckets[index]! + 1;
  }

  /** The latency that the fraction `quantile` of all does not exceed, in milliseconds; 0 if nothing was recorded. */
  quantileMs(quantile: number): number {
    const rank = Math.max(1, Math.ceil(this.recorded * quantile));
    let seen = 0;
    for (let i = 0; i < this.buckets.length; i++) {
      seen += this.buckets[i]!;
      if (seen >= rank) return Math.min(upperBoundOf(i) / 1e6, this.longestMs);
    }
    return this.longestMs;
  }
}

/** Values below 64 have a bucket each; above, the leading bit chooses the power and the next six bits the bucket. */
function bucketOf(nanoseconds: number): number {
  if (nanoseconds < SUB_BUCKETS) return Math.floor(nanoseconds);
  const power = Math.floor(Math.log2(nanoseconds)) - SUB_BITS;
  return power * SUB_BUCKETS + Math.floor(nanoseconds / 2 ** power);
}

function upperBoundOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket + 1;
  const power = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - power * SUB_BUCKETS + 1) * 2 ** power;
}
