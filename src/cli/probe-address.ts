import { lookup } from "node:dns/promises";
import { DiscoveryError } from "../probe/discovery.ts";
import { isPrivateAddress } from "../probe/private-address.ts";
import { ConnectError } from "../probe/probe-port.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { printable } from "./untrusted-text.ts";

// From the URL on the command line to addresses that may be probed.

/** Nothing could be probed: no address, no leave, no server. */
const UNPROBED_EXIT_CODE = 2;
/** What OpenSSL makes of an HTTP response in place of a handshake. */
const PLAIN_HTTP_CODE = "ERR_SSL_WRONG_VERSION_NUMBER";

export interface ProbeUrl {
  /** As it was understood. */
  readonly text: string;
  /** The name or address, without the brackets of IPv6. */
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The value of the Host field. */
  readonly host: string;
  readonly path: string;
}

/** @throws {UsageError} It is no http or https URL, or has what no request can have. */
export function parseProbeUrl(text: string): ProbeUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const completed = `http://${text}`;
    const isNear = !text.includes("://") && URL.canParse(completed);
    const hint = isNear ? `, perhaps ${completed}` : "";
    throw new UsageError(
      `Cannot probe ${JSON.stringify(text)}: expected an http or https URL${hint}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(`Cannot probe ${url.host} as a user: expected a URL without a user name`);
  }
  const isTls = url.protocol === "https:";
  return {
    text: `${url.origin}${url.pathname}${url.search}`,
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port === "" ? (isTls ? 443 : 80) : url.port),
    isTls,
    host: url.host,
    path: `${url.pathname}${url.search}`,
  };
}

/**
 * All addresses of the host, in the order in which they are to be tried.
 *
 * @throws {UsageError} There is none, or not all of them may be probed.
 */
export async function probeAddresses(
  hostname: string,
  mayTestAnyHost: boolean,
  resolve: Resolve = resolvedBySystem,
): Promise<readonly string[]> {
  const addresses = await addressesOf(hostname, resolve);
  const others = addresses.filter((address) => !isPrivateAddress(address));
  const [first] = others;
  if (mayTestAnyHost || first === undefined) return addresses;
  const named = first === hostname ? first : `${hostname}, which is ${first}`;
  throw new UsageError(
    `Refused to probe ${named}: it is neither this machine nor in a private network. ` +
      "If it is yours to test, say so with --i-may-test-this-host",
    UNPROBED_EXIT_CODE,
  );
}

/**
 * What `attempt` makes of the first address that takes connections: localhost may be ::1 and
 * 127.0.0.1, and a server listen on one of them.
 *
 * @throws {UsageError} None does, or what answers is no HTTP/1.1.
 */
export async function atFirstAddress<T>(
  url: string,
  addresses: readonly string[],
  attempt: (address: string) => Promise<T>,
): Promise<T> {
  const failures: string[] = [];
  for (const address of addresses) {
    try {
      return await attempt(address);
    } catch (error) {
      if (error instanceof DiscoveryError) {
        // What came in place of a response is in it.
        throw new UsageError(printable(error.message), UNPROBED_EXIT_CODE);
      }
      if (!(error instanceof ConnectError)) throw error;
      const isPlain = error.code === PLAIN_HTTP_CODE;
      const hint = isPlain ? `, perhaps ${url.replace(/^https:/, "http:")}?` : "";
      failures.push(`${printable(error.message)}${hint}`);
    }
  }
  throw new UsageError(`Cannot probe ${url}: ${failures.join("; ")}`, UNPROBED_EXIT_CODE);
}

type Resolve = (hostname: string) => Promise<readonly string[]>;

async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return [...new Set(await resolve(hostname))];
  } catch (error) {
    throw new UsageError(`Cannot probe ${hostname}: ${reasonOf(error)}`, UNPROBED_EXIT_CODE);
  }
}

async function resolvedBySystem(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
