// A seed as WebLLM can use it. Its random numbers begin as small as their seed, which would draw the likeliest token for each small one, and it takes
// none below zero.

/** A number from 1 to 2 ** 31 - 2, far from those of the seed's neighbours; always the same for the same whole number. */
export const spread = (seed: number): number => 1 + (mix(mix(seed) ^ Math.floor(seed / 2 ** 32)) % (2 ** 31 - 2));

/** Spreads the lower 32 bits of a number over 32 bits. */
function mix(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
