import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { stateDiagram } from "./state-diagram.ts";

// Goal: the picture shows each row of a table once, and the same table gives the same picture. How:
// small tables, with the whole text compared.

describe("stateDiagram", () => {
  it("a closing table: gives states, a start, arrows and an end", () => {
    const rows = [
      { phase: "open", input: "close-requested", target: "lingering-on" },
      { phase: "open", input: "peer-reset", target: "closed" },
      { phase: "lingering-on", input: "peer-data", target: "lingering-on" },
      { phase: "lingering-on", input: "peer-fin", target: "closed" },
      { phase: "lingering-on", input: "peer-reset", target: "closed" },
      { phase: "closed", input: "peer-reset", target: "closed" },
    ];
    assert.equal(
      stateDiagram(rows),
      [
        "stateDiagram-v2",
        '  state "open" as phase_open',
        '  state "lingering-on" as phase_lingering_on',
        '  state "closed" as phase_closed',
        "  [*] --> phase_open",
        "  phase_open --> phase_lingering_on : close-requested",
        "  phase_open --> phase_closed : peer-reset",
        "  phase_lingering_on --> phase_lingering_on : peer-data",
        "  phase_lingering_on --> phase_closed : peer-fin, peer-reset",
        "  phase_closed --> phase_closed : peer-reset",
        "  phase_closed --> [*]",
        "",
      ].join("\n"),
    );
  });

  it("a phase that is only a target: ends the machine", () => {
    const text = stateDiagram([{ phase: "a", input: "i", target: "b" }]);
    assert.ok(text.endsWith("  phase_a --> phase_b : i\n  phase_b --> [*]\n"), text);
  });

  it("equal rows: count once", () => {
    const row = { phase: "a", input: "i", target: "b" };
    assert.equal(stateDiagram([row, row]), stateDiagram([row]));
  });

  it("no rows: is a RangeError", () => {
    assert.throws(() => stateDiagram([]), { name: "RangeError", message: /expected a row, got 0/ });
  });

  it("phases that would get one name: are a RangeError that names both", () => {
    const row = { phase: "fin-wait", input: "i", target: "fin wait" };
    assert.throws(() => stateDiagram([row]), { message: /"fin-wait" and "fin wait"/ });
  });
});
