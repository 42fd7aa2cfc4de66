import { BAD_REQUEST_CASES } from "./bad-request-cases.ts";
import { EARLY_RESPONSE_CASES } from "./early-response-cases.ts";
import { EXPECT_CASES } from "./expect-cases.ts";
import { FRAMING_CASES } from "./framing-cases.ts";
import { PIPELINE_CASES } from "./pipeline-cases.ts";
import type { ProbeCase } from "./probe-case.ts";

// Every case, in the order in which they are shown.

export const CATALOGUE: readonly ProbeCase[] = [
  ...EARLY_RESPONSE_CASES,
  ...EXPECT_CASES,
  ...PIPELINE_CASES,
  ...BAD_REQUEST_CASES,
  ...FRAMING_CASES,
];
