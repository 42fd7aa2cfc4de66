// Which addresses count as one client, and as one network.
//
// An IPv4 address is a client, or many behind one NAT. An IPv6 host chooses addresses within its
// /64 (RFC 4291 §2.5.1) as it likes, so only the /64 says who it is. RFC 5952 rules how it is
// written.

const MAPPED_GROUPS = [0, 0, 0, 0, 0, 0xffff];

/**
 * The network of an address: `192.0.2.0/24`, `2001:db8:0:1::/64`. IPv4 within IPv6
 * (`::ffff:192.0.2.1`) is IPv4. Anything that is no address is returned as it is.
 */
export function addressPrefix(address: string): string {
  const ipv4 = ipv4Of(address);
  if (ipv4 !== null) return `${ipv4.slice(0, ipv4.lastIndexOf("."))}.0/24`;
  return ipv6Prefix(address) ?? address;
}

/**
 * What a budget per client counts: the whole IPv4 address, or the /64 of an IPv6 address. Anything
 * that is no address is returned as it is, and so is every IPv4 address, without being looked at.
 */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address;
  return ipv4Of(address) ?? ipv6Prefix(address) ?? address;
}

/** The four octets of an IPv4 address, or the eight groups of an IPv6 address. */
export type AddressNumbers =
  | { readonly family: "ipv4"; readonly octets: readonly number[] }
  | { readonly family: "ipv6"; readonly groups: readonly number[] };

/** The numbers of an address; IPv4 within IPv6 is IPv4. `null`: it is no address. */
export function addressNumbers(address: string): AddressNumbers | null {
  const octets = parseIpv4(ipv4Of(address) ?? "");
  if (octets !== null) return { family: "ipv4", octets };
  const groups = parseIpv6(address);
  return groups === null ? null : { family: "ipv6", groups };
}

function ipv4Of(address: string): string | null {
  if (!address.includes(":")) return parseIpv4(address) === null ? null : address;
  const groups = parseIpv6(address);
  if (groups === null || MAPPED_GROUPS.some((group, index) => groups[index] !== group)) return null;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
}

function ipv6Prefix(address: string): string | null {
  const groups = parseIpv6(address)?.slice(0, 4);
  if (groups === undefined) return null;
  // The zeros behind the prefix are the longest run, and those before it belong to the same run.
  while (groups.at(-1) === 0) groups.pop();
  return `${groups.map((group) => group.toString(16)).join(":")}::/64`;
}

/** The eight groups of an IPv6 address, whose zone (`%eth0`) is left out. */
function parseIpv6(address: string): number[] | null {
  const [text = ""] = address.split("%", 1);
  const halves = text.split("::");
  if (halves.length > 2 || !text.includes(":")) return null;
  const [head, tail] = halves.map(parseGroups);
  if (head === null || tail === null || head === undefined) return null;
  // An IPv4 address may only be the end.
  if (tail !== undefined && halves[0]?.includes(".")) return null;
  if (tail === undefined) return head.length === 8 ? head : null;
  const zeroCount = 8 - head.length - tail.length;
  return zeroCount < 1 ? null : [...head, ...new Array<number>(zeroCount).fill(0), ...tail];
}

function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const octets = index === parts.length - 1 ? parseIpv4(part) : null;
    if (octets !== null) {
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return null;
    }
  }
  return groups;
}

function parseIpv4(text: string): number[] | null {
  const parts = text.split(".");
  const isAddress =
    parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) < 256);
  return isAddress ? parts.map(Number) : null;
}
