// Which known name somebody may have meant.

/** Beyond this share of the letters, two names have nothing to do with each other. */
const DISTANCE_SHARE = 0.4;

/** The longest name that is compared: the work grows with the product of the lengths. */
const NAME_LIMIT = 100;

/**
 * The name among `known` that is nearest to `name`, or null if none is near. The same last part in
 * another section is near: `close.requestLimit` for `limits.requestLimit`.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > NAME_LIMIT) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const last = distanceOf(lastPart(name), lastPart(candidate));
    if (last > Math.max(1, lastPart(candidate).length * DISTANCE_SHARE)) continue;
    // The section decides among names that end alike.
    const distance = last + distanceOf(name, candidate) / NAME_LIMIT;
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

/** Letters to insert, remove or replace, and neighbors to swap: the slips of a typist. */
function distanceOf(one: string, another: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: another.length + 1 }, (_, index) => index);
  for (let i = 0; i < one.length; i++) {
    const row = [i + 1];
    for (let j = 0; j < another.length; j++) {
      const replaced = (last[j] ?? 0) + (one[i] === another[j] ? 0 : 1);
      const isSwap = i > 0 && j > 0 && one[i] === another[j - 1] && one[i - 1] === another[j];
      const swapped = isSwap ? (beforeLast[j - 1] ?? 0) + 1 : replaced;
      row.push(Math.min(replaced, swapped, (last[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return last[another.length] ?? 0;
}
