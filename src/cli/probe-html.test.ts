import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeEvidence, fakeReport, fakeResult } from "./fake-probe-report.ts";
import { probeHtml } from "./probe-html.ts";

// Goal: the page shows the report, needs nothing else, and a server has no say over it. How: a
// report in which everything that a server controls is hostile.

const FOLDER = new URL("../..", import.meta.url).pathname;
const HOSTILE = `<script>alert(1)</script>"'&<img src=x onerror=alert(2)>`;

/** A page in which a server said `text` wherever it can say something. */
function pageOf(text: string): string {
  const result = fakeResult("early/one", ["fail"]);
  const decisive = { ...result.decisive, seen: text, evidence: [fakeEvidence([text])] };
  const { facts } = fakeReport([]);
  const report = fakeReport([{ ...result, decisive }], {
    server: text,
    facts: { ...facts, validator: text },
  });
  return probeHtml(report, FOLDER);
}

const tagsOf = (page: string): readonly string[] => page.match(/<[^>]*>/g) ?? [];

describe("probeHtml", () => {
  it("what a server says: shown as text in every place", () => {
    const page = pageOf(HOSTILE);
    assert.equal(page.split("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;").length, 5);
    assert.deepEqual(tagsOf(page), tagsOf(pageOf("harmless")));
  });

  it("nothing from elsewhere: no script, no source, a policy that forbids both", () => {
    const page = pageOf("harmless");
    assert.match(page, /Content-Security-Policy" content="default-src 'none'; style-src/);
    assert.doesNotMatch(page, /<script|\bsrc=|url\(|@import|href="https?:/);
  });

  it("a row per case, with its details; those of a failure are open", () => {
    const results = [
      fakeResult("early/one", ["fail", "pass"]),
      fakeResult("early/two", ["pass"]),
      fakeResult("late/three", ["not reached"]),
    ];
    const page = probeHtml(fakeReport(results), FOLDER);
    assert.match(page, /<tr id="early\/one"><td class="fail">fail<br>fail 1 of 2<\/td>/);
    assert.match(page, /<td class="not-reached">not reached<\/td>/);
    assert.equal(page.split("<details open>").length, 2);
    assert.equal(page.split("<details>").length, 3);
    assert.match(page, /Failed musts:<\/p><ul><li>early, 1: <a href="#early\/one"><code>one</);
    assert.match(page, /<h2>early: an early answer to an upload; the client reads while it sends</);
    assert.match(page, /<dt>Means<\/dt>.*<dt>If it fails<\/dt>/s);
    assert.match(page, /<p>Levels: must, /);
    assert.match(page, /<p>Under node:http, .*<a href="docs\/attach\.md">.*<p>Exit code 1, /s);
    assert.match(page, /<b>1<\/b> fail.*<b>1<\/b> not reached/);
  });

  it("nothing to mend: no legend, no advice", () => {
    const page = probeHtml(fakeReport([fakeResult("early/one", ["pass"])]), FOLDER);
    assert.doesNotMatch(page, /Levels:|attach|[Ee]xit code/);
  });

  it("what to do: a link from where the page is", () => {
    const result = fakeResult("early/one", ["fail"]);
    const page = probeHtml(fakeReport([result]), `${FOLDER}reports/today`);
    assert.match(
      page,
      /<a href="\.\.\/\.\.\/docs\/closing\.md#the-modes-measured">docs\/closing\.md#the-modes/,
    );
  });
});
