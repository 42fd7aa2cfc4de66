import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { reasonOf, UsageError } from "./cli-error.ts";
import { findJsonError } from "./json-error.ts";
import { nearestName } from "./nearest-name.ts";
import {
  expectedOf,
  type GivenSettings,
  type GivenValue,
  listOf,
  type Origin,
  type SettingValue,
  valueSentence,
} from "./setting.ts";
import { type FileIssue, issueOfFile, sections } from "./setting-schema.ts";
import { SETTINGS } from "./setting-table.ts";

// finwait.config.json: its text in, settings or one sentence about what is wrong with it out.

/** Far beyond any file that somebody wrote; a device or a log is refused before it is read. */
const FILE_LIMIT_BYTES = 1_048_576;

/** @throws {UsageError} `path` cannot be read. `flag` is what named it, if one did. */
export function readSettingFile(flag: string | null, path: string): string {
  const what = flag === null ? path : `${flag} ${path}`;
  try {
    const stats = statSync(path);
    const isDevice = stats.isCharacterDevice() || stats.isBlockDevice();
    if (!isDevice && stats.size <= FILE_LIMIT_BYTES) {
      return readFileSync(path, "utf8").replace(/^\ufeff/, "");
    }
  } catch (error) {
    throw new UsageError(`Cannot read ${what}: ${reasonOf(error)}`);
  }
  throw new UsageError(`Cannot read ${what}: expected a file of at most ${FILE_LIMIT_BYTES} bytes`);
}

/**
 * The settings in `text`, the content of the file `path`.
 *
 * @throws {UsageError} It is no JSON, or does not fit the schema.
 */
export function settingsOfFile(text: string, path: string): GivenSettings {
  const content = parseJson(text, path);
  const issue = issueOfFile(content);
  if (issue !== null) throw new UsageError(issueSentence(issue, content, path));
  const origin: Origin = { type: "file", path };
  const given = new Map<string, GivenValue>();
  for (const setting of SETTINGS) {
    // The schema has checked the type.
    const value = valueAt(content, setting.name.split(".")) as SettingValue | undefined;
    if (value === undefined) continue;
    const isPath = setting.type === "text" && setting.isPath && value !== "";
    given.set(setting.name, { value: isPath ? besideFile(path, String(value)) : value, origin });
  }
  return given;
}

/** `path`, which stands in `file`, from the current folder. */
export function besideFile(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

/** @throws {UsageError} `text`, the content of the file `path`, is no JSON. */
export function parseJson(text: string, path: string): unknown {
  const error = findJsonError(text);
  if (error === null) return JSON.parse(text);
  const { line, column, expected, got } = error;
  throw new UsageError(
    `Cannot use ${path} line ${line} column ${column}: expected ${expected}, got ${got}`,
  );
}

function issueSentence(issue: FileIssue, content: unknown, path: string): string {
  const place = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return unknownSentence([...place, issue.keys[0] ?? ""].join("."), place, path);
  }
  const name = place.join(".");
  const value = valueAt(content, place);
  const setting = SETTINGS.find((each) => each.name === name);
  if (setting !== undefined) {
    return valueSentence(setting, value, { type: "file", path }, expectedOf(setting));
  }
  const what = name === "" ? path : `${name} in ${path}`;
  const expected = name === "$schema" ? "a string" : "an object of settings";
  return `Cannot use ${what}: expected ${expected}, got ${kindOf(value)}`;
}

function unknownSentence(name: string, section: readonly string[], path: string): string {
  const names = SETTINGS.map((setting) => setting.name);
  const nearest = nearestName(name, [...names, ...sections()]);
  const prefix = section.length === 0 ? "" : `${section.join(".")}.`;
  const inSection = names.filter((each) => each.startsWith(prefix));
  const known = prefix === "" ? sections() : inSection;
  const expected = nearest === null ? `one of ${listOf(known)}` : `perhaps ${nearest}`;
  return `Cannot use ${JSON.stringify(name)} in ${path}: expected a known name, ${expected}`;
}

function valueAt(content: unknown, place: readonly string[]): unknown {
  let value = content;
  for (const key of place) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : JSON.stringify(value);
}
