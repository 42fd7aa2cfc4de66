import type { ProbeCase } from "../probe-case.ts";
import { BAD_REQUEST_CASES } from "./bad-request-cases.ts";
import { EARLY_RESPONSE_CASES } from "./early-response-cases.ts";
import { EXPECT_CASES } from "./expect-cases.ts";
import { FRAMING_CASES } from "./framing-cases.ts";
import { HALF_CLOSE_CASES } from "./half-close-cases.ts";
import { IDLE_CASES } from "./idle-cases.ts";
import { LARGE_RESPONSE_CASES } from "./large-response-cases.ts";
import { PERSISTENCE_CASES } from "./persistence-cases.ts";
import { PIPELINE_CASES } from "./pipeline-cases.ts";
import { RELEASE_CASES } from "./release-cases.ts";
import { TLS_CASES } from "./tls-cases.ts";

// Every case, in the order in which they are shown.

export const CATALOGUE: readonly ProbeCase[] = [
  ...EARLY_RESPONSE_CASES,
  ...EXPECT_CASES,
  ...PIPELINE_CASES,
  ...BAD_REQUEST_CASES,
  ...FRAMING_CASES,
  ...PERSISTENCE_CASES,
  ...IDLE_CASES,
  ...HALF_CLOSE_CASES,
  ...RELEASE_CASES,
  ...LARGE_RESPONSE_CASES,
  ...TLS_CASES,
];
