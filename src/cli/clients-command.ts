import { Command } from "commander";
import { type ClientRules, parseClientRules } from "../closing/client-rules.ts";
import { withShippedRules } from "../closing/shipped-client-rules.ts";
import { UsageError } from "./cli-error.ts";
import { clientRulesTable, clientVerdictText } from "./client-rules-table.ts";
import { fileOptions, loadSettings, unreadNotice } from "./loaded-settings.ts";
import { settingOptions } from "./setting-flags.ts";

// `finwait clients`: the client rules in force, and which of them decides for an agent.

interface ListFlags extends Record<string, unknown> {
  readonly json: boolean;
}

interface TestFlags extends ListFlags {
  readonly method: string;
  readonly via: boolean;
}

/** The settings that say which rules are in force. */
const RULE_SETTINGS = ["clientRules", "shippedClientRules"];

export function clientsCommand(): Command {
  const test = new Command("test")
    .description("say which rule decides for a client, and what happens")
    .argument("<agent>", 'its User-Agent; "" if it sends none')
    .option("-m, --method <method>", "the method of its request", "GET")
    .option("--via", "its request came through a proxy", false)
    .configureHelp({ showGlobalOptions: true })
    .action((agent: string, _: unknown, command: Command) => {
      testClient(agent, command.optsWithGlobals<TestFlags>());
    });
  const command = new Command("clients")
    .description("list the rules for clients that break persistent connections")
    .option("--json", "print JSON", false);
  for (const option of [...fileOptions(), ...settingOptions(RULE_SETTINGS)]) {
    command.addOption(option);
  }
  return command.addCommand(test).action((flags: ListFlags) => listRules(flags));
}

/** The rules that serve would use with the same flags and files. */
function rulesInForce(flags: ListFlags): ClientRules {
  const loaded = loadSettings({ root: undefined, options: flags });
  const notice = unreadNotice(loaded);
  if (notice !== null) process.stderr.write(`finwait: ${notice}\n`);
  const { clientRules, settings } = loaded;
  const hasShipped = settings.isOn("shippedClientRules");
  try {
    return parseClientRules(hasShipped ? withShippedRules(clientRules) : clientRules);
  } catch (error) {
    // Each list is in order, so it is their sum that is too much.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function listRules(flags: ListFlags): void {
  const { rules } = rulesInForce(flags);
  if (flags.json) {
    print(JSON.stringify({ rules }, null, 2));
    return;
  }
  // A file or a pipe has no width, and whoever reads it wants all of it.
  const width = process.stdout.isTTY ? process.stdout.columns : null;
  print(clientRulesTable(rules, width).join("\n"));
}

function testClient(agent: string, flags: TestFlags): void {
  const method = flags.method.toUpperCase();
  const verdict = rulesInForce(flags).concerning(agent);
  const rule = verdict?.decide(method) ?? null;
  if (flags.json) {
    const effect = rule === null || flags.via ? {} : rule.effect;
    print(JSON.stringify({ agent, method, isBehindProxy: flags.via, rule, effect }, null, 2));
    return;
  }
  print(clientVerdictText(rule, method, flags.via));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
