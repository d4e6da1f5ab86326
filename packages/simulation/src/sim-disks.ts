// The disks of a simulated host by mount point. Each is an image of its own that can be full, fail, or be replaced.
import type { Prng } from "./prng.ts";
import { type DiskSize, SimDiskImage } from "./sim-disk-image.ts";

export class SimDisks {
  readonly #size: DiskSize;
  readonly #nowMs: () => number;
  /** The longest mount point first; the last one is "/". */
  #mounted: { readonly point: string; image: SimDiskImage }[];

  /** `mounts`: where further disks are mounted, such as "/disk0". `nowMs`: virtual time. */
  constructor(size: DiskSize, mounts: readonly string[], nowMs: () => number) {
    this.#size = size;
    this.#nowMs = nowMs;
    this.#mounted = [...mounts, "/"]
      .map((point) => ({ point, image: this.#emptyDisk(point) }))
      .sort((a, b) => b.point.length - a.point.length);
  }

  get all(): readonly SimDiskImage[] {
    return this.#mounted.map(({ image }) => image);
  }

  /** The disk on which a path lies. */
  imageOf(path: string): SimDiskImage {
    if (this.#mounted.length === 1) return this.#mounted[0]!.image;
    const found = this.#mounted.find(({ point }) => path === point || path.startsWith(`${point}/`));
    return (found ?? this.#mounted.at(-1)!).image;
  }

  /** A new, empty disk takes the place of the one on which `path` lies. No process may run. */
  replace(path: string): void {
    const old = this.imageOf(path);
    const mounted = this.#mounted.find(({ image }) => image === old)!;
    mounted.image = this.#emptyDisk(mounted.point);
  }

  losePower(random: Prng): void {
    for (const image of this.all) image.losePower(random);
  }

  loseProcess(): void {
    for (const image of this.all) image.loseProcess();
  }

  /** An image holds its mount point too, so that absolute links lead to the right place. */
  #emptyDisk(point: string): SimDiskImage {
    const image = new SimDiskImage(this.#size, this.#nowMs);
    if (point === "/") return image;
    let above = image.root;
    for (const name of point.slice(1).split("/")) {
      const directory = image.newDirectory(0);
      above.entries.set(name, directory);
      above.durable.set(name, directory);
      above = directory;
    }
    return image;
  }
}
