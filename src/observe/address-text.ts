// Addresses as text. RFC 5952 rules how IPv6 is written: lower case, and the longest run of zeros
// as "::". IPv4 within IPv6 (`::ffff:192.0.2.1`) is written as IPv4, which it is on the wire.

const GROUP_COUNT = 8;

/** An IPv4 address from the number that its four bytes make in network order. */
export function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}

/** An IPv6 address from its four words in network order. */
export function ipv6Text(words: readonly [number, number, number, number]): string {
  if (isMapped(words)) return ipv4Text(words[3]);
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  const { start, length } = longestZeros(groups);
  const text = (from: number, to?: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  // RFC 5952 §4.2.2: one zero is written as it is.
  if (length < 2) return text(0);
  return `${text(0, start)}::${text(start + length)}`;
}

/** Whether an IPv6 address is an IPv4 address within it. */
export function isMapped(words: readonly [number, number, number, number]): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

/** The first of the longest runs. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < GROUP_COUNT; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
