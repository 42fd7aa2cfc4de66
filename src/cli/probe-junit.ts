import type { CaseResult, ProbeReport } from "../probe/probe-report.ts";
import { helpName } from "./probe-help-page.ts";
import { evidenceTitle, meaningTitle, rateText, timeLineRows, topicOf } from "./probe-words.ts";
import { markupText } from "./untrusted-text.ts";

// The report as JUnit XML, which CI systems read: a suite, and a test case per case. "unkind" is a
// success there, with its story in system-out.

export function probeJunit(report: ProbeReport): string {
  const { url, cases, counts, durationMs, startedAt } = report;
  const attributes = attributesText({
    name: `finwait probe ${url}`,
    tests: cases.length,
    failures: counts.fail,
    errors: 0,
    skipped: counts["not reached"],
    time: seconds(durationMs),
  });
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes}>`,
    `  <testsuite${attributes}${attributesText({ timestamp: startedAt })}>`,
    "    <properties>",
    ...Object.entries({
      "finwait.version": report.finwait,
      "probe.address": report.address,
      "probe.server": report.server,
    }).map(([name, value]) => `      <property${attributesText({ name, value })}/>`),
    "    </properties>",
    ...cases.flatMap(caseLines),
    "  </testsuite>",
    "</testsuites>",
  ];
  return `${lines.join("\n")}\n`;
}

function caseLines(result: CaseResult): string[] {
  const { id, level, verdict, decisive } = result;
  const rate = rateText(result);
  const message = `${decisive.seen}${rate === null ? "" : ` [${rate}]`}`;
  const attributes = attributesText({
    classname: `finwait.probe.${topicOf(result)}`,
    name: id,
    time: seconds(decisive.durationMs),
  });
  const story = (): string => markupLines(storyOf(result, message));
  const content: Readonly<Record<CaseResult["verdict"], () => string[]>> = {
    pass: () => [],
    unkind: () => [`      <system-out>${story()}</system-out>`],
    fail: () => [`      <failure${attributesText({ message, type: level })}>${story()}</failure>`],
    "not reached": () => [`      <skipped${attributesText({ message })}/>`],
  };
  const lines = content[verdict]();
  if (lines.length === 0) return [`    <testcase${attributes}/>`];
  return [`    <testcase${attributes}>`, ...lines, "    </testcase>"];
}

function storyOf({ verdict, level, title, ...rest }: CaseResult, message: string): string[] {
  const { requirement, meaning, help, decisive } = rest;
  return [
    `${verdict} (${level}): ${title}`,
    `Seen: ${message}`,
    `Rule: ${requirement.source}. ${requirement.text}`,
    `${meaningTitle(verdict)}: ${meaning}`,
    `What to do: ${helpName(help)}`,
    ...decisive.evidence.flatMap((evidence) => [
      evidenceTitle(evidence),
      ...timeLineRows(evidence).map(({ at, what }) => `  ${at} ${what}`),
    ]),
  ];
}

/** Line by line: a line end within what a server said is none of ours. */
function markupLines(lines: readonly string[]): string {
  return lines.map(markupText).join("\n");
}

function attributesText(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${markupText(String(value))}"`)
    .join("");
}

const seconds = (milliseconds: number): string => (milliseconds / 1_000).toFixed(3);
