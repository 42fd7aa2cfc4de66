import type { ClosePolicy } from "../closing/policy.ts";
import type { ServerNotice } from "../teardown/notice.ts";
import { checkNames } from "../teardown/rule-options.ts";
import { parseShutdownOptions, type ShutdownOptions } from "../teardown/shutdown.ts";
import type { AttachOptions } from "./attach-options.ts";

// What the environment of a program says to finwait/register. Values are JSON, of the same names
// and units as in a program that attaches by itself.

export interface RegisterSettings {
  readonly policy: Partial<ClosePolicy>;
  readonly options: AttachOptions;
  /** `null`: SIGTERM is the program's own affair. */
  readonly shutdown: ShutdownOptions | null;
}

const SHUTDOWN: readonly string[] = [
  "announceMs",
  "deadlineMs",
] satisfies (keyof ShutdownOptions)[];

/**
 * `policy` and `options` are checked by whoever attaches with them.
 *
 * @throws {RangeError} A value is no JSON, no object, or is not known to shutdown.
 */
export function readRegisterSettings(
  environment: Readonly<Record<string, string | undefined>>,
  onNotice: (notice: ServerNotice) => void,
): RegisterSettings {
  const { FINWAIT_SHUTDOWN } = environment;
  const options = readObject(environment, "FINWAIT_ATTACH");
  if (Object.hasOwn(options, "onNotice")) {
    throw new RangeError('Cannot use "onNotice" in FINWAIT_ATTACH: expected what JSON can say');
  }
  return {
    policy: readObject(environment, "FINWAIT_CLOSE"),
    options: { ...options, onNotice },
    shutdown: FINWAIT_SHUTDOWN === "off" ? null : readShutdown(environment),
  };
}

function readShutdown(environment: Readonly<Record<string, string | undefined>>): ShutdownOptions {
  const options: ShutdownOptions = readObject(environment, "FINWAIT_SHUTDOWN");
  checkNames("use FINWAIT_SHUTDOWN with", options, SHUTDOWN);
  parseShutdownOptions(options);
  return options;
}

function readObject(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): Record<string, unknown> {
  const text = environment[name];
  if (text === undefined || text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(`Cannot use ${name} ${text}: expected an object in JSON`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new RangeError(`Cannot use ${name} ${text}: expected an object in JSON`);
}
