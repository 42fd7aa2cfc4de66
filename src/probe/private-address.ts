import { addressNumbers } from "../tcp/address.ts";

// Which addresses may be probed without being asked twice: those of this machine and of private
// networks, where whoever probes is likely to be at home. Everything else is somebody's server on
// the Internet, or unknown.

/**
 * True for loopback (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3), private networks (RFC 1918; RFC 4193) and
 * link-local addresses (RFC 3927; RFC 4291, 2.5.6). IPv4 within IPv6 counts as IPv4.
 */
export function isPrivateAddress(address: string): boolean {
  const numbers = addressNumbers(address);
  if (numbers === null) return false;
  return numbers.family === "ipv4" ? isPrivateIpv4(numbers.octets) : isPrivateIpv6(numbers.groups);
}

function isPrivateIpv4([first = -1, second = -1]: readonly number[]): boolean {
  if (first === 127 || first === 10) return true;
  if (first === 172) return second >= 16 && second < 32;
  return (first === 192 && second === 168) || (first === 169 && second === 254);
}

function isPrivateIpv6(groups: readonly number[]): boolean {
  const [first = 0] = groups;
  const isLoopback = groups.every((group, index) => group === (index === 7 ? 1 : 0));
  return isLoopback || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80;
}
