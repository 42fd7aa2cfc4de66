import type { z } from "zod";
import { nearestName } from "./nearest-name.ts";
import { unitOf } from "./unit-words.ts";

// What is wrong with a scenario file, as one sentence that says where. A name that is not known
// goes first: what is missing besides it is most often what was meant.

/** As much of a JSON schema as the sentences need. */
export interface SchemaNode {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** About the first of `issues` that `json`, the content of `file`, has by `schema`. */
export function issueSentence(
  issues: readonly Issue[],
  json: unknown,
  schema: SchemaNode,
  file: string,
): string {
  const all = issues.flatMap(inside);
  const issue = all.find(({ code }) => code === "unrecognized_keys") ?? all[0];
  if (issue === undefined) throw new TypeError(`Cannot find what is wrong with ${file}`);
  const place = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0] ?? "";
    const where = place === "" ? "" : `${place}.`;
    const nearest = nearestName(name, namesIn(schema, issue.path));
    const expected = nearest === null ? "a known name" : `a known name, perhaps ${nearest}`;
    return `Cannot use ${JSON.stringify(`${where}${name}`)} in ${file}: expected ${expected}`;
  }
  const value = valueAt(json, issue.path);
  const message = issue.message.replace(/^Invalid (?:input|option): /, "");
  if (value === undefined && place !== "") {
    const expected = /^expected (?!.*received)(?!one of)(.*)$/.exec(message)?.[1];
    const words = expected ?? wordsOf(nodesAt(schema, issue.path), String(issue.path.at(-1)));
    return `Cannot use ${file}: ${place} is missing: ${words}`;
  }
  if (issue.code === "invalid_value") {
    const names = issue.values.map(String);
    const nearest = typeof value === "string" ? nearestName(value, names) : null;
    const hint = nearest === null ? "" : `perhaps ${nearest}; `;
    const shown = JSON.stringify(value);
    return `Cannot use ${place} ${shown} in ${file}: expected ${hint}one of ${names.join(", ")}`;
  }
  const what = place === "" ? file : `${place} in ${file}`;
  return `Cannot use ${what}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

/** Of a union the issues of the one branch whose kind of value it is; otherwise its own. */
function inside(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const branch = issue.errors.find((errors) =>
    errors.every(({ path, code }) => {
      return path.length > 0 || code === "unrecognized_keys";
    }),
  );
  if (branch === undefined) return [issue];
  return branch.map((each) => ({ ...each, path: [...issue.path, ...each.path] })).flatMap(inside);
}

function valueAt(json: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? Object.entries(value).find(([name]) => name === String(key))?.[1]
        : undefined,
    json,
  );
}

/** What the schema has at `path`: several, where it has a choice. */
function nodesAt(schema: SchemaNode, path: Path): readonly SchemaNode[] {
  const choices = (node: SchemaNode): readonly SchemaNode[] => node.anyOf ?? [node];
  return path.reduce<readonly SchemaNode[]>(
    (nodes, key) =>
      nodes.flatMap(({ items, properties }) => {
        const next = typeof key === "number" ? items : properties?.[String(key)];
        return next === undefined ? [] : choices(next);
      }),
    choices(schema),
  );
}

function namesIn(schema: SchemaNode, path: Path): string[] {
  return nodesAt(schema, path).flatMap(({ properties }) => Object.keys(properties ?? {}));
}

/** For example `bytes, or null`. */
function wordsOf(nodes: readonly SchemaNode[], name: string): string {
  return nodes
    .map((node) => {
      if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
      const isNumber = node.type === "number" || node.type === "integer";
      return (isNumber ? unitOf(name) : null) ?? WORDS[node.type ?? ""] ?? "a value";
    })
    .join(", or ");
}

const WORDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  null: "null",
  number: "a number",
  object: "an object",
  string: "text",
};
