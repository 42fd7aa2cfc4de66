import type { Verdict } from "../probe/probe-case.ts";
import type { CaseResult, Evidence, ProbeReport } from "../probe/probe-report.ts";
import { factRows } from "./probe-facts.ts";
import { ATTACH_PAGE, helpLink, helpName, pageLink } from "./probe-help-page.ts";
import { PROBE_STYLE } from "./probe-html-style.ts";
import {
  adviceText,
  byTopic,
  bytesText,
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
  VERDICT_WORDS,
} from "./probe-words.ts";
import { duration, grouped } from "./simulate-units.ts";
import { markupText } from "./untrusted-text.ts";

// The report as one page that needs nothing else: no script, no other origin. Everything that a
// server may have said goes through markupText().

/** `folder`: where the page will be, for links to files that are beside it. */
export function probeHtml(report: ProbeReport, folder: string): string {
  const { url, address, startedAt, finwait, facts, server } = report;
  const title = `finwait probe ${url}`;
  const about =
    `At ${address}, ${startedAt.slice(0, 16).replace("T", " ")} UTC, finwait ${finwait}. ` +
    `${duration(report.durationMs)}, ${grouped(report.connectionCount)} connections, ` +
    `${bytesText(report.sentBytes)} sent.`;
  const lines = [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; ` +
      `style-src 'unsafe-inline'">`,
    `<title>${markupText(title)}</title>`,
    `<style>${PROBE_STYLE}</style>`,
    "</head>",
    "<body>",
    `<h1>${markupText(title)}</h1>`,
    paragraph(about),
    ...summary(report),
    ...(report.counts.fail > 0 ? [paragraph(LEVELS_TEXT)] : []),
    "<h2>What was found on the server</h2>",
    ...definitions(
      factRows(facts, server).map(({ name, found, hint }) => [
        name,
        hint === null ? found : `${found} (${hint})`,
      ]),
    ),
    ...[...byTopic(report.cases)].flatMap(([topic, results]) => topicTable(topic, results, folder)),
    ...advice(report, folder),
    "</body>",
    "</html>",
  ];
  return `${lines.join("\n")}\n`;
}

function summary(report: ProbeReport): string[] {
  const { counts, failedMusts } = report;
  const tiles = VERDICT_WORDS.map((verdict) => {
    const figure = `<b>${counts[verdict]}</b>`;
    return `<li class="${classOf(verdict)}">${figure} ${verdict}</li>`;
  });
  const topics = [...byTopic(failedMusts.map((id) => ({ id })))].map(([topic, cases]) => {
    const links = cases.map(
      ({ id }) => `<a href="#${markupText(id)}"><code>${markupText(shortName({ id }))}</code></a>`,
    );
    return `<li>${markupText(topic)}, ${cases.length}: ${links.join(", ")}</li>`;
  });
  const musts =
    topics.length === 0
      ? paragraph(noFailureText(report))
      : `<p>Failed musts:</p><ul>${topics.join("")}</ul>`;
  return [`<ul class="counts">${tiles.join("")}</ul>`, musts];
}

function advice(report: ProbeReport, folder: string): string[] {
  if (!needsAdvice(report)) return [];
  const href = pageLink(ATTACH_PAGE, folder);
  const link = href === null ? [] : [`<p><a href="${markupText(href)}">${ATTACH_PAGE}</a></p>`];
  const text = adviceText(ATTACH_PAGE, helpName(""));
  return ["<h2>What to do</h2>", paragraph(text), ...link, paragraph(exitText(report))];
}

function topicTable(topic: string, results: readonly CaseResult[], folder: string): string[] {
  return [
    `<h2>${markupText(topicTitle(topic))}</h2>`,
    "<table>",
    '<thead><tr><th scope="col">verdict</th><th scope="col">level</th>' +
      '<th scope="col">case</th></tr></thead>',
    "<tbody>",
    ...results.map((result) => caseRow(result, folder)),
    "</tbody>",
    "</table>",
  ];
}

function caseRow(result: CaseResult, folder: string): string {
  const { id, title, level, verdict } = result;
  const rate = rateText(result);
  const cells = [
    `<td class="${classOf(verdict)}">${verdict}${rate === null ? "" : `<br>${rate}`}</td>`,
    `<td>${level}</td>`,
    `<td><code>${markupText(id)}</code><br>${markupText(title)}${details(result, folder)}</td>`,
  ];
  return `<tr id="${markupText(id)}">${cells.join("")}</tr>`;
}

/** Open where somebody has to read it. */
function details(result: CaseResult, folder: string): string {
  const { verdict, requirement, sends, accepts, meaning, help, decisive } = result;
  const href = helpLink(help, folder);
  const name = markupText(helpName(help));
  const link = href === null ? name : `<a href="${markupText(href)}">${name}</a>`;
  const parts = [
    `<summary>${markupText(decisive.seen)}</summary>`,
    ...definitions([
      ["Rule", `${requirement.source}. ${requirement.text}`],
      ["The client sends", sends],
      ["Passes", accepts],
      [meaningTitle(verdict), meaning],
    ]),
    `<p>What to do: ${link}</p>`,
    ...decisive.evidence.map(timeLine),
  ];
  const open = verdict === "fail" ? " open" : "";
  return `<details${open}>${parts.join("\n")}</details>`;
}

function timeLine(evidence: Evidence): string {
  const rows = timeLineRows(evidence).map(
    ({ at, what }) => `<tr><td>${markupText(at)}</td><td>${markupText(what)}</td></tr>`,
  );
  const caption = `<caption>${markupText(evidenceTitle(evidence))}</caption>`;
  return `<table class="line">${caption}<tbody>${rows.join("")}</tbody></table>`;
}

function definitions(pairs: readonly (readonly [name: string, text: string])[]): string[] {
  const items = pairs.map(
    ([name, text]) => `<dt>${markupText(name)}</dt><dd>${markupText(text)}</dd>`,
  );
  return [`<dl>${items.join("")}</dl>`];
}

const paragraph = (text: string): string => `<p>${markupText(text)}</p>`;

const classOf = (verdict: Verdict): string => verdict.replace(" ", "-");
