#!/usr/bin/env node
import { Command } from "commander";
import { isUsageError } from "./cli-error.ts";
import { clientsCommand } from "./clients-command.ts";
import { configCommand } from "./config-command.ts";
import { doctorCommand } from "./doctor-command.ts";
import { packageVersion } from "./package-version.ts";
import { probeCommand } from "./probe-command.ts";
import { serveCommand } from "./serve-command.ts";
import { simulateCommand } from "./simulate-command.ts";
import { topCommand } from "./top-command.ts";

// The command line: `finwait COMMAND`. Commands throw; this file turns errors into a sentence.

const program = new Command("finwait")
  .description("An HTTP/1.1 server that ends its connections well")
  .version(packageVersion(), "-V, --version", "print the version")
  .helpOption("-h, --help", "print this help")
  .showHelpAfterError("Run with --help for the list of commands and options.")
  .addCommand(probeCommand())
  .addCommand(serveCommand())
  .addCommand(clientsCommand())
  .addCommand(configCommand())
  .addCommand(doctorCommand())
  .addCommand(simulateCommand())
  .addCommand(topCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A failure that the user can mend is a sentence; anything else is ours, and needs its stack.
  const isOurs = !isUsageError(error);
  const text = error instanceof Error ? (isOurs ? error.stack : error.message) : String(error);
  process.stderr.write(`finwait: ${text}\n`);
  process.exitCode = isOurs ? 1 : error.exitCode;
}
