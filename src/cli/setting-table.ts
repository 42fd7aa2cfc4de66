import { DEFAULT_LEARNED_CLIENTS_OPTIONS } from "../closing/learned-clients-options.ts";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { CLOSE_NUMBER_SETTINGS, LIMIT_SETTINGS } from "./number-settings.ts";
import type { Setting } from "./setting.ts";
import { choiceRow, type NumberRow, numberRow, switchRow, textRow } from "./setting-row.ts";

// The table of settings. Flags, the file, its JSON schema, `finwait config`, --help and
// docs/configuration.md are made from it: a new setting is a new row.

const PORT_LIMIT = 65_535;

/** The longest queue that listen() takes as it is; the system's own limit is far below. */
const BACKLOG_LIMIT = 2_147_483_647;

const STATIC: readonly Setting[] = [
  switchRow({
    name: "static.listing",
    flag: "--listing",
    help: "list directories without index.html",
  }),
  switchRow({ name: "static.spa", flag: "--spa", help: "answer unknown paths with /index.html" }),
  switchRow({
    name: "static.dotfiles",
    flag: "--dotfiles",
    help: "serve names that begin with a dot",
  }),
  choiceRow({
    name: "static.symlinks",
    flag: "--symlinks <mode>",
    choices: ["inside", "follow", "refuse"],
    help: "symlinks that lead outside of the folder are refused, followed, or all refused",
  }),
  textRow({
    name: "static.cacheControl",
    flag: "--cache-control <value>",
    canBeEmpty: true,
    help: "Cache-Control of the files",
  }),
];

const CLIENTS: readonly Setting[] = [
  textRow({
    name: "clientRules",
    flag: "--client-rules <file>",
    isPath: true,
    canBeEmpty: true,
    changesWith: "reload",
    help: "rules for clients that are known to be broken (JSON)",
  }),
  switchRow({
    name: "shippedClientRules",
    flag: "--shipped-client-rules",
    default: true,
    changesWith: "reload",
    help: "use the rules that come with finwait",
  }),
  choiceRow({
    name: "learnedClients.mode",
    flag: "--learned-clients <mode>",
    choices: ["off", "report", "enforce"],
    default: DEFAULT_LEARNED_CLIENTS_OPTIONS.mode,
    changesWith: "reload",
    help: "clients that turn out to be broken are ignored, reported, or refused persistence",
  }),
  ...Object.entries({
    tableLimit: { least: 1, most: 65_536, help: "most clients that are remembered" },
    halfLifeMs: {
      least: 1_000,
      most: 604_800_000,
      help: "time after which what was seen counts half",
    },
    minimumSample: {
      least: 1,
      most: 1_000_000,
      help: "endings that must be seen before a client is judged",
    },
    brokenPercent: { least: 1, most: 100, help: "share of bad endings that makes a client broken" },
  } satisfies { readonly [key: string]: NumberRow }).map(([key, row]) =>
    numberRow(`learnedClients.${key}`, null, row, { ...DEFAULT_LEARNED_CLIENTS_OPTIONS }),
  ),
];

const ADMIN: readonly Setting[] = [
  {
    ...numberRow(
      "admin.port",
      "--admin-port <n>",
      // Precedent: Spring Boot's management.server.port, where -1 switches it off as well.
      {
        least: -1,
        most: PORT_LIMIT,
        help: "TCP port of the status page and the metrics; 0: any, -1: none",
      },
      { port: -1 },
    ),
    changesWith: "restart",
  },
  textRow({
    name: "admin.host",
    flag: "--admin-host <address>",
    default: "127.0.0.1",
    help: "address of the status page and the metrics: whoever reaches it sees your clients",
  }),
  textRow({
    name: "admin.allowedHosts",
    flag: "--admin-allowed-hosts <names>",
    canBeEmpty: true,
    help: "names for it in Host besides localhost and its address, separated by commas",
  }),
];

/** Every setting, in the order that --help, `finwait config` and the documents show them. */
export const SETTINGS: readonly Setting[] = [
  textRow({ name: "root", flag: "[root]", isPath: true, default: ".", help: "the folder" }),
  textRow({
    name: "host",
    flag: "-H, --host <address>",
    default: "127.0.0.1",
    help: "address to listen on",
  }),
  {
    ...numberRow(
      "port",
      "-p, --port <n>",
      { least: 0, most: PORT_LIMIT, help: "TCP port; 0: any" },
      { port: 8_080 },
    ),
    changesWith: "restart",
  },
  {
    ...numberRow(
      "backlog",
      "--backlog <n>",
      {
        least: 1,
        most: BACKLOG_LIMIT,
        help: "longest queue of connections that are not accepted yet",
      },
      { backlog: 511 },
    ),
    changesWith: "restart",
  },
  choiceRow({
    name: "socketOptions",
    flag: "--socket-options <mode>",
    choices: ["auto", "off"],
    help: "set options of sockets that Node cannot set, where the system lets us; or never",
  }),
  textRow({
    name: "tls.cert",
    flag: "--tls-cert <file>",
    isPath: true,
    canBeEmpty: true,
    help: "certificate chain (PEM); makes it https",
  }),
  textRow({
    name: "tls.key",
    flag: "--tls-key <file>",
    isPath: true,
    canBeEmpty: true,
    help: "private key (PEM)",
  }),
  ...STATIC,
  choiceRow({
    name: "accessLog",
    flag: "--access-log <format>",
    choices: ["common", "combined", "json", "off"],
    help: "a line per response, on standard output",
  }),
  choiceRow({
    name: "persistence",
    flag: "--persistence <mode>",
    choices: ["on", "off"],
    changesWith: "reload",
    help: "persistent connections, or one request per connection",
  }),
  choiceRow({
    name: "close.mode",
    flag: "--close <mode>",
    choices: ["lingering", "so-linger", "off"],
    default: DEFAULT_CLOSE_POLICY.mode,
    changesWith: "reload",
    help: "lingering close, SO_LINGER in its place, or close at once as in 1996",
  }),
  choiceRow({
    name: "close.onLingerExhausted",
    flag: "--on-linger-exhausted <action>",
    choices: ["close", "reset"],
    default: DEFAULT_CLOSE_POLICY.onLingerExhausted,
    changesWith: "reload",
    help: "what to do when lingering reaches a limit",
  }),
  choiceRow({
    name: "close.releaseWhen",
    flag: "--release-when <event>",
    choices: ["peer-closed", "acknowledged"],
    default: DEFAULT_CLOSE_POLICY.releaseWhen,
    changesWith: "reload",
    help: "lingering ends with the client's FIN, or once it has acknowledged everything",
  }),
  ...CLOSE_NUMBER_SETTINGS,
  ...LIMIT_SETTINGS,
  ...CLIENTS,
  numberRow(
    "shutdown.announceMs",
    "--shutdown-announce-ms <n>",
    {
      least: 0,
      help: "how long responses say close after SIGTERM before connections are refused",
    },
    { announceMs: 1_000 },
  ),
  numberRow(
    "shutdown.deadlineMs",
    "--shutdown-deadline-ms <n>",
    {
      least: 0,
      help: "longest wait for responses in flight after SIGTERM",
    },
    { deadlineMs: 10_000 },
  ),
  textRow({
    name: "shutdown.readinessTarget",
    flag: "--readiness-target <target>",
    canBeEmpty: true,
    help: "request target that is answered with 200, and with 503 from SIGTERM on",
  }),
  ...ADMIN,
];

/** The row of `name`. @throws {TypeError} There is none. */
export function settingOf(name: string): Setting {
  const setting = SETTINGS.find((each) => each.name === name);
  if (setting !== undefined) return setting;
  throw new TypeError(`Cannot use the setting "${name}": expected a row of the table`);
}
