import type { CaseResult, Evidence, ProbeReport } from "../probe/probe-report.ts";
import { countVerdicts } from "../probe/probe-report.ts";
import type { TargetFacts } from "../probe/target.ts";

// Reports of a probe that nobody ran, for the tests of what is made of them.

const FACTS: TargetFacts = {
  page: { path: "/", contentBytes: 6, status: 200 },
  validator: null,
  medium: { path: "/medium", contentBytes: 200_000, status: 200 },
  large: null,
  small: { length: null, chunked: null },
  mediumEarly: { length: null, chunked: null },
  largeEarly: { length: null, chunked: null },
  upload: "/upload",
  empty: { method: "OPTIONS", path: "/" },
  capacity: null,
  named: {},
};

export function fakeEvidence(details: readonly string[]): Evidence {
  const entry = { untilMs: 41.2, bytes: 0, detail: "" };
  return {
    client: "",
    entries: [
      { ...entry, atMs: 0, what: "sent", bytes: 65_536 },
      ...details.map((detail) => ({ ...entry, atMs: 41.2, what: "response" as const, detail })),
      { ...entry, atMs: 41.2, what: "FIN" },
      { ...entry, atMs: 41.2, what: "RST", detail: "ECONNRESET" },
    ],
    omittedCount: 0,
    sentBytes: 65_536,
    receivedBytes: 120,
  };
}

type Verdict = CaseResult["verdict"];

/** `verdicts`: of its attempts, the worst one first. */
export function fakeResult(
  id: string,
  verdicts: readonly Verdict[],
  changes: Partial<CaseResult> = {},
): CaseResult {
  const [verdict = "pass"] = verdicts;
  return {
    id,
    title: `what ${id} is about`,
    level: "must",
    requirement: { source: "RFC 9112, 9.6", text: "A server closes in stages." },
    sends: "a request",
    accepts: "a response",
    meaning: "Users see an error.",
    help: "#the-modes-measured",
    verdict,
    counts: countVerdicts(verdicts),
    decisive: {
      verdict,
      seen: `seen of ${id}`,
      figures: {},
      evidence: [fakeEvidence(["HTTP/1.1 200 OK"])],
      durationMs: 1_234,
    },
    attemptCount: verdicts.length,
    ...changes,
  };
}

export function fakeReport(
  cases: readonly CaseResult[],
  changes: Partial<ProbeReport> = {},
): ProbeReport {
  return {
    finwait: "0.1.0",
    url: "http://127.0.0.1:8080/",
    address: "127.0.0.1",
    startedAt: "2026-01-02T03:04:05.678Z",
    durationMs: 61_000,
    connectionCount: 1_200,
    sentBytes: 20_000_000,
    server: "Fake/1",
    facts: FACTS,
    counts: countVerdicts(cases.map(({ verdict }) => verdict)),
    failedMusts: cases
      .filter(({ level, verdict }) => level === "must" && verdict === "fail")
      .map(({ id }) => id),
    cases,
    ...changes,
  };
}
