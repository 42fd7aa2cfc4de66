import { z } from "zod";
import { type ClientRule, parseClientRules } from "../closing/client-rules.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { parseJson, readSettingFile } from "./setting-file.ts";

// A user's client rules, read from a JSON file: `{ "rules": […] }`, or the bare array.
//
// The schema finds what is no rule at all and says where it stands; parseClientRules() judges the
// values, as it does for rules from code.

const RULE = z.strictObject({
  name: z.string(),
  pattern: z.string(),
  ignoreCase: z.boolean().optional(),
  methods: z.array(z.string()).optional(),
  effect: z.strictObject({
    persistence: z.literal("off").optional(),
    http10: z.literal(true).optional(),
    shortLinger: z.literal(true).optional(),
  }),
  source: z.string(),
  found: z.string(),
});
const FILE = z.strictObject({ $schema: z.string().optional(), rules: z.array(RULE) });

/** @throws {UsageError} The file cannot be read, is no JSON, or holds what is no list of rules. */
export function readClientRulesFile(file: string): readonly ClientRule[] {
  return parseClientRulesText(readSettingFile(null, file), file);
}

/** `file` is for the messages. */
export function parseClientRulesText(text: string, file: string): readonly ClientRule[] {
  const json = parseJson(text, file);
  // A bare array is judged as the rules of a file, so that both have the same messages.
  const parsed = FILE.safeParse(Array.isArray(json) ? { rules: json } : json, {
    reportInput: true,
  });
  if (!parsed.success) throw new UsageError(`Cannot use ${file}: ${sentence(parsed.error, json)}`);
  try {
    return parseClientRules(parsed.data.rules as readonly ClientRule[]).rules;
  } catch (error) {
    throw new UsageError(`Cannot use ${file}: ${lowerFirst(reasonOf(error))}`);
  }
}

/** The first issue, with its place and the value that stands there. */
function sentence(error: z.ZodError, json: unknown): string {
  const [issue] = error.issues;
  if (issue === undefined) return "expected client rules";
  const { path } = issue;
  const place = placeOf(path, json);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(path);
    return `cannot use ${show(issue.keys[0])}${place}: expected one of ${known.join(", ")}`;
  }
  const field = path.filter((key) => typeof key === "string" && key !== "rules").join(".");
  const what = field === "" ? show(issue.input) : `${field} ${show(issue.input)}`;
  return `cannot use ${what}${place}: expected ${expectedBy(issue)}`;
}

function placeOf(path: readonly PropertyKey[], json: unknown): string {
  const [, index] = path;
  if (typeof index !== "number") return "";
  const rules = Array.isArray(json) ? json : (json as { rules: unknown[] }).rules;
  const name = (rules[index] as { name?: unknown } | null)?.name;
  return ` in client rule ${index + 1}${typeof name === "string" ? ` (${show(name)})` : ""}`;
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(FILE.shape);
  return Object.keys(path.length === 2 ? RULE.shape : RULE.shape.effect.shape);
}

const EXPECTED: Readonly<Record<string, string>> = {
  array: "an array",
  boolean: "true or false",
  object: "an object",
  string: "a string",
};

function expectedBy(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_value") return `${issue.values.map(show).join(" or ")}, or nothing`;
  if (issue.code !== "invalid_type") return issue.message;
  if (issue.path.length === 0) return 'an array of rules, or an object with "rules"';
  return EXPECTED[issue.expected] ?? issue.expected;
}

/** One line, shortened: a value may be a whole document. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
