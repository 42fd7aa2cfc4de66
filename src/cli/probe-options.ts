import { type Command, InvalidArgumentError } from "commander";
import { CATALOGUE } from "../probe/cases/catalogue.ts";
import type { ProbeCase } from "../probe/probe-case.ts";
import { DEFAULT_SETTINGS, type ProbeSettings } from "../probe/probe-settings.ts";
import type { TargetPaths } from "../probe/target.ts";
import { UsageError } from "./cli-error.ts";
import { nearestName } from "./nearest-name.ts";
import { byTopic, topicOf } from "./probe-words.ts";
import { grouped } from "./simulate-units.ts";

// The options of `finwait probe`: what they are called, their bounds, and what is made of them.

export interface ProbeFlags {
  readonly mediumPath?: string;
  readonly largePath?: string;
  readonly refusePath?: string;
  readonly uploadPath?: string;
  readonly emptyPath?: string;
  readonly case?: readonly string[];
  readonly list: boolean;
  readonly repeat: number;
  readonly json: boolean;
  readonly junit?: string;
  readonly html?: string;
  readonly verbose: boolean;
  readonly iMayTestThisHost: boolean;
  readonly answerMs: number;
  readonly holdMs: number;
  readonly uploadBytes: number;
  readonly maxConnections: number;
  readonly maxTotalConnections: number;
  readonly maxBytes: number;
  readonly maxSeconds: number;
}

interface NumberOption {
  readonly flags: string;
  readonly help: string;
  readonly least: number;
  readonly most: number;
  readonly default: number;
}

const NUMBERS: readonly NumberOption[] = [
  {
    flags: "--repeat <n>",
    help: "attempts of each case; those that wait for time-outs: only if alone",
    least: 1,
    most: 1_000,
    default: 1,
  },
  {
    flags: "--answer-ms <n>",
    help: "longest wait for an answer",
    least: 100,
    most: 600_000,
    default: DEFAULT_SETTINGS.answerMs,
  },
  {
    flags: "--hold-ms <n>",
    help: "longest wait for a time-out of the server",
    least: 100,
    most: 3_600_000,
    default: DEFAULT_SETTINGS.holdMs,
  },
  {
    flags: "--upload-bytes <n>",
    help: "size of an upload; below 10 MB, buffers hide what a server does",
    least: 1_000_000,
    most: 10_000_000_000,
    default: DEFAULT_SETTINGS.uploadBytes,
  },
  {
    flags: "--max-connections <n>",
    help: "most connections at once",
    least: 16,
    most: 1_024,
    default: DEFAULT_SETTINGS.connectionLimit,
  },
  {
    flags: "--max-total-connections <n>",
    help: "most connections of the whole run",
    least: 16,
    most: 1_000_000,
    default: DEFAULT_SETTINGS.totalConnectionLimit,
  },
  {
    flags: "--max-bytes <n>",
    help: "most bytes that the whole run sends",
    least: 1_000_000,
    most: 1_000_000_000_000,
    default: DEFAULT_SETTINGS.sendLimitBytes,
  },
  {
    flags: "--max-seconds <n>",
    help: "end of the run",
    least: 1,
    most: 86_400,
    default: DEFAULT_SETTINGS.durationLimitMs / 1_000,
  },
];

export function addProbeOptions(command: Command): Command {
  command
    .option("--medium-path <path>", "a page of 100 KB to 1 MB", path)
    .option("--large-path <path>", "a page of 4 MB or more", path)
    .option("--refuse-path <path>", "refuses POST before its content has come", path)
    .option("--upload-path <path>", "takes POST, and answers with success", path)
    .option("--empty-path <path>", "answers GET with 204", path)
    .option("--case <id>", "play this case or topic only; can be repeated", collected)
    .option("--list", "list the cases, and probe nothing", false)
    .option("--json", "print one JSON object", false)
    .option("--junit <file>", "write the results as JUnit XML, for CI")
    .option("--html <file>", "write the results as one page")
    .option("-v, --verbose", "print what was seen of cases that passed, too", false)
    .option("--i-may-test-this-host", "probe an address beyond private networks", false);
  for (const { flags, help, least, most, default: value } of NUMBERS) {
    const range = `from ${grouped(least)} to ${grouped(most)}`;
    command.option(flags, `${help}; ${range}`, wholeNumber(least, most, range), value);
  }
  return command;
}

export function settingsOf(flags: ProbeFlags): ProbeSettings {
  return {
    answerMs: flags.answerMs,
    holdMs: flags.holdMs,
    boundMs: DEFAULT_SETTINGS.boundMs,
    uploadBytes: flags.uploadBytes,
    connectionLimit: flags.maxConnections,
    totalConnectionLimit: flags.maxTotalConnections,
    sendLimitBytes: flags.maxBytes,
    durationLimitMs: flags.maxSeconds * 1_000,
  };
}

export function pathsOf(page: string, flags: ProbeFlags): TargetPaths {
  const { mediumPath, largePath, refusePath, uploadPath, emptyPath } = flags;
  return {
    page,
    ...(mediumPath === undefined ? {} : { medium: mediumPath }),
    ...(largePath === undefined ? {} : { large: largePath }),
    ...(refusePath === undefined ? {} : { refuse: refusePath }),
    ...(uploadPath === undefined ? {} : { upload: uploadPath }),
    ...(emptyPath === undefined ? {} : { empty: emptyPath }),
  };
}

/**
 * The cases of these ids and topics, in the order of the catalogue; without any, all of them.
 *
 * @throws {UsageError} There is no such id or topic.
 */
export function casesOf(wanted: readonly string[] = []): readonly ProbeCase[] {
  const topics = [...byTopic(CATALOGUE).keys()];
  const ids = CATALOGUE.map(({ id }) => id);
  for (const name of wanted) {
    if (topics.includes(name) || ids.includes(name)) continue;
    const nearest = nearestName(name, [...topics, ...ids]);
    const hint = nearest === null ? "" : `perhaps ${nearest}; `;
    throw new UsageError(
      `Cannot find case ${JSON.stringify(name)}: expected ${hint}` +
        `one of the topics ${topics.join(", ")}, or an id of --list`,
    );
  }
  if (wanted.length === 0) return CATALOGUE;
  return CATALOGUE.filter((each) => wanted.includes(each.id) || wanted.includes(topicOf(each)));
}

/** In the form that a request-line has: encoded, without a fragment. */
function path(text: string): string {
  if (/^\/[!-~]*$/.test(text) && !text.includes("#")) return text;
  const wanted = "Expected a path that begins with /, percent-encoded, without # and spaces.";
  throw new InvalidArgumentError(wanted);
}

function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function wholeNumber(least: number, most: number, range: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}
