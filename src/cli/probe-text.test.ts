import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeEvidence, fakeReport, fakeResult } from "./fake-probe-report.ts";
import { probeReportText, probeTargetText } from "./probe-text.ts";
import { paintFor } from "./text-layout.ts";

// Goal: somebody at a terminal sees what failed, against which rule, and what to do. How: reports
// that nobody ran, as text.

const PLAIN = paintFor({ isTerminal: false, environment: {} });
const FOLDER = new URL("../..", import.meta.url).pathname;
const OPTIONS = { paint: PLAIN, isVerbose: false, folder: FOLDER };

const textOf = (...results: readonly ReturnType<typeof fakeResult>[]): string =>
  probeReportText(fakeReport(results), OPTIONS);

describe("probeReportText", () => {
  it("a case that failed: seen, rule, meaning, what to do, time line", () => {
    assert.equal(
      textOf(fakeResult("early/one", ["fail"])),
      [
        "early: an early answer to an upload; the client reads while it sends",
        "  fail        must   one: what early/one is about",
        "    Levels: must, a user loses a response, or a protocol rule says MUST; should,",
        "    somebody waits or is cut without need; kind, manners that cost nothing.",
        "    Seen: seen of early/one.",
        "    Rule: RFC 9112, 9.6. A server closes in stages.",
        "    Means: Users see an error.",
        "    What to do: docs/closing.md#the-modes-measured",
        "    Time line: 65.5 KB sent, 120 bytes received:",
        "      +0 to +41 ms sent 65.5 KB",
        "            +41 ms response: HTTP/1.1 200 OK",
        "            +41 ms FIN",
        "            +41 ms RST (ECONNRESET)",
        "",
        "1 case: 1 fail.",
        "Failed musts:",
        "  early, 1: one",
        "In 1 min 1 s, with 1,200 connections and 20 MB sent.",
        "",
        "Under node:http, Express, Fastify, Koa and Nest, attach(server) mends most of",
        "these: docs/attach.md. nginx, Apache and others: the heading of docs/closing.md",
        "below each case.",
        "Exit code 1, because a case of level must failed.",
        "",
      ].join("\n"),
    );
  });

  it("the same rule twice: told once", () => {
    const text = textOf(fakeResult("early/one", ["unkind"]), fakeResult("early/two", ["fail"]));
    assert.equal(text.split("Users see an error").length, 2);
    assert.match(text, /Rule, meaning and what to do: as for early\/one\./);
  });

  it("pass and not reached: one row, the reason of the latter, and no advice", () => {
    const text = textOf(
      fakeResult("early/one", ["pass"]),
      fakeResult("late/two", ["not reached"], { level: "kind" }),
    );
    assert.match(
      text,
      /^early: .*\n {2}pass {8}must {3}one: .*\n\nlate\n {2}not reached 1 case: two\. seen of late/,
    );
    assert.doesNotMatch(text, /seen of early|Rule:|Levels:|attach|[Ee]xit/);
    assert.match(text, /\n2 cases: 1 pass, 1 not reached\.\nNo must failed\.\n/);
  });

  it("not reached for the same reason: one row, without a rate", () => {
    const why = "No path is known that answers early: --refuse-path";
    const results = ["early/one", "early/two"].map((id) => {
      const result = fakeResult(id, ["not reached", "not reached"]);
      return { ...result, decisive: { ...result.decisive, seen: why } };
    });
    const text = textOf(...results, fakeResult("early/three", ["not reached"]));
    const rows = text.split("\n").filter((line) => line.includes("not reached "));
    assert.deepEqual(rows, [
      "  not reached 2 cases, more with --refuse-path: one, two",
      "  not reached 1 case: three. seen of early/three.",
    ]);
    const verbose = probeReportText(fakeReport(results), { ...OPTIONS, isVerbose: true });
    assert.match(verbose, /two: what early\/two is about\n {4}Seen: No path is known/);
    for (const each of [text, verbose]) assert.doesNotMatch(each, /\d of \d/);
  });

  it("failed musts: by topic, with counts", () => {
    const ids = ["early/one", "early/two", "late/three"];
    const text = textOf(...ids.map((id) => fakeResult(id, ["fail"])));
    assert.match(text, /\nFailed musts:\n {2}early, 2: one, two\n {2}late, 1: three\n/);
    assert.equal(text.split("Levels:").length, 2);
  });

  it("unkind: what it means if it fails, and what the exit code looks at", () => {
    const text = textOf(fakeResult("early/one", ["unkind"]));
    assert.match(text, /\n {4}If it fails: Users see an error\.\n/);
    assert.doesNotMatch(text, /Means:|Levels:/);
    assert.match(
      text,
      /below each case\.\nOnly a failed case of level must makes exit code 1\.\n$/,
    );
  });

  it("verbose: seen and time line of what passed, too", () => {
    const report = fakeReport([fakeResult("early/one", ["pass"])]);
    const text = probeReportText(report, { ...OPTIONS, isVerbose: true });
    assert.match(text, /Seen: seen of early\/one\.\n {4}Time line: .*RST/s);
    assert.doesNotMatch(text, /Rule:/);
  });

  it("a rate over repeats: below the title", () => {
    const verdicts = ["fail", "pass", "fail", "pass"] as const;
    assert.match(textOf(fakeResult("early/one", verdicts)), /about\n +fail 2 of 4\n/);
  });

  it("somewhere else than in the project: a path that can be opened", () => {
    const report = fakeReport([fakeResult("early/one", ["fail"])]);
    const text = probeReportText(report, { ...OPTIONS, folder: "/" });
    assert.ok(text.includes(`${FOLDER.slice(1)}docs/closing.md#the-modes-measured`), text);
  });

  it("a hostile server: no escape sequence reaches the terminal", () => {
    const hostile = "HTTP/1.1 200 \x1b]0;owned\x07\x9b2J";
    const decisive = {
      ...fakeResult("early/one", ["fail"]).decisive,
      seen: hostile,
      evidence: [fakeEvidence([hostile])],
    };
    const text = textOf(fakeResult("early/one", ["fail"], { decisive }));
    assert.match(text, /owned/);
    assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
  });

  it("color: on top of the words", () => {
    const paint = paintFor({ isTerminal: true, environment: {} });
    const report = fakeReport([fakeResult("early/one", ["fail"])]);
    const text = probeReportText(report, { ...OPTIONS, paint });
    assert.ok(text.includes("\x1b[31mfail        \x1b[0m"), text);
    assert.equal(text.replace(/\p{Cc}\[\d+m/gu, ""), probeReportText(report, OPTIONS));
  });
});

describe("probeTargetText", () => {
  it("what was found, and which option finds more", () => {
    const { url, address, facts } = fakeReport([]);
    const answer = { method: "POST", path: "/r", uploadBytes: 9, status: 413, contentBytes: 10 };
    const small = { length: { ...answer, isChunked: false }, chunked: null };
    const text = probeTargetText(
      { url, address, facts: { ...facts, small }, server: "x\x1b[2J" },
      PLAIN,
    );
    assert.match(text, /^finwait probe http:\/\/127\.0\.0\.1:8080\/\n {2}at 127\.0\.0\.1\n/);
    assert.match(text, /\n {2}Server field +x\ufffd\[2J\n/);
    assert.match(text, /\n {2}medium page +\/medium, 200 KB\n/);
    assert.match(text, /\n {2}large page +not found\n +more with --large-path: /);
    assert.match(
      text,
      /\n {2}early answer +POST \/r, 413, 10 bytes \(Content-Length\)\n +more with/,
    );
    assert.match(text, /\n {2}upload +POST \/upload\n {2}answer 204 +OPTIONS \/\n/);
    assert.doesNotMatch(text, /is the URL right/);
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("a page that says 404: a question", () => {
    const { url, address, facts } = fakeReport([]);
    const page = { ...facts.page, status: 404 };
    const text = probeTargetText({ url, address, facts: { ...facts, page }, server: "" }, PLAIN);
    assert.match(text, /\n {2}page +\/, 6 bytes, 404\n {17}404: is the URL right\?\n/);
  });
});
