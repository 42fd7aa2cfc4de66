import { Command } from "commander";
import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { thisMachine } from "../observe/machine-files.ts";
import { SYSTEM_CATALOGUE } from "../tcp/system-catalogue.ts";
import { examineMachine } from "./doctor-report.ts";
import { doctorText } from "./doctor-text.ts";
import { catalogueText } from "./system-text.ts";
import { paintFor } from "./text-layout.ts";

// `finwait doctor`: what this machine does with connections that do not end, and what is left.
//
// It reads, and changes nothing. Findings are no failure: the exit code is 0.

interface DoctorFlags {
  readonly json: boolean;
  readonly systems: boolean;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("say what this machine does with FIN_WAIT_2, and how much room is left")
    .option("--json", "print one JSON object", false)
    .option("--systems", "list what operating systems do with FIN_WAIT_2", false)
    .action((flags: DoctorFlags) => {
      process.stdout.write(flags.systems ? systems(flags) : report(flags));
    });
}

function report({ json }: DoctorFlags): string {
  const lingerSeconds = DEFAULT_CLOSE_POLICY.lingerTotalTimeoutMs / 1_000;
  const found = examineMachine(thisMachine(), lingerSeconds);
  if (json) return `${JSON.stringify(found, null, 2)}\n`;
  const isTerminal = process.stdout.isTTY === true;
  return doctorText(found, paintFor({ isTerminal, environment: process.env }));
}

function systems({ json }: DoctorFlags): string {
  return json ? `${JSON.stringify({ systems: SYSTEM_CATALOGUE }, null, 2)}\n` : catalogueText();
}
