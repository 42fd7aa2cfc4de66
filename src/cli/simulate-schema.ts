import { z } from "zod";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import { UsageError } from "./cli-error.ts";
import { nearestName } from "./nearest-name.ts";

// The schema of scenario files: as zod for us, and as JSON schema for editors. Unknown names are
// errors in both.

const text = (description: string): z.ZodString => z.string().min(1).meta({ description });
const milliseconds = z.number().min(0).max(86_400_000);
const rate = z.number().gt(0).max(1_000_000);
const share = z.number().min(0).max(1);
const count = z.int().min(1).max(16_000_000);

/** The names of `defaults`; parseClosePolicy() and parseServerLimits() judge the values. */
function namesOf(defaults: object): z.ZodType {
  const entries = Object.entries(defaults).map(([name, value]) => [
    name,
    (typeof value === "number" ? z.int().min(0) : z.string()).optional(),
  ]);
  return z.strictObject(Object.fromEntries(entries));
}

const VISIT = z.strictObject({
  count: count.optional(),
  gapMs: milliseconds.optional(),
  requestCount: count,
  thinkMs: milliseconds,
  responseBytes: z.int().min(0).max(1_048_576),
  isPipelined: z.boolean().optional(),
  halfCloses: z.boolean().optional(),
  uploadBytes: z.int().min(0).max(1_000_000_000).optional(),
  isBlind: z.boolean().optional(),
  dripMs: milliseconds.optional(),
});

const CLIENT = z.strictObject({
  id: text("A name."),
  title: text("What it is."),
  source: text("Where it is known from."),
  // It stands in a field of the requests.
  userAgent: z.string().regex(/^[ -~]*$/, "expected printable ASCII"),
  version: z.enum(["1.0", "1.1"]),
  link: z.strictObject({
    delayMs: milliseconds,
    bytesPerSecond: z.number().min(1).max(1e12),
    lossRate: share.optional(),
  }),
  receivedOnReset: z.enum(["kept", "discarded"]),
  bufferBytes: z.int().min(1_448).max(1_073_741_824).optional(),
  visit: VISIT,
  onFin: z.union(
    [
      z.enum(["close", "next-connection", "exit", "never"]),
      z.strictObject({ checkEveryMs: milliseconds }),
    ],
    { error: 'expected "close", "next-connection", "exit", "never" or { checkEveryMs }' },
  ),
  idleTimeoutMs: milliseconds.nullable(),
  timeoutHintMarginMs: milliseconds.optional(),
  exitAfterMs: milliseconds.nullable(),
  vanishesAfterMs: milliseconds.optional(),
});

const APPLICATION = z.strictObject({
  handlerMs: milliseconds.optional(),
  uploads: z.enum(["refuse", "accept"]).optional(),
});

const SCENARIO = z.strictObject({
  $schema: z.string().optional(),
  title: text("One line."),
  question: text("What is asked."),
  server: z.strictObject({
    system: z.enum(SYSTEM_CATALOGUE.map(({ id }) => id)),
    memoryBytes: z.int().min(1).nullable(),
    bytesPerConnection: z.int().min(1).max(1_048_576).optional(),
    onMemoryFull: z.enum(["refuse", "drop", "crash"]).optional(),
    finWait2Ender: z.enum(["socket-options", "process", "system"]),
    close: namesOf(DEFAULT_CLOSE_POLICY).optional(),
    limits: namesOf(DEFAULT_SERVER_LIMITS).optional(),
    persistence: z.enum(["on", "off"]).optional(),
    clientRules: z.enum(["shipped", "off"]).optional(),
    application: APPLICATION.optional(),
  }),
  visitors: z
    .array(
      z.strictObject({
        client: z.union([z.string(), CLIENT], {
          error: "expected the id of a client, or a whole profile",
        }),
        arrivalsPerSecond: rate.optional(),
        count: count.optional(),
      }),
    )
    .min(1)
    .max(100),
  durationSeconds: z.number().gt(0).max(31_536_000),
  sampleSeconds: z.number().gt(0).max(86_400),
  seed: z.int().min(0),
});

/** Most samples of a run: they are kept, and drawn. */
const SAMPLE_LIMIT = 100_000;

/** @throws {UsageError} `json`, the content of `file`, is no scenario; the message says where. */
export function parseScenario(json: unknown, file: string): Scenario {
  const parsed = SCENARIO.safeParse(json);
  const issue = parsed.error?.issues[0];
  if (issue !== undefined) throw new UsageError(sentence(issue, file));
  // The schema has checked it: what is left out stands nowhere, and policies are judged later.
  const scenario = parsed.data as unknown as Scenario;
  const refuse = (what: string, expected: string): never => {
    throw new UsageError(`Cannot use ${what} in ${file}: expected ${expected}`);
  };
  for (const [index, visitors] of scenario.visitors.entries()) {
    if (visitors.arrivalsPerSecond === undefined && visitors.count === undefined) {
      refuse(`visitors.${index}`, "arrivalsPerSecond, or count");
    }
  }
  if (scenario.durationSeconds / scenario.sampleSeconds > SAMPLE_LIMIT) {
    refuse(`sampleSeconds ${scenario.sampleSeconds}`, `at most ${SAMPLE_LIMIT} samples in all`);
  }
  const { close, finWait2Ender } = scenario.server;
  if (close?.mode === "so-linger" && finWait2Ender !== "socket-options") {
    refuse(`server.finWait2Ender "${finWait2Ender}"`, '"socket-options" with mode "so-linger"');
  }
  return scenario;
}

function sentence(issue: z.core.$ZodIssue, file: string): string {
  const place = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const name = issue.keys[0] ?? "";
    const where = place === "" ? "" : `${place}.`;
    const nearest = nearestName(name, namesIn(issue.path));
    const expected = nearest === null ? "a known name" : `a known name, perhaps ${nearest}`;
    return `Cannot use ${JSON.stringify(`${where}${name}`)} in ${file}: expected ${expected}`;
  }
  const message = issue.message.replace(/^Invalid (?:input|option): /, "");
  const what = place === "" ? file : `${place} in ${file}`;
  return `Cannot use ${what}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function namesIn(path: readonly PropertyKey[]): string[] {
  const last = path.at(-1);
  if (last === "close") return Object.keys(DEFAULT_CLOSE_POLICY);
  if (last === "limits") return Object.keys(DEFAULT_SERVER_LIMITS);
  if (last === "application") return Object.keys(APPLICATION.shape);
  if (last === "server") return Object.keys(SCENARIO.shape.server.shape);
  return path.length === 0 ? Object.keys(SCENARIO.shape) : [];
}

/** scenario.schema.json, as it must stand in the package. */
export function scenarioJsonSchema(): string {
  const schema = z.toJSONSchema(SCENARIO, { target: "draft-7" });
  const title = "A scenario of finwait simulate";
  return `${JSON.stringify({ title, ...schema }, null, 2)}\n`;
}
