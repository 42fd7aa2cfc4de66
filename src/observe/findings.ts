import { counterFindings } from "./counter-findings.ts";
import type { Examination, Finding, Urgency } from "./finding.ts";
import { limitFindings } from "./limit-findings.ts";
import { processFindings } from "./process-findings.ts";
import { settingFindings } from "./setting-findings.ts";

// All findings about a machine, the most urgent first. Pure: an examination in, findings out.

const RANK: { readonly [U in Urgency]: number } = { now: 0, soon: 1, "fine-to-know": 2 };

/** Within one urgency: processes, limits, counters, settings, in the order of their lists. */
export function findingsOf(examination: Examination): readonly Finding[] {
  const findings = [
    ...processFindings(examination),
    ...limitFindings(examination),
    ...counterFindings(examination),
    ...settingFindings(examination),
  ];
  return findings.sort((one, other) => RANK[one.urgency] - RANK[other.urgency]);
}
