import { Command } from "commander";
import { type ClientRule, parseClientRules } from "../closing/client-rules.ts";
import { SHIPPED_CLIENT_RULES } from "../closing/shipped-client-rules.ts";
import { UsageError } from "./cli-error.ts";
import { readClientRulesFile } from "./client-rules-file.ts";
import { clientRulesTable, clientVerdictText } from "./client-rules-table.ts";

// `finwait clients`: the client rules in force, and which of them decides for an agent.

interface ListFlags {
  readonly clientRules?: string;
  readonly json: boolean;
}

interface TestFlags extends ListFlags {
  readonly method: string;
  readonly via: boolean;
}

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
  return new Command("clients")
    .description("list the rules for clients that break persistent connections")
    .option("--client-rules <file>", "JSON file with rules that go before the shipped ones")
    .option("--json", "print JSON", false)
    .addCommand(test)
    .action((flags: ListFlags) => listRules(flags));
}

/**
 * The user's rules, and behind them those shipped ones whose names the user has not taken: a rule
 * can be replaced, and the output of `finwait clients --json` can be edited and given back.
 *
 * @throws {UsageError} The rules together are too many or too large.
 */
export function rulesInForce(userRules: readonly ClientRule[]): readonly ClientRule[] {
  const names = new Set(userRules.map(({ name }) => name));
  const shipped = SHIPPED_CLIENT_RULES.filter(({ name }) => !names.has(name));
  return [...userRules, ...shipped];
}

function compiledRules({ clientRules }: ListFlags) {
  const userRules = clientRules === undefined ? [] : readClientRulesFile(clientRules);
  try {
    return parseClientRules(rulesInForce(userRules));
  } catch (error) {
    // Each list is in order, so it is their sum that is too much.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function listRules(flags: ListFlags): void {
  const { rules } = compiledRules(flags);
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
  const verdict = compiledRules(flags).concerning(agent);
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
