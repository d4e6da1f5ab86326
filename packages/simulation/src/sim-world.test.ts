import {
  backgroundDiskCompliance,
  clockCompliance,
  diskCompliance,
  networkCompliance,
  randomCompliance,
} from "@fastdfs-ts/testkit";
import { Prng } from "./prng.ts";
import { SimWorld } from "./sim-world.ts";

function oneHost() {
  const world = SimWorld.create("compliance");
  return { ...world.host("10.0.0.1").world, until: world.runUntil, root: "/" };
}

clockCompliance("the virtual clock", oneHost);
randomCompliance("the seeded random source", () => Prng.fromSeed("compliance"));
diskCompliance("the simulated disk", () => {
  const underTest = oneHost();
  underTest.disk.makeDirectory("/data/test");
  return { ...underTest, root: "/data/test" };
});
backgroundDiskCompliance("the simulated disk", () => {
  const world = SimWorld.create("compliance");
  const host = world.host("10.0.0.1");
  const { disk } = host.world;
  disk.makeDirectory("/data/test");
  return {
    disk,
    root: "/data/test",
    until: world.runUntil,
    hang() {
      const path = "/data/hangs";
      disk.open(path, "create").close();
      return { path, release: host.diskDelays.inject({ path }) };
    },
  };
});
networkCompliance("the simulated network", () => ({ ...oneHost(), freePort: () => Promise.resolve(23_000) }));
