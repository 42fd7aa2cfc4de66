// How the server learns which clients keep its sockets in FIN-WAIT-2.

/** Every value is checked once, by {@link parseLearnedClientsOptions}. */
export interface LearnedClientsOptions {
  /**
   * - `"off"`: nothing is counted.
   * - `"report"`: counted and shown, and nobody is treated differently.
   * - `"enforce"`: clients that are judged broken get no persistent connections.
   *
   * Only counting by default: a network that loses our FIN looks like a broken client.
   *
   * @default "report"
   */
  readonly mode: "off" | "report" | "enforce";
  /**
   * Most signatures (a family of agents in one network) that are counted. Beyond it the one that
   * was counted least recently goes. Small: rare clients are forgotten before they are judged.
   * Large: agents that somebody invents take memory, some hundred bytes each. 1 to 65 536.
   *
   * Precedents: Linux keeps `tcp_metrics` of 8 192 to 16 384 peers; nginx's `limit_req_zone` holds
   * 8 000 to 16 000 clients in a MiB.
   *
   * @default 1_024
   */
  readonly tableLimit: number;
  /**
   * Time in which a count loses half of its weight, in milliseconds. Short: a burst decides, and is
   * soon forgiven. Long: a client that was mended stays judged. 1 000 to 604 800 000 (a week).
   *
   * Precedents: Cisco's route flap damping (RFC 2439) 900 000; Envoy ejects a host for 30 000 and
   * more each time. Longer here, as idle closes are a keep-alive time-out apart.
   *
   * @default 3_600_000
   */
  readonly halfLifeMs: number;
  /**
   * Fewest closes that a judgment needs, after decay. `1`: a single lost FIN decides. Large: only
   * busy signatures are ever judged. 1 to 1 000 000.
   *
   * Precedents: Hystrix `requestVolumeThreshold` 20; Envoy outlier detection
   * `success_rate_request_volume` 100.
   *
   * @default 20
   */
  readonly minimumSample: number;
  /**
   * Share of closes without an answer, in percent, at and above which a signature is judged broken.
   * It is good again below half of that, or when half of `minimumSample` is left after decay. Low:
   * bad networks are judged. `100`: one answer acquits. 1 to 100.
   *
   * Precedents: Hystrix `errorThresholdPercentage` 50; resilience4j `failureRateThreshold` 50.
   *
   * @default 50
   */
  readonly brokenPercent: number;
}

export const DEFAULT_LEARNED_CLIENTS_OPTIONS: LearnedClientsOptions = Object.freeze({
  mode: "report",
  tableLimit: 1_024,
  halfLifeMs: 3_600_000,
  minimumSample: 20,
  brokenPercent: 50,
});

const RANGES = {
  tableLimit: [1, 65_536],
  halfLifeMs: [1_000, 604_800_000],
  minimumSample: [1, 1_000_000],
  brokenPercent: [1, 100],
} as const;

/**
 * Completes partial options. Everything past this function may rely on the ranges above.
 *
 * @throws {RangeError} A name is unknown, or a value is out of range.
 * @throws {TypeError} It is no object.
 */
export function parseLearnedClientsOptions(
  overrides: Partial<LearnedClientsOptions> = {},
): LearnedClientsOptions {
  if (typeof overrides !== "object" || overrides === null) {
    const got = JSON.stringify(overrides);
    throw new TypeError(
      `Cannot use ${got} for learned clients: expected an object such as { mode }`,
    );
  }
  for (const key of Object.keys(overrides)) {
    if (Object.hasOwn(DEFAULT_LEARNED_CLIENTS_OPTIONS, key)) continue;
    const known = Object.keys(DEFAULT_LEARNED_CLIENTS_OPTIONS).join(", ");
    throw new RangeError(`Cannot use "${key}" for learned clients: expected one of ${known}`);
  }
  const options: LearnedClientsOptions = { ...DEFAULT_LEARNED_CLIENTS_OPTIONS, ...overrides };
  for (const key of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [least, most] = RANGES[key];
    const value = options[key];
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new RangeError(
      `Cannot use ${key} ${value}: expected an integer from ${least} to ${most}`,
    );
  }
  if (!["off", "report", "enforce"].includes(options.mode)) {
    const got = JSON.stringify(options.mode);
    throw new RangeError(`Cannot use mode ${got}: expected "off", "report" or "enforce"`);
  }
  return Object.freeze(options);
}
