import type { Verdict } from "../probe/probe-case.ts";
import type { CaseAttempt, CaseResult, ProbeReport } from "../probe/probe-report.ts";
import type { TargetFacts } from "../probe/target.ts";
import { factRows } from "./probe-facts.ts";
import { ATTACH_PAGE, helpPath, pagePath } from "./probe-help-page.ts";
import {
  adviceText,
  byTopic,
  bytesText,
  countsText,
  evidenceTitle,
  exitText,
  LEVELS_TEXT,
  meaningTitle,
  needsAdvice,
  noFailureText,
  rateText,
  shortName,
  timeLineRows,
  topicTitle,
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
  const rows = factRows(facts, server).flatMap(({ name, found, hint }) => [
    ...labelledText(name.padEnd(FACT_COLUMNS - 1), found, 2),
    ...(hint === null ? [] : wrapText(hint, 2 + FACT_COLUMNS).map(paint.dim)),
  ]);
  const lines = [paint.bold(`finwait probe ${printable(url)}`), `  at ${address}`, ...rows, ""];
  return `${lines.join("\n")}\n`;
}

export function probeReportText(report: ProbeReport, options: ProbeTextOptions): string {
  const explained = new Map<string, string>();
  const firstFail = report.cases.find(({ verdict }) => verdict === "fail");
  const topics = [...byTopic(report.cases)].flatMap(([topic, results]) => [
    ...wrapText(topicTitle(topic), 0).map(options.paint.bold),
    ...results
      .filter(({ verdict }) => options.isVerbose || verdict !== "not reached")
      .flatMap((result) => caseLines(result, result === firstFail, explained, options)),
    ...(options.isVerbose ? [] : unreachedLines(results, options.paint)),
    "",
  ]);
  return `${[...topics, ...summaryLines(report, options)].join("\n")}\n`;
}

/** One row for all cases of a topic that were not reached for the same reason. */
function unreachedLines(results: readonly CaseResult[], paint: Paint): string[] {
  const byReason = new Map<string, string[]>();
  for (const result of results) {
    if (result.verdict !== "not reached") continue;
    const { seen } = result.decisive;
    byReason.set(seen, [...(byReason.get(seen) ?? []), shortName(result)]);
  }
  return [...byReason].flatMap(([seen, names]) => {
    const count = names.length === 1 ? "1 case" : `${names.length} cases`;
    const option = /: (--[a-z-]+-path)$/.exec(seen)?.[1];
    const list = names.join(", ");
    const text =
      option === undefined
        ? `${count}: ${list}. ${printable(seen)}.`
        : `${count}, more with ${option}: ${list}`;
    const [first = "", ...rest] = wrapText(text, 2 + VERDICT_COLUMNS);
    const verdict = paint.dim("not reached".padEnd(VERDICT_COLUMNS));
    return [`  ${verdict}${first.trimStart()}`, ...rest];
  });
}

function caseLines(
  result: CaseResult,
  isFirstFail: boolean,
  explained: Map<string, string>,
  options: ProbeTextOptions,
): string[] {
  const { title, verdict, level, decisive } = result;
  const { paint, isVerbose } = options;
  const rate = rateText(result);
  const [first = "", ...rest] = wrapText(`${shortName(result)}: ${title}`, TITLE_INDENT);
  const row = [
    `  ${verdictPaint(verdict, paint)(verdict.padEnd(VERDICT_COLUMNS))}` +
      `${level.padEnd(LEVEL_COLUMNS)}${first.trimStart()}`,
    ...rest,
    ...(rate === null ? [] : wrapText(rate, TITLE_INDENT)),
    ...(isFirstFail ? wrapText(LEVELS_TEXT, DETAIL_INDENT).map(paint.dim) : []),
  ];
  const seen = labelledText("Seen:", `${printable(decisive.seen)}.`, DETAIL_INDENT);
  if (verdict === "pass" && !isVerbose) return row;
  const why =
    verdict === "pass" || verdict === "not reached" ? [] : whyLines(result, explained, options);
  return [...row, ...seen, ...why, ...timeLineLines(decisive, paint)];
}

/** A whole topic often breaks the same rule, which is told once. */
function whyLines(
  { id, verdict, requirement, meaning, help }: CaseResult,
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
    ...labelledText(`${meaningTitle(verdict)}:`, meaning, DETAIL_INDENT),
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

function summaryLines(report: ProbeReport, { paint, folder }: ProbeTextOptions): string[] {
  const { cases, counts, failedMusts, durationMs, connectionCount, sentBytes } = report;
  const total = cases.length === 1 ? "1 case" : `${cases.length} cases`;
  const costs =
    `In ${duration(durationMs)}, with ${grouped(connectionCount)} connections and ` +
    `${bytesText(sentBytes)} sent.`;
  const musts =
    failedMusts.length === 0
      ? [noFailureText(report)]
      : ["Failed musts:", ...failedMustLines(failedMusts)].map(paint.red);
  const advice = adviceText(pagePath(ATTACH_PAGE, folder), helpPath("", folder));
  return [
    paint.bold(`${total}: ${countsText(counts)}.`),
    ...musts,
    costs,
    ...(needsAdvice(report) ? ["", ...wrapText(advice, 0), exitText(report)] : []),
  ];
}

function failedMustLines(ids: readonly string[]): string[] {
  return [...byTopic(ids.map((id) => ({ id })))].flatMap(([topic, cases]) =>
    labelledText(`${topic}, ${cases.length}:`, cases.map(shortName).join(", "), 2),
  );
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
