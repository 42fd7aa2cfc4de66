import { TOPICS } from "../probe/cases/topics.ts";
import type { ProbeCase, Verdict } from "../probe/probe-case.ts";
import type { CaseResult, Evidence, ProbeReport } from "../probe/probe-report.ts";
import type { TimeLineEntry } from "../probe/time-line.ts";
import { grouped } from "./simulate-units.ts";
import { printable } from "./untrusted-text.ts";

// Words that all reports of `finwait probe` share: counts, bytes, time lines.

/** In the order in which they are told. */
export const VERDICT_WORDS: readonly Verdict[] = ["pass", "unkind", "fail", "not reached"];

/** The part of an id before the slash. */
export function topicOf({ id }: Pick<ProbeCase, "id">): string {
  return id.slice(0, id.indexOf("/"));
}

/** `early: ...`, with what the topic is about. */
export function topicTitle(topic: string): string {
  const about = TOPICS[topic];
  return about === undefined ? topic : `${topic}: ${about}`;
}

/** The part of an id behind the slash. */
export function shortName({ id }: Pick<ProbeCase, "id">): string {
  return id.slice(id.indexOf("/") + 1);
}

/** `cases` in groups, by topic, in the order in which the topics come first. */
export function byTopic<T extends Pick<ProbeCase, "id">>(
  cases: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const each of cases) {
    const group = groups.get(topicOf(each));
    if (group === undefined) groups.set(topicOf(each), [each]);
    else group.push(each);
  }
  return groups;
}

/** `20 pass, 3 fail`; what there is none of is left out. */
export function countsText(counts: Readonly<Record<Verdict, number>>): string {
  const parts = VERDICT_WORDS.filter((verdict) => counts[verdict] > 0);
  return parts.map((verdict) => `${counts[verdict]} ${verdict}`).join(", ");
}

/** `fail 3 of 20`; `null`: there was one attempt, or none that says anything. */
export function rateText({ verdict, counts, attemptCount }: CaseResult): string | null {
  return attemptCount === 1 || verdict === "not reached"
    ? null
    : `${verdict} ${counts[verdict]} of ${attemptCount}`;
}

/** What introduces the meaning of a rule: the server has broken it, or could. */
export function meaningTitle(verdict: Verdict): string {
  return verdict === "fail" ? "Means" : "If it fails";
}

/** What hangs on the levels, for those who see their first failure. */
export const LEVELS_TEXT: string =
  "Levels: must, a user loses a response, or a protocol rule says MUST; should, somebody waits " +
  "or is cut without need; kind, manners that cost nothing.";

/** Whether there is anything to mend. */
export function needsAdvice({ counts }: ProbeReport): boolean {
  return counts.fail + counts.unkind > 0;
}

/** What to do about all of it; the pages as the reader of the report opens them. */
export function adviceText(attachPage: string, closingPage: string): string {
  return (
    "Under node:http, Express, Fastify, Koa and Nest, attach(server) mends most of these: " +
    `${attachPage}. nginx, Apache and others: the heading of ${closingPage} below each case.`
  );
}

/** The rule of the exit code, where something was found. */
export function exitText({ failedMusts }: ProbeReport): string {
  return failedMusts.length > 0
    ? "Exit code 1, because a case of level must failed."
    : "Only a failed case of level must makes exit code 1.";
}

/** What there is to say where no must failed: silence about a must is no success. */
export function noFailureText({ cases }: ProbeReport): string {
  const isUnreached = ({ level, verdict }: CaseResult): boolean =>
    level === "must" && verdict === "not reached";
  const count = cases.filter(isUnreached).length;
  if (count === 0) return "No must failed.";
  return `No must failed; ${count === 1 ? "1 was" : `${count} were`} not reached.`;
}

/** `512 bytes`, `65.5 KB`, `20 MB`: powers of ten. */
export function bytesText(bytes: number): string {
  if (bytes < 10_000) return bytes === 1 ? "1 byte" : `${grouped(bytes)} bytes`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
  return `${grouped(Math.round(value * 10) / 10)} ${unit}`;
}

export interface TimeLineRow {
  /** `+41 ms`, or `+0 to +41 ms`. */
  readonly at: string;
  readonly what: string;
}

/** The time line of one client, as it is read. */
export function timeLineRows({ entries, omittedCount }: Evidence): readonly TimeLineRow[] {
  const rows = entries.map((entry) => ({ at: atText(entry), what: whatText(entry) }));
  if (omittedCount === 0) return rows;
  return [...rows, { at: "", what: `and ${grouped(omittedCount)} more that were not kept` }];
}

function atText({ atMs, untilMs }: TimeLineEntry): string {
  const at = `+${grouped(Math.round(atMs))}`;
  const until = `+${grouped(Math.round(untilMs))}`;
  return at === until ? `${at} ms` : `${at} to ${until} ms`;
}

function whatText({ what, bytes, detail }: TimeLineEntry): string {
  if (what === "note") return `(${printable(detail)})`;
  if (bytes > 0) return `${what} ${bytesText(bytes)}`;
  if (detail === "") return what;
  if (what === "RST" || what === "failed") return `${what} (${printable(detail)})`;
  return `${what}: ${printable(detail)}`;
}

/** Over which clients a case looked: `client a: 120 bytes sent, 6 received`. */
export function evidenceTitle({ client, sentBytes, receivedBytes }: Evidence): string {
  const name = client === "" ? "" : ` of client ${printable(client)}`;
  return `Time line${name}: ${bytesText(sentBytes)} sent, ${bytesText(receivedBytes)} received`;
}
