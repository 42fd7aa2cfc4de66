// One generator for a whole world, so that a seed is a run: sfc32, as its author published it.
//
// Source: Chris Doty-Humphrey, PractRand, sfc32. State 128 bits, 32-bit arithmetic.

export class Random {
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed`: a whole number from 0 to 2^53 - 1. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Cannot use seed ${seed}: expected a whole number from 0 to 2^53 - 1`);
    }
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    // The first values still show the seed.
    for (let round = 0; round < 12; round += 1) this.#next();
  }

  /** 0 or more, below 1. */
  fraction(): number {
    return (this.#next() >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  /** True in `rate` of all cases, 0 to 1. Draws nothing where there is nothing to decide. */
  chance(rate: number): boolean {
    return rate > 0 && (rate >= 1 || this.fraction() < rate);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.integer(0, values.length - 1)];
    if (value === undefined) throw new RangeError("Cannot pick from nothing");
    return value;
  }

  /** Times between events that come at random: exponential, of this mean. */
  interval(meanMs: number): number {
    return -Math.log(1 - this.fraction()) * meanMs;
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum;
  }
}
