import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type CorpusCase, readCorpus, readNamedReasons, readReasons } from "./corpus.ts";
import { finwaitVerdict } from "./finwait-verdict.ts";
import { NodeServer } from "./node-verdict.ts";
import { type Difference, differenceOf, type Verdict } from "./verdict.ts";

// Goal: finwait reads what node:http reads, except where the corpus says why not, case by case.
// How: each odd request goes to the reader and, over a socket, to a real node:http server.

const CONCURRENCY = 32;

const nodeMajor = Number(process.versions.node.split(".")[0]);
const cases = readCorpus(nodeMajor);
const reasons = readReasons();

interface Judged {
  readonly finwait: Verdict;
  readonly node: Verdict;
}

const judged = new Map<string, Judged>();
const server = new NodeServer();

/** Judges cases until none is left. */
async function work(queue: CorpusCase[]): Promise<void> {
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { id, bytes } = next;
    judged.set(id, { finwait: finwaitVerdict(bytes), node: await server.judge(bytes) });
  }
}

beforeAll(async () => {
  await server.listen();
  const queue = [...cases];
  await Promise.all(Array.from({ length: CONCURRENCY }, () => work(queue)));
});
afterAll(() => server.close());

function verdictsOf(id: string): Judged {
  const verdicts = judged.get(id);
  assert.ok(verdicts !== undefined, `${id} was not judged`);
  return verdicts;
}

/** The lists of complete requests: what two hops must agree about. */
const completeOf = ({ requests }: Verdict) => requests.filter(({ isComplete }) => isComplete);

describe("corpus", () => {
  it("its size: at least 300 requests, each with an id and bytes of its own", () => {
    assert.ok(cases.length >= 300, `${cases.length} cases`);
    assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length);
    const contents = new Map<string, string>();
    for (const { id, bytes } of cases) {
      const text = Buffer.from(bytes).toString("latin1");
      assert.equal(contents.get(text), undefined, `${id} repeats ${contents.get(text)}`);
      contents.set(text, id);
    }
  });

  it("its reasons: each one is named by a case, says what differs, and cites a section", () => {
    const named = readNamedReasons();
    assert.deepEqual([...named].sort(), Object.keys(reasons).sort());
    const differences: readonly Difference[] = ["stricter", "laxer", "status", "requests"];
    for (const [id, { difference, reason }] of Object.entries(reasons)) {
      assert.ok(
        differences.some((known) => known === difference),
        `${id}: ${difference}`,
      );
      assert.match(reason, /\bRFC \d{4} §[\dA-C]/, id);
    }
  });
});

describe("verdict", () => {
  for (const { id, explained } of cases) {
    const expected = explained === null ? "same" : (reasons[explained]?.difference ?? "unknown");
    it(`${id}: ${expected}${explained === null ? "" : `, because of ${explained}`}`, () => {
      const { finwait, node } = verdictsOf(id);
      const detail = JSON.stringify({ node: process.version, finwait, nodeVerdict: node });
      assert.equal(differenceOf(finwait, node), expected, detail.slice(0, 2_000));
    });
  }
});

describe("smuggling", () => {
  it("whoever refuses: has read the same requests before that, unless it is explained", () => {
    for (const { id, explained } of cases) {
      if (explained !== null && reasons[explained]?.difference === "requests") continue;
      const { finwait, node } = verdictsOf(id);
      const [shorter, longer] = [completeOf(finwait), completeOf(node)].sort(
        (a, b) => a.length - b.length,
      );
      assert.deepEqual(shorter, longer?.slice(0, shorter?.length), id);
    }
  });

  it("both accept: the same number of requests, unless it is explained", () => {
    for (const { id, explained } of cases) {
      const { finwait, node } = verdictsOf(id);
      if (finwait.end !== "done" || node.end !== "done" || explained !== null) continue;
      assert.equal(finwait.requests.length, node.requests.length, id);
    }
  });

  it("two framings in one request: never accepted by finwait", () => {
    const both = cases.filter(({ bytes }) => {
      const text = Buffer.from(bytes).toString("latin1");
      const [head = ""] = text.split("\r\n\r\n");
      return /^content-length *:/im.test(head) && /^transfer-encoding *:/im.test(head);
    });
    assert.ok(both.length >= 10, `${both.length} cases`);
    for (const { id } of both) assert.equal(typeof verdictsOf(id).finwait.end, "number", id);
  });

  it("a bare LF or CR in a head: never accepted by finwait", () => {
    const bare = cases.filter(({ bytes }) => {
      const [head = ""] = Buffer.from(bytes).toString("latin1").split("\r\n\r\n");
      return /[^\r]\n|\r[^\n]/.test(head);
    });
    assert.ok(bare.length >= 20, `${bare.length} cases`);
    for (const { id } of bare) assert.notEqual(verdictsOf(id).finwait.end, "done", id);
  });
});
