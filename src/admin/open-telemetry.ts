import { FinwaitError } from "../base/error.ts";
import { phasesOf } from "../observe/ending-metrics.ts";
import type { HistogramMetric, MetricDeclaration, NumberMetric } from "../observe/metric-family.ts";
import { KERNEL_SOCKET_STATES, type SocketStates } from "../observe/port-states.ts";
import type { ObservedServer } from "./observed-server.ts";
import { METRIC_DECLARATIONS, metricFamilies } from "./server-metrics.ts";
import { StatusWatch } from "./status.ts";

// The same metrics through OpenTelemetry's API, which is a package that the application has or has
// not. Of it only what stands here is used, so that nobody needs it to compile.

type Attributes = Record<string, string>;

interface Observer<I> {
  observe(instrument: I, value: number, attributes?: Attributes): void;
}

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

interface TelemetryHistogram {
  record(value: number, attributes?: Attributes): void;
}

interface TelemetryMeter<I> {
  createObservableCounter(name: string, options: InstrumentOptions): I;
  createObservableGauge(name: string, options: InstrumentOptions): I;
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice: { explicitBucketBoundaries: number[] } },
  ): TelemetryHistogram;
  addBatchObservableCallback(callback: (to: Observer<I>) => Promise<void>, of: I[]): void;
  removeBatchObservableCallback(callback: (to: Observer<I>) => Promise<void>, of: I[]): void;
}

/** As much of the API's MeterProvider as is used. */
export interface TelemetryMeterProvider<I> {
  getMeter(name: string): TelemetryMeter<I>;
}

/** What `observeWithOpenTelemetry` takes. */
export interface TelemetryOptions<I> {
  /** @default The global one of `@opentelemetry/api` */
  readonly meterProvider?: TelemetryMeterProvider<I>;
  /** Who says what sockets the port has. @default The kernel's table */
  readonly socketStates?: SocketStates;
}

/**
 * Measures `server` through the OpenTelemetry API. Names are those of the metrics page without
 * their suffixes, which exporters add again: `finwait_endings_total` is `finwait.endings`.
 * Returns a function that stops it; the end of the server stops it too.
 *
 * @throws {FinwaitError} `FINWAIT_OPEN_TELEMETRY_ABSENT`: there is no such package.
 */
export async function observeWithOpenTelemetry<I>(
  server: ObservedServer,
  options: TelemetryOptions<I> = {},
): Promise<() => void> {
  const provider = options.meterProvider ?? (await globalProvider<I>());
  return measure(
    provider.getMeter("finwait"),
    server,
    options.socketStates ?? KERNEL_SOCKET_STATES,
  );
}

async function globalProvider<I>(): Promise<TelemetryMeterProvider<I>> {
  try {
    const { metrics } = await import("@opentelemetry/api");
    // Its instruments are given back to it alone, so their type is whatever the caller says.
    return metrics.getMeterProvider() as unknown as TelemetryMeterProvider<I>;
  } catch (cause) {
    throw new FinwaitError(
      "FINWAIT_OPEN_TELEMETRY_ABSENT",
      "Cannot observe with OpenTelemetry: expected the package @opentelemetry/api to be installed",
      { cause },
    );
  }
}

function measure<I>(
  meter: TelemetryMeter<I>,
  server: ObservedServer,
  socketStates: SocketStates,
): () => void {
  const watch = new StatusWatch(server, { socketStates, origins: () => new Map() });
  const instruments = new Map(
    METRIC_DECLARATIONS.filter((each): each is NumberMetric => each.type !== "histogram").map(
      (each) => [each.name, instrumentOf(meter, each)],
    ),
  );
  const observe = async (to: Observer<I>): Promise<void> => {
    for (const { declaration, samples } of metricFamilies(await watch.look(), watch.endings)) {
      const instrument = instruments.get(declaration.name);
      if (instrument === undefined) continue;
      for (const sample of samples) {
        if ("value" in sample) {
          to.observe(instrument, sample.value, attributesOf(declaration, sample.labels));
        }
      }
    }
  };
  meter.addBatchObservableCallback(observe, [...instruments.values()]);
  const stopRecording = record(meter, server);
  const stop = (): void => {
    watch.stop();
    stopRecording();
    meter.removeBatchObservableCallback(observe, [...instruments.values()]);
  };
  server.closed.then(stop);
  return stop;
}

function instrumentOf<I>(meter: TelemetryMeter<I>, metric: NumberMetric): I {
  const name = telemetryName(metric);
  const options = { description: metric.help, unit: unitOf(metric) };
  return metric.type === "counter"
    ? meter.createObservableCounter(name, options)
    : meter.createObservableGauge(name, options);
}

/** The API has no observable histogram: each ending is recorded as it comes. */
function record<I>(meter: TelemetryMeter<I>, server: ObservedServer): () => void {
  const histograms = new Map(
    METRIC_DECLARATIONS.filter((each): each is HistogramMetric => each.type === "histogram").map(
      (each) => {
        const advice = { explicitBucketBoundaries: [...each.bounds] };
        const options = { description: each.help, unit: unitOf(each), advice };
        return [each.name, meter.createHistogram(telemetryName(each), options)];
      },
    ),
  );
  const open = histograms.get("finwait_open_seconds");
  const closing = histograms.get("finwait_closing_seconds");
  return server.onEnding((ending) => {
    for (const { phase, seconds } of phasesOf(ending)) {
      if (phase === "open") open?.record(seconds);
      else closing?.record(seconds, { phase });
    }
  });
}

function attributesOf({ labels }: MetricDeclaration, values: readonly string[]): Attributes {
  return Object.fromEntries(Object.keys(labels).map((name, index) => [name, values[index] ?? ""]));
}

/** `finwait_discarded_bytes_total` as `finwait.discarded`: exporters add unit and type. */
export function telemetryName({ name }: MetricDeclaration): string {
  return name
    .replace(/^finwait_/, "finwait.")
    .replace(/_total$/, "")
    .replace(/_(?:seconds|bytes)$/, "");
}

/** A unit of UCUM, as OpenTelemetry wants it. */
function unitOf({ name }: MetricDeclaration): string {
  if (/_bytes(?:_total)?$/.test(name)) return "By";
  // None, as exporters make a "_ratio" of a gauge whose unit is 1.
  return name.endsWith("_seconds") ? "s" : "";
}
