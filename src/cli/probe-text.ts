import type { Verdict } from "../probe/probe-case.ts";
import type { CaseAttempt, CaseResult, ProbeReport } from "../probe/probe-report.ts";
import type { TargetFacts } from "../probe/target.ts";
import { factRows } from "./probe-facts.ts";
import { helpPath } from "./probe-help-page.ts";
import {
  byTopic,
  bytesText,
  countsText,
  evidenceTitle,
  noFailureText,
  rateText,
  timeLineRows,
} from "./probe-words.ts";
import { duration, grouped } from "./simulate-units.ts";
import { labelledText, type Paint, wrapText } from "./text-layout.ts";
import { printable } from "./untrusted-text.ts";

// What `finwait probe` prints for people: 80 columns, a group of rows per topic.

const VERDICT_COLUMNS = 12;
const LEVEL_COLUMNS = 7;
const FACT_COLUMNS = 15;
const TITLE_INDENT = 2 + VERDICT_COLUMNS + LEVEL_COLUMNS;
const DETAIL_INDENT = 4;

export interface ProbeTextOptions {
  readonly paint: Paint;
  /** With seen and time line of every case, and not only of those that did not pass. */
  readonly isVerbose: boolean;
  /** Where paths start from. */
  readonly folder: string;
}

/** What is known before the first case. */
export interface ProbedTarget {
  readonly url: string;
  readonly address: string;
  readonly facts: TargetFacts;
  readonly server: string;
}

export function probeTargetText(
  { url, address, facts, server }: ProbedTarget,
  paint: Paint,
): string {
  const rows = factRows(facts, server).flatMap(({ name, found, option }) => [
    ...labelledText(name.padEnd(FACT_COLUMNS - 1), found, 2),
    ...(option === null ? [] : wrapText(`more with ${option}`, 2 + FACT_COLUMNS).map(paint.dim)),
  ]);
  const lines = [paint.bold(`finwait probe ${printable(url)}`), `  at ${address}`, ...rows, ""];
  return `${lines.join("\n")}\n`;
}

export function probeReportText(report: ProbeReport, options: ProbeTextOptions): string {
  const { paint } = options;
  const explained = new Map<string, string>();
  const topics = [...byTopic(report.cases)].flatMap(([topic, results]) => [
    paint.bold(topic),
    ...results.flatMap((result) => caseLines(result, explained, options)),
    "",
  ]);
  return `${[...topics, ...summaryLines(report, paint)].join("\n")}\n`;
}

function caseLines(
  result: CaseResult,
  explained: Map<string, string>,
  options: ProbeTextOptions,
): string[] {
  const { id, title, verdict, level, decisive } = result;
  const { paint, isVerbose } = options;
  const rate = rateText(result);
  const name = id.slice(id.indexOf("/") + 1);
  const [first = "", ...rest] = wrapText(`${name}: ${title}`, TITLE_INDENT);
  const row = [
    `  ${verdictPaint(verdict, paint)(verdict.padEnd(VERDICT_COLUMNS))}` +
      `${level.padEnd(LEVEL_COLUMNS)}${first.trimStart()}`,
    ...rest,
    ...(rate === null ? [] : wrapText(rate, TITLE_INDENT)),
  ];
  const seen = labelledText("Seen:", `${printable(decisive.seen)}.`, DETAIL_INDENT);
  if (verdict === "pass" && !isVerbose) return row;
  const why =
    verdict === "pass" || verdict === "not reached" ? [] : whyLines(result, explained, options);
  return [...row, ...seen, ...why, ...timeLineLines(decisive, paint)];
}

/** A whole topic often breaks the same rule, which is told once. */
function whyLines(
  { id, requirement, meaning, help }: CaseResult,
  explained: Map<string, string>,
  { folder }: ProbeTextOptions,
): string[] {
  const rule = `${requirement.source}. ${requirement.text}`;
  const key = [rule, meaning, help].join("\n");
  const earlier = explained.get(key);
  if (earlier !== undefined) {
    return wrapText(`Rule, meaning and what to do: as for ${earlier}.`, DETAIL_INDENT);
  }
  explained.set(key, id);
  return [
    ...labelledText("Rule:", rule, DETAIL_INDENT),
    ...labelledText("Means:", meaning, DETAIL_INDENT),
    ...labelledText("What to do:", helpPath(help, folder), DETAIL_INDENT),
  ];
}

function timeLineLines({ evidence }: CaseAttempt, paint: Paint): string[] {
  return evidence.flatMap((each) => {
    const rows = timeLineRows(each);
    const width = Math.max(0, ...rows.map(({ at }) => at.length));
    return [
      ...wrapText(`${evidenceTitle(each)}:`, DETAIL_INDENT),
      ...rows.flatMap(({ at, what }) => labelledText(at.padStart(width), what, DETAIL_INDENT + 2)),
    ].map(paint.dim);
  });
}

function summaryLines(report: ProbeReport, paint: Paint): string[] {
  const { cases, counts, failedMusts, durationMs, connectionCount, sentBytes } = report;
  const total = cases.length === 1 ? "1 case" : `${cases.length} cases`;
  const costs =
    `In ${duration(durationMs)}, with ${grouped(connectionCount)} connections and ` +
    `${bytesText(sentBytes)} sent.`;
  const musts =
    failedMusts.length === 0
      ? [noFailureText(report)]
      : wrapText(`Failed musts: ${failedMusts.join(", ")}.`, 0).map(paint.red);
  return [paint.bold(`${total}: ${countsText(counts)}.`), ...musts, costs];
}

function verdictPaint(verdict: Verdict, paint: Paint): (text: string) => string {
  const paints: Readonly<Record<Verdict, (text: string) => string>> = {
    pass: paint.green,
    unkind: paint.yellow,
    fail: paint.red,
    "not reached": paint.dim,
  };
  return paints[verdict];
}
