import type { ProbeCase } from "../probe/probe-case.ts";
import { byTopic, topicTitle } from "./probe-words.ts";
import { type Paint, wrapText } from "./text-layout.ts";

// `finwait probe --list`: the catalogue, for people and as data.

const LEVEL_COLUMNS = 8;

export function caseListText(cases: readonly ProbeCase[], paint: Paint): string {
  const topics = [...byTopic(cases)].map(([topic, group]) =>
    [
      ...wrapText(topicTitle(topic), 0).map(paint.bold),
      ...group.flatMap(({ id, level, title }) => [
        `  ${level.padEnd(LEVEL_COLUMNS)}${id}`,
        ...wrapText(title, 2 + LEVEL_COLUMNS),
      ]),
      "",
    ].join("\n"),
  );
  return topics.join("\n");
}

export function caseListJson(cases: readonly ProbeCase[]): string {
  const listed = cases.map(({ run: _, isPatient = false, ...data }) => ({ ...data, isPatient }));
  return `${JSON.stringify({ cases: listed }, null, 2)}\n`;
}
