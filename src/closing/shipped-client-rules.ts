import type { ClientRule } from "./client-rules.ts";

// The clients that are known to break persistent connections, or to be wrongly suspected of it.
//
// A client gets a rule when somebody has found what it does and has said so in public. The first
// rule that matches decides, so an exception stands before what it is excepted from.

const FIN_WAIT_2_PAGE = 'Apache manual, "Connections in the FIN_WAIT_2 state and Apache"';
const HTTPD_CONF = "Apache httpd, the BrowserMatch lines of its default configuration";
const NGINX_MSIE6 = "nginx, keepalive_disable msie6 (its default)";

/** Never answers our FIN on an idle connection, or only with the next connection it opens. */
const neverAnswers = (name: string, pattern: string): ClientRule =>
  Object.freeze({
    name,
    pattern,
    effect: Object.freeze({ persistence: "off" }),
    source: FIN_WAIT_2_PAGE,
    found: "1997",
  });

/** Fails on a response that says HTTP/1.1. */
const failsOnHttp11 = (name: string, pattern: string): ClientRule =>
  Object.freeze({
    name,
    pattern,
    effect: Object.freeze({ http10: true }),
    source: HTTPD_CONF,
    found: "1997",
  });

/** MSIE may wait in vain for the response to a POST, if the connection is to persist after it. */
const nginxMsie6 = (name: string, pattern: string, effect: ClientRule["effect"]): ClientRule =>
  Object.freeze({
    name,
    pattern,
    methods: Object.freeze(["POST"]),
    effect: Object.freeze(effect),
    source: NGINX_MSIE6,
    found: "2010",
  });

export const SHIPPED_CLIENT_RULES: readonly ClientRule[] = Object.freeze([
  Object.freeze({
    name: "mozilla-3.01-win95-good",
    pattern: "^Mozilla/3\\.01 \\(Win95; I\\)$",
    effect: Object.freeze({}),
    source: FIN_WAIT_2_PAGE,
    found: "1997",
  }),
  neverAnswers(
    "mozilla-3.01-freebsd",
    "^Mozilla/3\\.01 \\(X11; I; FreeBSD 2\\.1\\.5-RELEASE i386\\)$",
  ),
  neverAnswers(
    "mozilla-2.02-freebsd",
    "^Mozilla/2\\.02 \\(X11; I; FreeBSD 2\\.1\\.5-RELEASE i386\\)$",
  ),
  neverAnswers("mozilla-3.01gold-sunos", "^Mozilla/3\\.01Gold \\(X11; I; SunOS 5\\.5 sun4m\\)$"),
  // The page names browser and system. Versions for AOL and others put fields of theirs between.
  neverAnswers("msie-3.01-mac", "^Mozilla/[23]\\.0 \\(compatible; MSIE 3\\.01; ([^()]*; )?Mac_"),
  neverAnswers(
    "msie-3.01-win95",
    "^Mozilla/[23]\\.0 \\(compatible; MSIE 3\\.01; ([^()]*; )?Windows 95[;)]",
  ),
  Object.freeze({
    name: "mozilla-2",
    pattern: "Mozilla/2",
    effect: Object.freeze({ persistence: "off" }),
    source: HTTPD_CONF,
    found: "1996",
  }),
  Object.freeze({
    name: "msie-4.0b2",
    pattern: "MSIE 4\\.0b2;",
    effect: Object.freeze({ persistence: "off", http10: true }),
    source: HTTPD_CONF,
    found: "1997",
  }),
  failsOnHttp11("realplayer-4.0", "RealPlayer 4\\.0"),
  failsOnHttp11("java-1.0", "Java/1\\.0"),
  failsOnHttp11("jdk-1.0", "JDK/1\\.0"),
  // Opera called itself MSIE, and MSIE 6 of Windows XP SP2 ("SV1") has been mended.
  nginxMsie6("opera-as-msie-good", "MSIE [456]\\..*Opera|Opera.*MSIE [456]\\.", {}),
  nginxMsie6("msie-6-sv1-good", "MSIE 6\\..*SV1", {}),
  nginxMsie6("msie-4-to-6-post", "MSIE [456]\\.", { persistence: "off" }),
  // Sends a POST on a connection that we have closed, and reports the failure in place of trying
  // again. Chrome and Edge say "Safari" too, and on iOS "Version/" as well, but more behind it.
  Object.freeze({
    name: "safari-post",
    pattern:
      "\\((Macintosh|iPhone|iPad|iPod)[^()]*\\).* Version/[0-9.]+ (Mobile/[0-9A-Za-z]+ )?" +
      "Safari/[0-9.]+$",
    methods: Object.freeze(["POST"]),
    effect: Object.freeze({ persistence: "off" }),
    source: "https://github.com/axios/axios/issues/6898, also WebKit bug 5760 (2005)",
    found: "2025-03",
  }),
] satisfies ClientRule[]);

/**
 * Rules of one's own, and behind them those shipped ones whose names are not taken: so a shipped
 * rule can be replaced, and a list that was printed can be edited and given back.
 */
export function withShippedRules(ownRules: readonly ClientRule[]): readonly ClientRule[] {
  const names = new Set(ownRules.map(({ name }) => name));
  return [...ownRules, ...SHIPPED_CLIENT_RULES.filter(({ name }) => !names.has(name))];
}
