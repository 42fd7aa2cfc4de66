import { EARLY_RESPONSE_CASES } from "./early-response-cases.ts";
import { HALF_CLOSE_CASES } from "./half-close-cases.ts";
import { IDLE_CASES } from "./idle-cases.ts";
import { PERSISTENCE_CASES } from "./persistence-cases.ts";
import type { ProbeCase } from "./probe-case.ts";

// Every case, in the order in which they are shown.

export const CATALOGUE: readonly ProbeCase[] = [
  ...EARLY_RESPONSE_CASES,
  ...PERSISTENCE_CASES,
  ...IDLE_CASES,
  ...HALF_CLOSE_CASES,
];
