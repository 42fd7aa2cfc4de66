import { type EndingCapacity, rateText } from "../observe/ending-capacity.ts";
import { type Finding, grouped, percentText, type Urgency } from "../observe/finding.ts";
import type { LimitUse } from "../observe/limit-use.ts";
import type { Reading } from "../observe/reading.ts";
import type { DoctorReport } from "./doctor-report.ts";
import { systemText } from "./system-text.ts";
import { cell, labelledText, type Paint, wrapText } from "./text-layout.ts";

// The report of `finwait doctor` for people: 80 columns, the verdict first.

/** Limits of 64 bits, as systemd sets fs.file-max: nobody reaches them. */
const UNREACHABLE = 1e12;

export function doctorText(report: DoctorReport, paint: Paint): string {
  const { platform, kernel, verdict } = report;
  const headline = kernel === null ? platform : `Linux ${kernel}`;
  const lines = [
    paint.bold(`finwait doctor on ${headline}`),
    "",
    ...wrapText(verdict.sentence, 0).map((line) => urgencyPaint(verdict.urgency, paint)(line)),
    ...(platform === "linux" ? linuxSections(report, paint) : otherSections(report, paint)),
    ...gapLines(report.gaps),
  ];
  return `${lines.join("\n")}\n`;
}

function linuxSections(report: DoctorReport, paint: Paint): string[] {
  return [
    ...findingLines(report.findings, paint),
    ...finWait2Lines(report, paint),
    ...limitLines(report.limits, paint),
    ...capacityLines(report.capacity, paint),
    ...memoryLines(report, paint),
    ...settingLines(report, paint),
  ];
}

/** What the catalogue knows; nothing is read on other systems. */
function otherSections({ platform, systems }: DoctorReport, paint: Paint): string[] {
  if (systems.length === 0) {
    const text = `The catalogue does not know ${platform}. "finwait doctor --systems" lists it.`;
    return ["", ...wrapText(text, 0)];
  }
  return ["", paint.bold("From the catalogue"), ...systems.flatMap(systemText)];
}

function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ urgency, sentence, why, command, cost }) => {
    const color = urgencyPaint(urgency, paint);
    const title = labelledText(`${URGENCY_LABELS[urgency]}:`, `${sentence}.`, 2).map(color);
    const details = [
      ...labelledText("Why: ", why, 4),
      ...labelledText("Do:  ", command, 4),
      ...labelledText("Cost:", cost, 4),
    ];
    return [...title, ...details];
  });
  return ["", paint.bold("Findings"), ...lines];
}

const URGENCY_LABELS: { readonly [U in Urgency]: string } = {
  now: "Now",
  soon: "Soon",
  "fine-to-know": "Fine to know",
};

function urgencyPaint(urgency: string, paint: Paint): (text: string) => string {
  if (urgency === "now") return paint.red;
  if (urgency === "soon") return paint.yellow;
  return (text) => text;
}

function finWait2Lines({ finWait2, states }: DoctorReport, paint: Paint): string[] {
  const { orphanSeconds, orphanCount, ownedCount } = finWait2;
  const seconds = orphanSeconds === null ? "for an unknown time" : `${grouped(orphanSeconds)} s`;
  const row = (name: string, text: string) => `  ${name.padEnd(29)}${text}`;
  const held = `until it closes; ${countText(ownedCount)} now`;
  const ended = ["fin-wait-1", "close-wait", "last-ack", "closing", "time-wait"] as const;
  const others = ended.map((state) => `${states[state] ?? 0} ${state.toUpperCase()}`).join(", ");
  return [
    "",
    paint.bold("FIN-WAIT-2 on this machine"),
    row("closed by the application", `${seconds}; ${countText(orphanCount)} now`),
    row("held by the application", held),
    ...wrapText(`Others: ${others}.`, 2),
  ];
}

function limitLines(limits: readonly LimitUse[], paint: Paint): string[] {
  const head = `${cell("Limits", 52)}${"in use".padStart(9)}${"limit".padStart(12)}   used`;
  const rows = limits.map(({ setting, what, use, limit, usedShare }) => {
    const name = cell(setting.replace(/^(?:net|fs)\.(?:\w+\.)?/, ""), 20);
    const share = usedShare === null ? "?" : percentText(usedShare);
    const values = readingText(use).padStart(9) + readingText(limit).padStart(12);
    return `  ${name} ${cell(what, 29)}${values}${share.padStart(7)}`;
  });
  return ["", paint.bold(head), ...rows, ...unknownLines(limits)];
}

/** Why a value of the table is a question mark. */
function unknownLines(limits: readonly LimitUse[]): string[] {
  const reasons = limits.flatMap(({ use, limit }) => {
    const reason = use.unknownBecause ?? limit.unknownBecause;
    return reason === null ? [] : [reason];
  });
  return [...new Set(reasons)].flatMap((reason) => wrapText(`?: ${reason}`, 2));
}

function capacityLines(capacity: readonly EndingCapacity[], paint: Paint): string[] {
  const rows = capacity.flatMap((row) => {
    const { what, perSecond, formula, worked, memoryBytes, heldBecause } = row;
    const rate = perSecond === null ? "?" : `${rateText(perSecond)}/s`;
    const memory =
      memoryBytes === null ? "" : `; ${mebibytes(memoryBytes)} of kernel memory when full`;
    return [
      `  ${cell(what, 62)}${rate.padStart(16)}`,
      ...wrapText(`${formula} = ${worked}`, 6),
      ...wrapText(`${heldBecause}${memory}`, 6).map(paint.dim),
    ];
  });
  const head = "Endings that can go on for ever, each kind for itself";
  return ["", paint.bold(`${cell(head, 64)}${"per second".padStart(16)}`), ...rows];
}

function memoryLines({ machine }: DoctorReport, paint: Paint): string[] {
  const rows = machine.stateMemory.flatMap(({ state, bytes, parts, origin, source }) => {
    const from = origin === "this-machine" ? parts : `not readable here; from ${source}`;
    return [
      `  ${cell(state, 62)}${`${grouped(bytes)} bytes`.padStart(16)}`,
      ...wrapText(from, 6).map(paint.dim),
    ];
  });
  return ["", paint.bold("Kernel memory for one connection, without its buffers"), ...rows];
}

/** The sources' last parts are the names that people know. */
function settingLines({ machine }: DoctorReport, paint: Paint): string[] {
  const rows = Object.values(machine.settings).map((reading) => {
    const name = reading.source.replace(/^\/proc\/(?:sys\/(?:net|fs)\/(?:\w+\/)?|self\/)/, "");
    const unit = reading.unit === "seconds" && reading.value !== null ? " s" : "";
    return `${name} ${readingText(reading)}${unit}`;
  });
  const half = Math.ceil(rows.length / 2);
  const leftRows = rows.slice(0, half);
  const width = Math.max(...leftRows.map((row) => row.length)) + 2;
  const lines = leftRows.map((left, index) => {
    return `  ${left.padEnd(width)}${rows[half + index] ?? ""}`.trimEnd();
  });
  return ["", paint.bold("Settings"), ...lines];
}

function gapLines(gaps: readonly string[]): string[] {
  if (gaps.length === 0) return [];
  return ["", ...gaps.flatMap((gap) => wrapText(`Not seen: ${gap}.`, 0))];
}

function readingText({ value, unknownBecause }: Reading): string {
  if (value === null) return unknownBecause?.endsWith("is unlimited") ? "unlimited" : "?";
  return value >= UNREACHABLE ? "unlimited" : grouped(value);
}

function countText(count: number | null): string {
  return count === null ? "an unknown number" : grouped(count);
}

function mebibytes(bytes: number): string {
  return `${grouped(Math.ceil((bytes / 1_048_576) * 10) / 10)} MiB`;
}
