import { Option } from "commander";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import { UsageError } from "./cli-error.ts";

// One flag for each number of the limits and of the close policy: the name in kebab-case, the same
// unit, the same default. The sentences here are what --help prints.

const LIMIT_HELP: { readonly [K in keyof typeof DEFAULT_SERVER_LIMITS]: string } = {
  headerTimeoutMs: "longest time for a header section, and to the first byte",
  keepAliveTimeoutMs: "how long a persistent connection may be idle, as advertised",
  keepAliveTimeoutMarginMs: "how much longer than advertised it is kept",
  bodyMinRateBytesPerSecond: "least rate of a request body; 0: none",
  bodyRateWindowMs: "window of that rate, and longest silence in a body",
  sendTimeoutMs: "longest time without progress in sending",
  connectionLimit: "most connections at once",
  connectionLimitPerAddress: "most connections at once from one address; 0: no limit",
  requestLimit: "most requests on one connection; 0: no limit, 1: no persistence",
  pipelinedRequestLimit: "most pipelined requests in flight on one connection",
  receiveBufferLimitBytes: "most received bytes that wait, per connection",
  sendBufferLimitBytes: "most streamed bytes that wait for the client, per connection",
  requestLineLimitBytes: "longest request-line",
  fieldLineLimitBytes: "longest field line",
  fieldCountLimit: "most field lines in a request",
  headLimitBytes: "largest request-line and header section together",
  bodyLimitBytes: "largest request body",
  chunkExtensionsLimitBytes: "most chunk extensions in one body",
};

/** The numbers among the policy's fields. */
type PolicyNumber = Exclude<keyof typeof DEFAULT_CLOSE_POLICY, "mode" | "onLingerExhausted">;

const POLICY_HELP: { readonly [K in PolicyNumber]: string } = {
  lingerIdleTimeoutMs: "longest silence of the client while lingering",
  lingerTotalTimeoutMs: "longest lingering, counted from our FIN",
  lingerLimitBytes: "most bytes thrown away while lingering",
  lingerMinRateBytesPerSecond: "least rate of a client while lingering; 0: none",
  shortLingerTimeoutMs: "longest lingering after errors, time-outs and at shutdown",
  discardLimitBytes: "most of an unread body that is read to keep the connection",
  discardTimeoutMs: "longest time for that",
};

function numberOption(key: string, help: string, defaultValue: number, group: string): Option {
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const option = new Option(`--${flag} <n>`, `${help} (default: ${defaultValue})`);
  option.argParser((text: string) => parseWholeNumber(`--${flag}`, text));
  option.helpGroup(group);
  return option;
}

/** @throws {UsageError} `text` is no whole number. The range is checked where the value is used. */
export function parseWholeNumber(flag: string, text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot use ${flag} "${text}": expected a whole number`);
}

/** The flags, in the order that --help shows them. */
export function numberOptions(): Option[] {
  const options: Option[] = [];
  for (const [key, help] of Object.entries(POLICY_HELP)) {
    const value = DEFAULT_CLOSE_POLICY[key as PolicyNumber];
    options.push(numberOption(key, help, value, "How connections end:"));
  }
  for (const [key, help] of Object.entries(LIMIT_HELP)) {
    const value = DEFAULT_SERVER_LIMITS[key as keyof typeof LIMIT_HELP];
    options.push(numberOption(key, help, value, "Limits:"));
  }
  return options;
}

/** The given values among `flags` that belong to `help`'s object. */
function pick(flags: Record<string, unknown>, keys: readonly string[]): Record<string, number> {
  const picked: Record<string, number> = {};
  for (const key of keys) {
    const value = flags[key];
    if (typeof value === "number") picked[key] = value;
  }
  return picked;
}

export function limitsOf(flags: Record<string, unknown>): Record<string, number> {
  return pick(flags, Object.keys(LIMIT_HELP));
}

export function policyOf(flags: Record<string, unknown>): Record<string, number> {
  return pick(flags, Object.keys(POLICY_HELP));
}
