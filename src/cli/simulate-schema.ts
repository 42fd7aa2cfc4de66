import { z } from "zod";
import type { Scenario } from "../scenario/scenario.ts";
import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import { UsageError } from "./cli-error.ts";
import { sectionSchema } from "./setting-schema.ts";
import { issueSentence, type SchemaNode } from "./simulate-issue.ts";

// The schema of scenario files: as zod for us, and as JSON schema for editors. Unknown names are
// errors in both. What the names mean stands in the comments of src/scenario, from where
// `npm run docs` takes it.

const text = z.string().min(1);
const milliseconds = z.number().min(0).max(86_400_000);
const rate = z.number().gt(0).max(1_000_000);
const share = z.number().min(0).max(1);
const count = z.int().min(1).max(16_000_000);

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

const SOCKET_CHECK = z.strictObject({ checkEveryMs: milliseconds });

const CLIENT = z.strictObject({
  id: text,
  title: text,
  source: text,
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
  onFin: z.union([z.enum(["close", "next-connection", "exit", "never"]), SOCKET_CHECK], {
    error: 'expected "close", "next-connection", "exit", "never" or { checkEveryMs }',
  }),
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
  $schema: z
    .string()
    .meta({ description: "For editors: the path of scenario.schema.json." })
    .optional(),
  title: text,
  question: text,
  server: z.strictObject({
    system: z.enum(SYSTEM_CATALOGUE.map(({ id }) => id)),
    memoryBytes: z.int().min(1).nullable(),
    bytesPerConnection: z.int().min(1).max(1_048_576).optional(),
    onMemoryFull: z.enum(["refuse", "drop", "crash"]).optional(),
    finWait2Ender: z.enum(["socket-options", "process", "system"]),
    close: sectionSchema("close").optional(),
    limits: sectionSchema("limits").optional(),
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
  if (parsed.error !== undefined) {
    throw new UsageError(issueSentence(parsed.error.issues, json, scenarioJsonSchema(), file));
  }
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

/** Without the words, which `npm run docs` adds for scenario.schema.json. */
export function scenarioJsonSchema(): SchemaNode {
  // What zod makes is a JSON schema, which has more members than are of use here.
  return z.toJSONSchema(SCENARIO, { target: "draft-7" }) as SchemaNode;
}
