import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { staticFiles } from "../handlers/static-files.ts";
import type { Handler } from "../server/exchange.ts";
import type { TlsSettings } from "../server/listener.ts";
import type { ReconfigurableOptions, ServeOptions } from "../server/serve-options.ts";
import { reasonOf, UsageError } from "./cli-error.ts";
import type { LoadedSettings } from "./loaded-settings.ts";
import { originText } from "./setting.ts";
import type { EffectiveSettings } from "./settings.ts";

// Effective settings as the options of serve(). Opens the folder, and reads certificate and key.
//
// Of policy and limits only what somebody gave is passed on: the defaults are the library's own.

/** @throws {UsageError} The folder, the certificate or the key cannot be used. */
export function serveOptionsOf(loaded: LoadedSettings): ServeOptions & { handler: Handler } {
  const { settings } = loaded;
  return {
    handler: handlerOf(settings),
    host: settings.text("host"),
    port: settings.number("port"),
    backlog: settings.number("backlog"),
    ...tlsOf(settings),
    socketOptions: settings.text("socketOptions") === "off" ? "off" : "auto",
    ...reconfigurableOptionsOf(loaded),
  };
}

/** What can change while the server runs. All of it, so that no old value stays behind. */
export function reconfigurableOptionsOf({
  settings,
  clientRules,
}: LoadedSettings): Required<ReconfigurableOptions> {
  return {
    // The table has the names and types of these objects, and the library checks them once more.
    limits: settings.section("limits", "given"),
    close: settings.section("close", "given"),
    persistence: settings.text("persistence") === "off" ? "off" : "on",
    clientRules,
    shippedClientRules: settings.isOn("shippedClientRules") ? "on" : "off",
    learnedClients: settings.section("learnedClients", "given"),
  };
}

function handlerOf(settings: EffectiveSettings): Handler {
  try {
    return staticFiles(settings.text("root"), settings.section("static", "all"));
  } catch (error) {
    // What the library refuses in an argument, the user of the command can mend.
    const { origin } = settings.get("root");
    const where = origin.type === "file" || origin.type === "httpd-conf" ? originText(origin) : "";
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(where === "" ? message : `${message}, as root in ${where}`);
  }
}

function tlsOf(settings: EffectiveSettings): { tls?: TlsSettings } {
  const certFile = settings.text("tls.cert");
  const keyFile = settings.text("tls.key");
  // One without the other has been refused before.
  if (certFile === "" || keyFile === "") return {};
  const names = { cert: nameOf(settings, "tls.cert"), key: nameOf(settings, "tls.key") };
  const cert = readPem(names.cert, certFile);
  const key = readPem(names.key, keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = reasonOf(error);
    throw new UsageError(
      `Cannot use ${names.cert} ${certFile} with ${names.key} ${keyFile}: ${reason}`,
    );
  }
  return { tls: { cert, key } };
}

/** How the user gave it: the flag, or the name in the file. */
function nameOf(settings: EffectiveSettings, name: string): string {
  const { origin } = settings.get(name);
  return origin.type === "flag" ? origin.flag : name;
}

function readPem(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`Cannot read ${name} ${file}: ${reasonOf(error)}`);
  }
}
