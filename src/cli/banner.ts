import { networkInterfaces } from "node:os";

// What `finwait serve` says when it is ready.

/** Addresses that mean every interface of the machine. */
const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** The lines of the banner. `url` is the bound one; a wildcard is shown as addresses to type. */
export function bannerLines(root: string, url: string, address: string, port: number): string[] {
  const scheme = url.slice(0, url.indexOf(":"));
  if (!WILDCARDS.has(address)) {
    const note = isLoopback(address) ? "" : "  (reachable from the network)";
    return [`Serving ${root} on ${url}${note}`];
  }
  const lines = [`Serving ${root} on ${scheme}://127.0.0.1:${port}/`];
  for (const network of networkAddresses(address === "::")) {
    lines.push(`  on the network: ${scheme}://${network}:${port}/`);
  }
  return lines;
}

function networkAddresses(includesIpv6: boolean): string[] {
  const addresses: string[] = [];
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, family, internal } of list ?? []) {
      // Link-local IPv6 addresses need a zone, which browsers do not take.
      if (internal || address.startsWith("fe80:")) continue;
      if (family === "IPv4") addresses.push(address);
      else if (includesIpv6) addresses.push(`[${address}]`);
    }
  }
  return addresses;
}
