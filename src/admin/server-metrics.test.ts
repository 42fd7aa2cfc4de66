import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { prometheusText } from "../observe/prometheus-text.ts";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { FAKE_SOCKETS, FakeObservedServer, fakeLingering } from "./fake-observed-server.ts";
import { METRIC_DECLARATIONS, metricFamilies } from "./server-metrics.ts";
import { StatusWatch } from "./status.ts";

// Goal: what is declared is what is exposed, in names and labels, and its values are those of the
// look. How: a server with something of everything, read back from the text.

async function exposed(server: FakeObservedServer): Promise<string> {
  const watch = new StatusWatch(server, { socketStates: FAKE_SOCKETS, origins: () => new Map() });
  const status = await watch.look();
  return prometheusText(metricFamilies(status, watch.endings));
}

describe("metricFamilies", () => {
  it("names: each declared one once, in that order, by Prometheus' rules", async () => {
    const text = await exposed(new FakeObservedServer());
    const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    assert.deepEqual(
      names,
      METRIC_DECLARATIONS.map(({ name, type }) => [name, type]),
    );
    for (const { name, type, help } of METRIC_DECLARATIONS) {
      assert.match(name, /^finwait_[a-z0-9_]+$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.ok(help.endsWith("."), name);
    }
    assert.equal(new Set(names.map(([name]) => name)).size, names.length);
  });

  it("labels: only declared names and values are exposed", async () => {
    const server = new FakeObservedServer();
    server.rows = [fakeLingering({ client: "evil", peerAddress: "203.0.113.5" })];
    server.end(fakeEnding({ client: "evil", peerAddress: "203.0.113.5" }));
    const text = await exposed(server);
    assert.ok(!/evil|203\.0/.test(text));
    for (const [, sample = "", labels = ""] of text.matchAll(/^(\w+)\{(.*)\} /gm)) {
      const name = sample.replace(/_(?:bucket|sum|count)$/, "");
      const declaration = METRIC_DECLARATIONS.find((each) => [sample, name].includes(each.name));
      assert.ok(declaration !== undefined, sample);
      for (const [, label = "", value = ""] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
        if (label !== "le")
          assert.ok(declaration.labels[label]?.includes(value), `${sample} ${value}`);
      }
    }
  });

  it("values: are the ones of the server", async () => {
    const server = new FakeObservedServer();
    server.rows = [fakeLingering(), fakeLingering({ phase: "held" })];
    server.lingering = { ...server.lingering, lingeringNowCount: 2, evictedByAddressCount: 4 };
    server.phase = "announcing";
    server.learnedClients = [
      { family: "a", prefix: "b", answeredCount: 0, unansweredCount: 9, isBroken: true },
    ];
    const text = await exposed(server);
    for (const line of [
      'finwait_connections{phase="lingering"} 1',
      'finwait_connections{phase="held"} 1',
      "finwait_lingering_connections 2",
      'finwait_linger_evictions_total{limit="address"} 4',
      'finwait_phase{phase="announcing"} 1',
      'finwait_phase{phase="serving"} 0',
      'finwait_sockets{state="fin-wait-2",owner="orphaned"} 3',
      'finwait_learned_clients{verdict="broken"} 1',
      "finwait_responses_total 7",
      "finwait_socket_options_available 1",
    ]) {
      assert.ok(text.includes(`\n${line}\n`), `${line} is not in\n${text}`);
    }
  });
});
