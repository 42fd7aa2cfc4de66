import type { SettingValue } from "./setting.ts";

// What the directives of Apache httpd 2.4 mean here. docs/configuration.md shows the same table.
//
// Units and the meaning of 0 differ: httpd counts seconds, and 0 often means no limit.

/** Settings by their names, and why parts of the line have no effect. */
export interface DirectiveMeaning {
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly unused?: readonly string[];
}

export interface Directive {
  /** What is allowed, for the sentence about a bad value. */
  readonly expected: string;
  /** Null: the value is not allowed. */
  read(args: readonly string[]): DirectiveMeaning | null;
}

const DAY_S = 86_400;

/** Where httpd has no limit and we need a number. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

const NO_TIMEOUT_MS = DAY_S * 1_000;

/** By lower-case names. */
export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map([
  ["documentroot", one("a folder", (text) => (text === "" ? null : { root: text }))],
  ["keepalive", one("On or Off", readSwitch)],
  // 0 takes persistence away, as in httpd; httpd-conf.ts does that, as KeepAlive may follow.
  [
    "keepalivetimeout",
    one("a time up to a day, in seconds or as in 500ms", (text) =>
      numberFor("limits.keepAliveTimeoutMs", timeSpanMs(text)),
    ),
  ],
  // httpd grants one request more than it says: it counts the ones behind the first.
  [
    "maxkeepaliverequests",
    one("a number of requests, or 0 for no limit", (text) =>
      numberFor("limits.requestLimit", wholeNumber(text, 0, NO_LIMIT)),
    ),
  ],
  // Its other half, the silence within a body, is added by httpd-conf.ts.
  [
    "timeout",
    one(`seconds from 1 to ${DAY_S}`, (text) => {
      const seconds = wholeNumber(text, 1, DAY_S);
      return numberFor("limits.sendTimeoutMs", seconds === null ? null : seconds * 1_000);
    }),
  ],
  [
    "listenbacklog",
    one("a number from 1 to 2147483647", (text) =>
      numberFor("backlog", wholeNumber(text, 1, 2_147_483_647)),
    ),
  ],
  [
    "limitrequestbody",
    one("a number of bytes, or 0 for no limit", (text) =>
      numberFor("limits.bodyLimitBytes", unlimitedIfZero(text)),
    ),
  ],
  [
    "limitrequestfields",
    one("a number of field lines, or 0 for no limit", (text) =>
      numberFor("limits.fieldCountLimit", unlimitedIfZero(text)),
    ),
  ],
  [
    "limitrequestfieldsize",
    one("a number of bytes from 1", (text) =>
      numberFor("limits.fieldLineLimitBytes", wholeNumber(text, 1, NO_LIMIT)),
    ),
  ],
  [
    "limitrequestline",
    one("a number of bytes from 1", (text) =>
      numberFor("limits.requestLineLimitBytes", wholeNumber(text, 1, NO_LIMIT)),
    ),
  ],
  ["listen", { expected: "a port, or an address, a colon and a port", read: readListen }],
  [
    "requestreadtimeout",
    {
      expected: "header= and body= with seconds up to a day, as in body=20,MinRate=500",
      read: readRequestReadTimeout,
    },
  ],
]);

type Settings = Readonly<Record<string, SettingValue>>;

/** A directive with exactly one argument. */
function one(expected: string, read: (text: string) => Settings | null): Directive {
  return {
    expected,
    read: (args) => {
      const [text] = args;
      if (text === undefined || args.length > 1) return null;
      const settings = read(text);
      return settings === null ? null : { settings };
    },
  };
}

function numberFor(name: string, value: number | null): Settings | null {
  return value === null ? null : { [name]: value };
}

function readSwitch(text: string): Settings | null {
  if (!/^(?:on|off)$/i.test(text)) return null;
  return { persistence: text.toLowerCase() };
}

function wholeNumber(text: string, least: number, most: number): number | null {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

function unlimitedIfZero(text: string): number | null {
  const value = wholeNumber(text, 0, NO_LIMIT);
  return value === 0 ? NO_LIMIT : value;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1_000,
  s: 1_000,
  mi: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** A time with the suffixes that httpd 2.4 knows; without one it is in seconds. */
function timeSpanMs(text: string): number | null {
  const [, count = "", suffix = ""] = /^(\d{1,12})([a-z]*)$/i.exec(text) ?? [];
  const unitMs = UNITS_MS[suffix.toLowerCase()];
  if (count === "" || unitMs === undefined) return null;
  const valueMs = Number(count) * unitMs;
  return valueMs <= NO_TIMEOUT_MS ? valueMs : null;
}

const PROTOCOL_REASON = "its protocol is not read: a certificate and a key make it https";

/** `[address:]port [protocol]`. Without an address httpd listens on every one. */
function readListen(args: readonly string[]): DirectiveMeaning | null {
  const [place = "", protocol] = args;
  const pattern = /^(?:(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]]+)):)?(?<port>\d{1,5})$/i;
  const { v6, name, port = "" } = pattern.exec(place)?.groups ?? {};
  const number = wholeNumber(port, 1, 65_535);
  if (number === null || args.length > 2) return null;
  const host = v6 ?? (name === undefined || name === "*" ? "::" : name);
  const isPlain = protocol === undefined || protocol.toLowerCase() === "http";
  return { settings: { host, port: number }, unused: isPlain ? [] : [PROTOCOL_REASON] };
}

/** `header=20-40,MinRate=500 body=20,MinRate=500`: what of it has a counterpart. */
function readRequestReadTimeout(args: readonly string[]): DirectiveMeaning | null {
  const settings: Record<string, SettingValue> = {};
  const unused: string[] = [];
  for (const arg of args) {
    const pattern = /^(handshake|header|body)=(\d+)(?:-(\d+))?(?:,MinRate=(\d+))?$/i;
    const [, stage = "", least = "", most, rate] = pattern.exec(arg) ?? [];
    const leastS = wholeNumber(least, 0, DAY_S);
    const mostS = wholeNumber(most ?? least, 0, DAY_S);
    const rateBytes = wholeNumber(rate ?? "0", 0, NO_LIMIT);
    if (leastS === null || mostS === null || rateBytes === null) return null;
    switch (stage.toLowerCase()) {
      case "header":
        // Our time for a header section does not grow with its bytes: the longest one is allowed.
        settings["limits.headerTimeoutMs"] = mostS === 0 ? NO_TIMEOUT_MS : mostS * 1_000;
        break;
      case "body":
        if (leastS === 0) {
          settings["limits.bodyMinRateBytesPerSecond"] = 0;
          break;
        }
        // A bound for the whole body, whatever its length, is something that we do not have.
        if (rateBytes === 0 || most !== undefined) unused.push(`${arg} has no counterpart`);
        if (rateBytes === 0) break;
        settings["limits.bodyRateWindowMs"] = leastS * 1_000;
        settings["limits.bodyMinRateBytesPerSecond"] = rateBytes;
        break;
      default:
        unused.push(`${arg} has no counterpart`);
    }
  }
  return args.length === 0 ? null : { settings, unused };
}
