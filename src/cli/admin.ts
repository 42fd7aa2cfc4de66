import { type AdminListener, serveAdmin } from "../admin/serve-admin.ts";
import type { SettingOrigins } from "../admin/settings-in-force.ts";
import type { FinwaitServer } from "../server/serve-options.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import { originText } from "./setting.ts";
import { SETTINGS } from "./setting-table.ts";
import type { EffectiveSettings } from "./settings.ts";

// The admin listener of `finwait serve`, off unless a port is given.

/**
 * `null`: not asked for. `settings` is asked again for each look, as a reload changes them.
 *
 * @throws {UsageError} The port cannot be listened on, or a name cannot be allowed; `server` has
 * ended then.
 */
export async function adminOf(
  server: FinwaitServer,
  settings: () => EffectiveSettings,
): Promise<AdminListener | null> {
  const port = settings().number("admin.port");
  if (port < 0) return null;
  const host = settings().text("admin.host");
  const allowedHosts = settings()
    .text("admin.allowedHosts")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  try {
    return await serveAdmin(server, {
      port,
      host,
      allowedHosts,
      origins: () => originsOf(settings()),
    });
  } catch (error) {
    // It listens already, and would keep the process.
    await server.shutdown({ announceMs: 0, deadlineMs: 0 });
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (!(error instanceof Error) || error.cause === undefined) throw error;
    const reason = reasonOf(error.cause);
    throw new UsageError(`Cannot listen on ${host} port ${port} for status and metrics: ${reason}`);
  }
}

function originsOf(settings: EffectiveSettings): SettingOrigins {
  return new Map(SETTINGS.map(({ name }) => [name, originText(settings.get(name).origin)]));
}
