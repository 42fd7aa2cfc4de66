import type { Level, Verdict } from "../../src/probe/probe-case.ts";
import {
  type ComparedCase,
  type ComparedResult,
  type ComparedServer,
  type Comparison,
  topicOf,
} from "./comparison.ts";

// docs/comparison.md: the servers, their verdicts topic by topic, and what was seen. A pure
// function of what a run found; it knows no case and no server by name.

const WORDS: Readonly<Record<Verdict, string>> = {
  pass: "pass",
  unkind: "unkind",
  fail: "**fail**",
  "not reached": "–",
};

/** From best to worst. */
const VERDICTS: readonly Verdict[] = ["pass", "unkind", "fail", "not reached"];

export function comparisonPage(comparison: Comparison): string {
  return [
    ...introduction(comparison),
    ...serverSection(comparison),
    ...verdictSection(comparison),
    ...seenSection(comparison),
    "",
  ].join("\n");
}

function introduction({ startedAt, machine, node, finwait, repeat }: Comparison): string[] {
  return [
    "# How servers end connections, compared",
    "",
    `Made by \`npm run compare\` on ${startedAt.slice(0, 10)}: ${machine}; the probe is finwait ` +
      `${finwait} on Node ${node}. Every server runs on this machine with the ` +
      "configuration named below, which leaves its time-outs at their defaults, and is judged by " +
      "the same cases as by `finwait probe`. The figures of every cell stand in " +
      "[comparison.json](comparison.json).",
    "",
    "All servers have a page of a few bytes (`/`), one of 200 KB (`/medium`) and one of 6 MB " +
      "(`/large`), and as far as a plain configuration can: a path that refuses uploads at once " +
      "(`/refuse`), one that takes them (`/upload`), and one that answers 204 (`/empty`). " +
      "Servers that only serve files pass on what they cannot answer to an app of node:http.",
    "",
    "- **pass**: what the rule asks for was seen.",
    "- **unkind**: allowed, but somebody may suffer.",
    "- **fail**: a rule is broken, a response lost, or a resource held without bound.",
    "- **–**: not reached: the server could not be brought into the situation. This says nothing.",
    "",
    `Cases are tried ${repeat} times, those that take long less often, and those that wait for ` +
      "time-outs once. `fail 3/5` means that three attempts of five failed.",
  ];
}

function serverSection({ servers, cases }: Comparison): string[] {
  const head = ["server", "version", "configuration", ...VERDICTS, "failed musts"];
  return [
    "",
    "## The servers",
    "",
    ...table(
      head,
      servers.map((server) => serverRow(server, cases)),
    ),
    ...servers.flatMap(({ name, trouble }) =>
      trouble === null ? [] : ["", `${name}: ${oneLine(trouble)}`],
    ),
  ];
}

function serverRow(server: ComparedServer, cases: readonly ComparedCase[]): string[] {
  const { name, version, about, files, results } = server;
  const links = files.map((file) => `[${file.split("/").at(-1)}](../scripts/compare/${file})`);
  const configuration = [about, ...(links.length === 0 ? [] : [links.join(", ")])].join(": ");
  const reached = Object.values(results);
  const failedMusts = cases.filter(
    ({ id, level }) => level === "must" && results[id]?.verdict === "fail",
  );
  const counts =
    reached.length === 0
      ? [...VERDICTS, ""].map(() => "")
      : [
          ...VERDICTS.map((verdict) => reached.filter((each) => each.verdict === verdict).length),
          failedMusts.length,
        ].map(String);
  return [name, version ?? "not installed", configuration, ...counts];
}

function verdictSection(comparison: Comparison): string[] {
  const { cases } = comparison;
  const servers = measured(comparison);
  const head = ["case", "level", ...servers.map(({ name }) => name)];
  const topics = [...new Set(cases.map(topicOf))];
  return [
    "",
    "## Verdicts",
    ...topics.flatMap((topic) => [
      "",
      `### ${topic}`,
      "",
      ...table(
        head,
        cases
          .filter((each) => topicOf(each) === topic)
          .map((each) => [
            hasNotes(each, servers) ? `[${each.id}](#${anchorOf(each.id)})` : each.id,
            each.level,
            ...servers.map(({ results }) => cell(results[each.id])),
          ]),
      ),
    ]),
  ];
}

function cell(result: ComparedResult | undefined): string {
  if (result === undefined) return "";
  const { verdict, counts, attemptCount } = result;
  const word = WORDS[verdict];
  return counts[verdict] === attemptCount ? word : `${word} ${counts[verdict]}/${attemptCount}`;
}

/** Where a verdict was not the good one, or a time-out was measured. */
function hasNotes({ id, isPatient }: ComparedCase, servers: readonly ComparedServer[]): boolean {
  return servers.some(({ results }) => {
    const verdict = results[id]?.verdict;
    return verdict === "fail" || verdict === "unkind" || (isPatient && verdict === "pass");
  });
}

const LEVELS: Readonly<Record<Level, string>> = {
  must: "A must",
  should: "A should",
  kind: "Good manners",
};

function seenSection(comparison: Comparison): string[] {
  const servers = measured(comparison);
  const noted = comparison.cases.filter((each) => hasNotes(each, servers));
  return [
    "",
    "## What was seen",
    ...noted.flatMap((each, index) => caseNotes(each, noted[index - 1], servers)),
  ];
}

function caseNotes(
  each: ComparedCase,
  above: ComparedCase | undefined,
  servers: readonly ComparedServer[],
): string[] {
  const { id, title, level, requirement, meaning, help } = each;
  // Cases of one topic often mean the same, and are read one after the other.
  const consequence = meaning === above?.meaning ? "" : ` ${meaning}`;
  return [
    "",
    `### ${id}`,
    "",
    `${capitalized(title)}. ${LEVELS[level]} (${requirement.source}).${consequence} ` +
      `[What to do](closing.md${help})`,
    "",
    ...seenLines(each, servers, "fail"),
    ...seenLines(each, servers, "unkind"),
    ...(each.isPatient ? seenLines(each, servers, "pass") : passedTogether(each, servers)),
  ];
}

/** A line per sentence; servers of which the same was seen share it. */
function seenLines(each: ComparedCase, servers: readonly ComparedServer[], verdict: Verdict) {
  const namesOf = new Map<string, string[]>();
  for (const { name, results } of servers) {
    const result = results[each.id];
    if (result?.verdict !== verdict) continue;
    const line = `${cell(result)}: ${oneLine(result.seen)}`;
    namesOf.set(line, [...(namesOf.get(line) ?? []), name]);
  }
  return [...namesOf].map(([line, names]) => `- ${names.join(", ")}: ${line}`);
}

function passedTogether({ id }: ComparedCase, servers: readonly ComparedServer[]): string[] {
  const names = servers.filter(({ results }) => results[id]?.verdict === "pass");
  return names.length === 0 ? [] : [`- ${names.map(({ name }) => name).join(", ")}: pass`];
}

const measured = ({ servers }: Comparison): readonly ComparedServer[] =>
  servers.filter(({ results }) => Object.keys(results).length > 0);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const escaped = rows.map((cells) => cells.map((text) => text.replaceAll("|", "\\|")));
  const lines = [head, head.map(() => "---"), ...escaped];
  return lines.map((cells) => `| ${cells.join(" | ")} |`);
}

/** As the heading is linked to on GitHub. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
