import { expect, it } from "vitest";

import { candidates } from "../../test/pictures.ts";
import { LikeliestDraw } from "./likeliest-draw.ts";

it("the likeliest draw takes the one with the largest share, the first on a tie", () => {
  const draw = new LikeliestDraw(7);
  expect(draw.monotonicMs()).toBe(7);
  expect(draw.chances(3, 1)).toEqual([0, 1, 0]);
  expect(draw.chances(2, undefined)).toEqual([0, 0]);
  expect(draw.draw(candidates([0.2, 0.6, 0.2], [1, 1, 1]))).toBe(1);
  expect(draw.chances(3, undefined)).toEqual([0.2, expect.closeTo(0.6, 9), 0.2]);
  expect(draw.draw(candidates([1, 1], [1, 1]))).toBe(0);
  expect(draw.draw(candidates([0, 0], [1, 1]))).toBe(-1);
});
