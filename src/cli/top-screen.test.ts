import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeFrame, fakeGroup, fakeStates } from "./fake-top-frame.ts";
import { StateHistory } from "./top-history.ts";
import { FIRST_VIEW, SORT_COLUMNS, type TopView } from "./top-keys.ts";
import type { TopFrame, TopGroup } from "./top-model.ts";
import { plainText, screenLines, shownGroups } from "./top-screen.ts";

// Goal: a screen says everything in 80x24 and never breaks its frame. How: made-up frames, and the
// lines as text; odd sizes are only asked for their shape.

const LOOK = { title: "port 8080", hasColor: false, hasUnicode: true };
const SIZE = { width: 80, height: 24 };
const NONE = { owned: 0, orphaned: 0, "accept-queue": 0, unknown: 0 };

const STATES = fakeStates({
  listen: { ...NONE, owned: 1 },
  established: { ...NONE, owned: 12, "accept-queue": 3 },
  "fin-wait-2": { ...NONE, owned: 50, orphaned: 7 },
  "time-wait": { ...NONE, orphaned: 1_234 },
});
const GROUPS: readonly TopGroup[] = [
  fakeGroup({
    owner: { type: "process", pid: 4242, command: "node" },
    count: 50,
    seenForMs: 65_000,
    sendQueueBytes: 1_500,
  }),
  fakeGroup({ peerAddress: "2001:db8:1:2:3:4:5:6", count: 7, seenForMs: 3_000 }),
];
const FRAME = fakeFrame({ socketCount: 1_307, states: STATES, groups: GROUPS });

function screen(
  frame: TopFrame,
  view: Partial<TopView> = {},
  size = SIZE,
  look = LOOK,
): readonly string[] {
  const history = new StateHistory();
  history.add(fakeStates(), 0);
  history.add(frame.states, 6_000);
  return screenLines(frame, history, { ...FIRST_VIEW, ...view }, size, look);
}

describe("screenLines", () => {
  it("80x24: states with sparklines, groups, keys", () => {
    const blank = new Array<string>(9).fill("");
    const expected = [
      "finwait top  port 8080  1307 sockets by sock-diag in 3 ms              03:10:45Z",
      "STATE            COUNT   OWNED  ORPHAN  ACCEPT  LAST MINUTES",
      "LISTEN               1       1       0       0    █",
      "OPENING              0       0       0       0",
      "ESTABLISHED         15      12       0       3    █",
      "FIN-WAIT-1           0       0       0       0",
      "FIN-WAIT-2          57      50       7       0    █",
      "CLOSING              0       0       0       0",
      "TIME-WAIT         1234       0    1234       0    █",
      "CLOSE-WAIT           0       0       0       0",
      "LAST-ACK             0       0       0       0",
      "",
      "STATE      PEER                 OWNER              >COUNT   SEEN  UNSENT  UNREAD",
      "FIN-WAIT-2 192.0.2.7            node/4242              50     1m    1.5K       0",
      "FIN-WAIT-2 2001:db8:1:2:3:4:5:6 (orphaned)              7     3s       0       0",
      ...blank.slice(1),
      "q quit  space pause  s < > sort  / filter  f 1-5 state  h help",
    ];
    assert.deepEqual(
      screen(FRAME).map((line) => line.trimEnd()),
      expected,
    );
  });

  it("more groups than lines: the last line says how much is missing", () => {
    const groups = Array.from({ length: 20 }, (_, index) =>
      fakeGroup({ peerAddress: `192.0.2.${index}`, count: 20 - index }),
    );
    const lines = screen(fakeFrame({ groups }));
    assert.equal(lines[22]?.trimEnd(), "and 11 more rows, 66 sockets");
    assert.ok(lines[21]?.startsWith("FIN-WAIT-2 192.0.2.8 "), lines[21]);
  });

  const rate = (name: string, count: number, perSecond: number | null) => {
    return { name, count, perSecond };
  };

  it("endings of a server, and what is unknown: stand above the keys", () => {
    const lines = screen(
      fakeFrame({
        endings: {
          type: "read",
          total: rate("total", 120, 2),
          byReason: [rate("idle-timeout", 100, 1.5), rate("never", 0, 0)],
          byOutcome: [rate("clean", 110, 1.75), rate("abandoned", 10, 0.25)],
          lingering: { nowCount: 5 },
        },
        unknown: ["sock-diag: needs a thing", "more"],
      }),
    );
    assert.deepEqual(lines.slice(19, 23), [
      "endings   120, 2.0/s  clean 1.8/s, abandoned 0.25/s",
      "  why     idle-timeout 1.5/s",
      "lingering nowCount 5",
      "sock-diag: needs a thing",
    ]);
  });

  it("a server that cannot be asked: is said", () => {
    const lines = screen(fakeFrame({ endings: { type: "failed", reason: "ECONNREFUSED" } }));
    assert.equal(lines[22], "endings   cannot be read: ECONNREFUSED");
  });

  it("owners that no source knows: have a column", () => {
    const states = fakeStates({ "fin-wait-2": { ...NONE, unknown: 9 } });
    const lines = screen(fakeFrame({ states }));
    assert.ok(lines[1]?.includes("ACCEPT UNKNOWN"), lines[1]);
    assert.match(lines[6] ?? "", /^FIN-WAIT-2 {11}9 {7}0 {7}0 {7}0 {7}9/);
  });

  it("typing, pause, filters: are shown", () => {
    assert.match(screen(FRAME, { typed: "192" })[23] ?? "", /^Show what contains: 192_ /);
    assert.match(screen(FRAME, { isPaused: true })[0] ?? "", /PAUSED {2}03:10:45Z$/);
    const filtered = screen(FRAME, { filter: "x", state: "closing" })[23];
    assert.match(filtered ?? "", /^Only closing with "x"; Esc: all {3}q quit/);
  });

  it("help: fits 80x24", () => {
    const lines = screen(FRAME, { isHelpShown: true });
    assert.ok(lines.some((line) => line.includes("Any key goes back")));
    const cut = lines.filter((line) => line.trimEnd().length >= SIZE.width && line !== lines[0]);
    assert.deepEqual(cut, []);
  });

  it("any size, with and without colors: no line and no screen is larger", () => {
    const many = Array.from({ length: 50 }, () => fakeGroup({ count: 123_456_789 }));
    const frame = { ...FRAME, groups: many, unknown: ["u".repeat(300)] };
    for (const width of [1, 10, 40, 79, 80, 81, 132, 300]) {
      for (const height of [1, 2, 5, 12, 16, 24, 60]) {
        for (const view of [{}, { isHelpShown: true }, { typed: "t".repeat(60) }]) {
          for (const hasColor of [true, false]) {
            const lines = screen(frame, view, { width, height }, { ...LOOK, hasColor });
            const where = `${width}x${height} ${JSON.stringify(view)}`;
            assert.equal(lines.length, height, where);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: colors are escape sequences.
            const bare = lines.map((line) => line.replace(/\x1b\[[0-9;]*m/g, ""));
            assert.ok(
              bare.every((line) => line.length <= width),
              where,
            );
          }
        }
      }
    }
  });

  it("NO_COLOR and no UTF-8: nothing but printable ASCII", () => {
    const lines = screen(FRAME, {}, SIZE, { ...LOOK, hasUnicode: false });
    assert.ok(lines.every((line) => /^[ -~]*$/.test(line)));
    assert.ok(
      screen(FRAME, {}, SIZE, { ...LOOK, hasColor: true })
        .join("")
        .includes("\x1b["),
    );
  });

  it("a process that calls itself a sequence: cannot move the cursor", () => {
    const owner = { type: "process", pid: 1, command: "\x1b[2Jé" } as const;
    const lines = screen(fakeFrame({ groups: [fakeGroup({ owner })] }));
    assert.ok(lines[13]?.includes("?[2J?/1"), lines[13]);
  });
});

describe("shownGroups", () => {
  const groups = [
    fakeGroup({ peerAddress: "192.0.2.10", count: 1, seenForMs: 9, sendQueueBytes: 5 }),
    fakeGroup({ peerAddress: "192.0.2.9", count: 3, seenForMs: null, sendQueueBytes: null }),
    fakeGroup({
      peerAddress: "2001:db8::1",
      count: 2,
      seenForMs: 5,
      sendQueueBytes: 7,
      receiveQueueBytes: 1,
      state: "close-wait",
      owner: { type: "process", pid: 1, command: "node" },
    }),
  ];
  const order = (view: Partial<TopView>): string =>
    shownGroups(groups, { ...FIRST_VIEW, ...view })
      .map((group) => groups.indexOf(group))
      .join("");

  const orders = {
    count: "120",
    seen: "021",
    unsent: "201",
    unread: "210",
    state: "102",
    peer: "102",
    owner: "102",
  };
  for (const sort of SORT_COLUMNS) {
    it(`sorted by ${sort}: ${orders[sort]}`, () => {
      assert.equal(order({ sort }), orders[sort]);
    });
  }

  it("reversed: the other way round", () => {
    assert.equal(order({ isReversed: true }), "021");
  });

  it("a text, a state: only what has them", () => {
    assert.equal(order({ filter: "192.0" }), "10");
    assert.equal(order({ filter: "NODE/1" }), "2");
    assert.equal(order({ filter: "orphan" }), "10");
    assert.equal(order({ filter: "close-wait" }), "2");
    assert.equal(order({ state: "close-wait" }), "2");
    assert.equal(order({ state: "close-wait", filter: "192" }), "");
  });
});

describe("plainText", () => {
  it("a frame: is the tables with nothing of a terminal", () => {
    const text = plainText({ ...FRAME, unknown: ["one", "two"] }, FIRST_VIEW, "port 8080");
    const lines = text.split("\n");
    assert.equal(lines[0], "finwait top  port 8080  1307 sockets by sock-diag");
    assert.ok(lines.includes("FIN-WAIT-2          57      50       7       0"));
    assert.match(text, /\nFIN-WAIT-2 192\.0\.2\.7 +node\/4242 +50 +1m +1\.5K +0\n/);
    assert.ok(text.endsWith("\n\none\n"));
    assert.ok(/^[\n -~]*$/.test(text));
  });
});
