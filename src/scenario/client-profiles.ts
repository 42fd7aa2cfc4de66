import type { ClientLink, ClientProfile, FinReaction, Visit } from "./client-profile.ts";

// The clients that scenarios name: those of the Apache page, those that test a server's patience,
// and the connection pools of today.
//
// `source` names what the behavior and its figures are known from. Assumed, as no source has them:
// links, rates, sizes, pauses and counts of visits, and what is marked so below.

const PAGE = 'Apache manual, "Connections in the FIN_WAIT_2 state and Apache"';

/** V.34: 28,800 bits per second. The delay is assumed. */
const MODEM: ClientLink = { delayMs: 120, bytesPerSecond: 3_600 };
const CAMPUS: ClientLink = { delayMs: 40, bytesPerSecond: 125_000 };
const FIBER: ClientLink = { delayMs: 15, bytesPerSecond: 12_500_000 };

/**
 * DefaultRcvWindow of Windows 95: 8,192 bytes, by a registry guide of the time, and by its
 * fingerprint in p0f 2 (p0f.fp, "Windows:95b"). Windows NT had 8,760, six segments of Ethernet.
 */
const BUFFER_BYTES_OF_1996 = 8_192;

const HOUR_MS = 3_600_000;

/** Some pages of a small site, as of 1996. */
const BROWSING: Visit = { requestCount: 3, thinkMs: 2_000, responseBytes: 6_000 };

function browserOf1996(
  id: string,
  title: string,
  userAgent: string,
  onFin: FinReaction,
  more: Partial<ClientProfile> = {},
): ClientProfile {
  return {
    id,
    title,
    source: PAGE,
    userAgent,
    version: "1.0",
    link: CAMPUS,
    receivedOnReset: "kept",
    bufferBytes: BUFFER_BYTES_OF_1996,
    visit: BROWSING,
    onFin,
    idleTimeoutMs: null,
    exitAfterMs: null,
    ...more,
  };
}

// The page names them by these very strings, but for MSIE 3.01, of which it names the system: that
// one is from access logs. It says that clients should look at their sockets periodically, and
// names none that does. After how long somebody quits a browser, or is cut off, is assumed.
const OF_THE_PAGE: readonly ClientProfile[] = [
  browserOf1996(
    "browser-good",
    "a browser that answers our FIN",
    "Mozilla/3.01 (Win95; I)",
    "close",
    { receivedOnReset: "discarded" },
  ),
  browserOf1996(
    "browser-next-connection",
    "a browser that answers our FIN when it opens its next connection",
    "Mozilla/3.01 (X11; I; FreeBSD 2.1.5-RELEASE i386)",
    "next-connection",
    { visit: { ...BROWSING, count: 4, gapMs: 600_000 } },
  ),
  browserOf1996(
    "browser-until-exit",
    "a browser that answers our FIN when its user quits it",
    "Mozilla/3.01Gold (X11; I; SunOS 5.5 sun4m)",
    "exit",
    { exitAfterMs: 4 * HOUR_MS },
  ),
  browserOf1996(
    "browser-never",
    "a browser that never answers our FIN",
    "Mozilla/2.0 (compatible; MSIE 3.01; Windows 95)",
    "never",
    { receivedOnReset: "discarded" },
  ),
  browserOf1996(
    "browser-checking",
    "a browser that looks at its sockets every few seconds",
    "Mozilla/3.0 (Macintosh; I; PPC)",
    { checkEveryMs: 5_000 },
  ),
  browserOf1996(
    "modem-vanishing",
    "a modem user whose line is gone without a word",
    "Mozilla/3.01 (Win95; I)",
    "close",
    { link: MODEM, receivedOnReset: "discarded", vanishesAfterMs: 30_000 },
  ),
  browserOf1996(
    "uploader-unauthorized",
    "a browser that uploads without authorization, and reads when it has sent everything",
    "Mozilla/3.01 (Win95; I)",
    "close",
    {
      receivedOnReset: "discarded",
      visit: {
        requestCount: 1,
        thinkMs: 0,
        responseBytes: 2_000,
        uploadBytes: 80_000,
        isBlind: true,
      },
    },
  ),
];

function programOfToday(
  id: string,
  title: string,
  source: string,
  more: Pick<ClientProfile, "userAgent" | "visit"> & Partial<ClientProfile>,
): ClientProfile {
  return {
    id,
    title,
    source,
    version: "1.1",
    link: FIBER,
    receivedOnReset: "kept",
    onFin: "close",
    idleTimeoutMs: null,
    exitAfterMs: null,
    ...more,
  };
}

const ONE_REQUEST: Visit = { requestCount: 1, thinkMs: 0, responseBytes: 10_000 };

// Pipelining by libwww: W3C, NOTE-pipelining-970624. Slowloris sends a field line every 100 s; a
// byte every 10 s is assumed. That a program exits with its last response is assumed, but for curl.
const PATIENCE_TESTERS: readonly ClientProfile[] = [
  programOfToday(
    "pipeliner",
    "a program that pipelines its requests",
    "W3C libwww 5; RFC 9112 §9.3.2",
    {
      userAgent: "libwww/5.4.0",
      visit: { requestCount: 8, thinkMs: 0, responseBytes: 4_000, isPipelined: true },
      exitAfterMs: 0,
    },
  ),
  programOfToday("drip-sender", "a client that sends a byte now and then", "Slowloris, 2009", {
    userAgent: "",
    visit: { ...ONE_REQUEST, dripMs: 10_000 },
    exitAfterMs: 0,
  }),
  programOfToday(
    "half-closer",
    "a program that ends its side behind its request",
    "RFC 9293 §3.6.1; nc -N",
    { userAgent: "", visit: { ...ONE_REQUEST, halfCloses: true }, exitAfterMs: 0 },
  ),
  programOfToday(
    "blind-uploader",
    "an uploader that does not read before it has sent everything",
    "Python, urllib/request.py: do_open() sends the whole body, then getresponse()",
    {
      userAgent: "Python-urllib/3.12",
      visit: { ...ONE_REQUEST, uploadBytes: 2_000_000, isBlind: true },
      link: CAMPUS,
      exitAfterMs: 0,
    },
  ),
];

/** Between two looks of Chrome at its idle sockets: assumed, somebody who reads and clicks. */
const CHROME_REQUEST_EVERY_MS = 60_000;

// undici takes the server's Keep-Alive: timeout less keepAliveTimeoutThreshold, 2 s, over its own
// figure; Firefox takes it as it is (netwerk/protocol/http/nsHttpConnection.cpp). curl ends with
// its transfer; libcurl would reuse a connection for 118 s (CURLOPT_MAXAGE_CONN). Chrome does not
// act on our FIN: it looks at idle sockets when it wants one, for any site (RequestSocket() calls
// CleanupIdleSockets()). Measured with Chromium 156 on Linux, six times: 0 to 16 s after the FIN.
const OF_TODAY: readonly ClientProfile[] = [
  programOfToday("undici", "fetch of Node.js", "nodejs/undici, lib/dispatcher/client.js: 4e3", {
    userAgent: "node",
    visit: { requestCount: 4, thinkMs: 500, responseBytes: 10_000 },
    idleTimeoutMs: 4_000,
    timeoutHintMarginMs: 2_000,
  }),
  programOfToday("go", "net/http of Go", "golang/go, src/net/http/transport.go: 90 s", {
    userAgent: "Go-http-client/1.1",
    visit: { requestCount: 4, thinkMs: 500, responseBytes: 10_000 },
    idleTimeoutMs: 90_000,
  }),
  programOfToday("curl", "curl, which ends with its transfer", "curl(1)", {
    userAgent: "curl/8.5.0",
    visit: ONE_REQUEST,
    exitAfterMs: 0,
  }),
  programOfToday(
    "chrome",
    "Chrome",
    "chromium/chromium, net/socket/client_socket_pool.cc, 300 s; transport_client_socket_pool.cc",
    {
      userAgent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) " +
        "Chrome/130.0.0.0 Safari/537.36",
      receivedOnReset: "discarded",
      visit: { requestCount: 6, thinkMs: 1_000, responseBytes: 12_000 },
      onFin: { checkEveryMs: CHROME_REQUEST_EVERY_MS },
      idleTimeoutMs: 300_000,
    },
  ),
  programOfToday("firefox", "Firefox", "Gecko, modules/libpref/init/all.js: 115 s", {
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    visit: { requestCount: 6, thinkMs: 1_000, responseBytes: 12_000 },
    idleTimeoutMs: 115_000,
    timeoutHintMarginMs: 0,
  }),
];

export const CLIENT_PROFILES: readonly ClientProfile[] = [
  ...OF_THE_PAGE,
  ...PATIENCE_TESTERS,
  ...OF_TODAY,
];

/** @throws {RangeError} There is none with this id; the message lists the ids. */
export function clientProfileById(id: string): ClientProfile {
  const found = CLIENT_PROFILES.find((profile) => profile.id === id);
  if (found !== undefined) return found;
  const ids = CLIENT_PROFILES.map((profile) => profile.id).join(", ");
  throw new RangeError(`Cannot use client ${JSON.stringify(id)}: expected one of ${ids}`);
}
