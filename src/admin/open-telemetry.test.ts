import assert from "node:assert/strict";
import {
  type Attributes,
  type BatchObservableCallback,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  metrics,
  type Observable,
} from "@opentelemetry/api";
import { afterEach, describe, it } from "vitest";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { FAKE_SOCKETS, FakeObservedServer, fakeLingering } from "./fake-observed-server.ts";
import { observeWithOpenTelemetry, telemetryName } from "./open-telemetry.ts";
import { METRIC_DECLARATIONS } from "./server-metrics.ts";

// Goal: the metrics arrive at whatever provider the application has set. How: a provider made by
// hand, set through the real API package, that collects when it is told to.

/** An SDK as small as can be: instruments are their names. */
class CollectingProvider implements MeterProvider {
  readonly instruments = new Map<string, MetricOptions>();
  readonly recorded: [name: string, value: number, attributes: Attributes | undefined][] = [];
  readonly #names = new Map<Observable, string>();
  #callbacks: BatchObservableCallback[] = [];

  getMeter(): Meter {
    const meter = createNoopMeter();
    const observable = <I extends Observable>(name: string, options: MetricOptions): I => {
      // The type of an observable is a name for what its creator alone looks into.
      const instrument = { addCallback() {}, removeCallback() {} } as unknown as I;
      this.instruments.set(name, options);
      this.#names.set(instrument, name);
      return instrument;
    };
    return Object.assign(meter, {
      createObservableCounter: observable,
      createObservableGauge: observable,
      createHistogram: (name: string, options: MetricOptions) => {
        this.instruments.set(name, options);
        return {
          record: (value: number, attributes?: Attributes) =>
            void this.recorded.push([name, value, attributes]),
        };
      },
      addBatchObservableCallback: (callback: BatchObservableCallback) =>
        void this.#callbacks.push(callback),
      removeBatchObservableCallback: (callback: BatchObservableCallback) => {
        this.#callbacks = this.#callbacks.filter((each) => each !== callback);
      },
    });
  }

  async collect(): Promise<Map<string, number>> {
    const seen = new Map<string, number>();
    for (const callback of this.#callbacks) {
      await callback({
        observe: (instrument: Observable, value: number, attributes: Attributes = {}) => {
          const labels = Object.entries(attributes).map(([name, label]) => `${name}=${label}`);
          seen.set([this.#names.get(instrument), ...labels].join(" "), value);
        },
      });
    }
    return seen;
  }
}

function observed(): { server: FakeObservedServer; provider: CollectingProvider } {
  return { server: new FakeObservedServer(), provider: new CollectingProvider() };
}

afterEach(() => metrics.disable());

describe("observeWithOpenTelemetry", () => {
  it("the global provider: has every metric, under names without suffixes", async () => {
    const { server, provider } = observed();
    metrics.setGlobalMeterProvider(provider);
    await observeWithOpenTelemetry(server, { socketStates: FAKE_SOCKETS });
    assert.deepEqual(
      [...provider.instruments.keys()].sort(),
      METRIC_DECLARATIONS.map(telemetryName).sort(),
    );
    assert.equal(provider.instruments.get("finwait.discarded")?.unit, "By");
    assert.equal(provider.instruments.get("finwait.closing")?.unit, "s");
    assert.ok(provider.instruments.has("finwait.endings"));
  });

  it("a collection: gauges and counters of that moment, with their labels", async () => {
    const { server, provider } = observed();
    await observeWithOpenTelemetry(server, { meterProvider: provider, socketStates: FAKE_SOCKETS });
    server.rows = [fakeLingering(), fakeLingering()];
    server.end(fakeEnding());
    const seen = await provider.collect();
    assert.equal(seen.get("finwait.connections phase=lingering"), 2);
    assert.equal(seen.get("finwait.sockets state=fin-wait-2 owner=orphaned"), 3);
    const ending = "finwait.endings reason=client-asked outcome=clean first_ender=local";
    assert.equal(seen.get(ending), 1);
  });

  it("an ending: its phases are recorded in seconds, with the bounds as advice", async () => {
    const { server, provider } = observed();
    await observeWithOpenTelemetry(server, { meterProvider: provider });
    server.end(
      fakeEnding({ durations: { openMs: 20, flushingMs: 0, lingeringMs: 30, heldMs: 0 } }),
    );
    assert.deepEqual(provider.recorded, [
      ["finwait.open", 0.02, undefined],
      ["finwait.closing", 0.03, { phase: "lingering" }],
    ]);
    const advice = provider.instruments.get("finwait.closing")?.advice;
    assert.ok(advice?.explicitBucketBoundaries?.includes(60));
  });

  it("stopped, or its server gone: listens to no ending and gives no value", async () => {
    const { server, provider } = observed();
    const options = { meterProvider: provider, socketStates: FAKE_SOCKETS };
    const stop = await observeWithOpenTelemetry(server, options);
    stop();
    assert.equal(server.listenerCount, 0);
    assert.equal((await provider.collect()).size, 0);
    await observeWithOpenTelemetry(server, options);
    server.close();
    await server.closed;
    await Promise.resolve();
    assert.equal(server.listenerCount, 0);
  });
});
